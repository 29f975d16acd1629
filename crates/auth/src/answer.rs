//! What the use-cases answer.

use chrono::TimeDelta;
use domain::{Actor, ChallengeId, SessionId, User, VerificationMethod};
use secrecy::SecretString;

/// What a sign-up, a sign-in or a code comes to.
#[derive(Debug)]
pub enum Answer {
    /// In.
    SignedIn(Box<SignedIn>),
    /// A code is on its way, if there is somebody to get it.
    CodeSent(CodeSent),
    /// An admin has to let them in.
    ApprovalRequired,
}

impl From<SignedIn> for Answer {
    fn from(signed_in: SignedIn) -> Self {
        Self::SignedIn(Box::new(signed_in))
    }
}

/// The tokens of a session, and whose it is.
#[derive(Debug)]
pub struct SignedIn {
    /// Goes with every request.
    pub access_token: SecretString,
    /// Seconds that the access token is good for.
    pub expires_in: i64,
    /// Good once, for the next pair.
    pub refresh_token: SecretString,
    /// Seconds that the refresh token is good for.
    pub refresh_expires_in: i64,
    pub user: User,
}

/// A challenge that waits for its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeSent {
    /// To be given back with the code.
    pub challenge_id: ChallengeId,
    /// Over which channel it goes, as far as the asker may know.
    pub channel: VerificationMethod,
    /// Seconds that the code is good for.
    pub expires_in: i64,
}

/// Somebody who is signed in, as the database has them now.
#[derive(Clone, Debug)]
pub struct Caller {
    pub actor: Actor,
    pub user: User,
    pub session_id: SessionId,
}

/// Whole seconds, rounded up: what was promised a moment ago still reads as promised.
pub(crate) fn whole_seconds(duration: TimeDelta) -> i64 {
    (duration + TimeDelta::milliseconds(999)).num_seconds()
}
