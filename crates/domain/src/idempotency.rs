//! Requests that are carried out once, however often they are sent.
//!
//! A caller who gets no answer cannot know whether the request arrived. They can send it again under the same key, and
//! then get the answer that was lost.

use chrono::TimeDelta;

use crate::clock::Timestamp;
use crate::id::UserId;
use crate::session::Digest;
use crate::user::User;

/// How long a key is remembered.
pub const RETENTION: TimeDelta = TimeDelta::hours(24);

/// A request under its key. Each caller has their own keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotentRequest {
    /// Who asks.
    pub caller: UserId,
    /// The key, hashed.
    pub key: Digest,
    /// The request itself, hashed.
    pub request: Digest,
}

/// A request whose answer is to be stored, and how to write the answer.
#[derive(Clone, Copy, Debug)]
pub struct AnswerToStore {
    /// The request.
    pub request: IdempotentRequest,
    /// Writes the answer about the person who was entered.
    pub answer: fn(&User) -> String,
}

impl AnswerToStore {
    /// The answer about a person who was entered, as it is stored.
    #[must_use]
    pub fn stored_answer(&self, user: &User) -> StoredAnswer {
        StoredAnswer { request: self.request, answer: (self.answer)(user), expires_at: user.created_at + RETENTION }
    }
}

/// The answer that the caller got when the request was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The request.
    pub request: IdempotentRequest,
    /// The answer. Only the code that wrote it knows its form. It is removed when the person whom it is about is
    /// erased.
    pub answer: String,
    /// Until when the key is remembered.
    pub expires_at: Timestamp,
}
