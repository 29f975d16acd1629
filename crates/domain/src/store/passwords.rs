//! What staff sign in with.

use async_trait::async_trait;

use super::error::{StoreError, WriteError};
use crate::audit::Event;
use crate::authority::Authority;
use crate::id::{SessionId, UserId};
use crate::user::{PasswordHash, User};
use crate::value::Email;

/// Staff as sign-in needs them.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Who, active or not.
    pub user: User,
    /// What the password is checked against.
    pub password_hash: PasswordHash,
}

/// Passwords of staff.
#[async_trait]
pub trait PasswordStore: Send + Sync {
    /// The staff member with this e-mail.
    async fn find_credentials(&self, email: &Email) -> Result<Option<Credentials>, StoreError>;

    /// Replaces a password hash by one of the same password, if it is still `old`.
    async fn renew_password_hash(&self, id: UserId, old: &PasswordHash, new: &PasswordHash) -> Result<(), StoreError>;

    /// Sets a new password over `old`, ends all sessions but `keep`, which is
    /// fresh after that, closes every open challenge that has to do with the
    /// old one, and tells the person.
    /// [`WriteError::Stale`] when the password is no longer `old`.
    async fn change_password(
        &self,
        by: &Authority,
        user: UserId,
        old: &PasswordHash,
        new: &PasswordHash,
        keep: Option<SessionId>,
        event: &Event,
    ) -> Result<(), WriteError>;

    /// Notes that the person gave the password of this hash in this session now, which is when the event happens.
    /// [`WriteError::Stale`] when it is not theirs any more, or the session has ended.
    async fn prove_session(
        &self,
        session: SessionId,
        user: UserId,
        password: &PasswordHash,
        event: &Event,
    ) -> Result<(), WriteError>;
}
