//! The answers of the use-cases.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::{Actor, ChallengeId, Error, SessionId, User, VerificationMethod};
use secrecy::SecretString;

use crate::error::AuthError;

/// The result of a sign-up, a sign-in or a code.
#[derive(Debug)]
pub enum Answer {
    /// They are signed in.
    SignedIn(Box<SignedIn>),
    /// A code was sent, if there is somebody who may get it.
    CodeSent(CodeSent),
    /// An admin has to approve them.
    ApprovalRequired,
}

impl From<SignedIn> for Answer {
    fn from(signed_in: SignedIn) -> Self {
        Self::SignedIn(Box::new(signed_in))
    }
}

/// The tokens of a session, and its owner.
#[derive(Debug)]
pub struct SignedIn {
    /// Goes with every request.
    pub access_token: SecretString,
    /// Seconds that the access token is good for.
    pub expires_in: i64,
    /// Gets the next pair of tokens. It can be used once.
    pub refresh_token: SecretString,
    /// Seconds that the refresh token is good for.
    pub refresh_expires_in: i64,
    pub user: User,
}

/// A challenge that waits for its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeSent {
    /// The asker sends it with the code.
    pub challenge_id: ChallengeId,
    /// The channel of the code, as far as the asker may know it.
    pub channel: VerificationMethod,
    /// Seconds that the code is good for.
    pub expires_in: i64,
}

/// Somebody who is signed in, or a program with their API key, as the database has
/// them, or had them a moment ago.
#[derive(Clone, Debug)]
pub struct Caller {
    pub actor: Actor,
    pub user: Arc<User>,
}

impl Caller {
    /// The session in use.
    ///
    /// # Errors
    /// `Forbidden` for an API key: it has none, and manages neither sessions nor passwords.
    pub fn session(&self) -> Result<SessionId, AuthError> {
        self.actor.session().ok_or(AuthError::Domain(Error::Forbidden))
    }
}

/// The duration in whole seconds, rounded up, so that a lifetime that just began is shown in full.
pub(crate) fn whole_seconds(duration: TimeDelta) -> i64 {
    (duration + TimeDelta::milliseconds(999)).num_seconds()
}
