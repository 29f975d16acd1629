//! Requests that are carried out once, however often they are sent.
//!
//! A caller who gets no answer can't know whether the request arrived. Sent
//! again under the same key, it gets the answer that was lost.

use chrono::TimeDelta;

use crate::clock::Timestamp;
use crate::id::UserId;
use crate::session::Digest;
use crate::user::User;

/// How long a key is remembered.
pub const RETENTION: TimeDelta = TimeDelta::hours(24);

/// A request under its key. Keys of different callers are different keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotentRequest {
    /// Who asks.
    pub caller: UserId,
    /// The key, hashed.
    pub key: Digest,
    /// What is asked for, hashed.
    pub request: Digest,
}

/// A request to be remembered, and how to put what its caller is told.
#[derive(Clone, Copy, Debug)]
pub struct AnswerToStore {
    /// The request.
    pub request: IdempotentRequest,
    /// The answer to whoever entered this person.
    pub answer: fn(&User) -> String,
}

impl AnswerToStore {
    /// What is remembered of a person's entry.
    #[must_use]
    pub fn stored_answer(&self, user: &User) -> StoredAnswer {
        StoredAnswer { request: self.request, answer: (self.answer)(user), expires_at: user.created_at + RETENTION }
    }
}

/// What the caller was told when the request was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// By which request.
    pub request: IdempotentRequest,
    /// The answer, in a form that only whoever made it reads. It goes when the person whom it tells of is erased.
    pub answer: String,
    /// Until when the key is remembered.
    pub expires_at: Timestamp,
}
