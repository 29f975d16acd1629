//! The first admin, and an admin who comes back.

use async_trait::async_trait;

use super::error::{StoreError, WriteError};
use super::users::Account;
use crate::audit::Event;
use crate::clock::Timestamp;
use crate::session::{Digest, Session};
use crate::user::{PasswordHash, User};

/// A staff member who becomes an active admin with a new password.
#[derive(Clone, Debug)]
pub struct Recovery {
    /// As they are to be, with the next version.
    pub admin: User,
    /// What their new password is checked against.
    pub password_hash: PasswordHash,
    /// What to record.
    pub events: Vec<Event>,
    /// What to record besides, if sessions end.
    pub sessions_ended: Event,
}

/// Setting up: who is the admin when there is none, or none who can sign in.
#[async_trait]
pub trait SetupStore: Send + Sync {
    /// Whether there is an admin, active or not.
    async fn has_admin(&self) -> Result<bool, StoreError>;

    /// Stores one more setup token, unless an admin exists. Answers whether it did.
    async fn add_setup_token(&self, token: &Digest, now: Timestamp) -> Result<bool, StoreError>;

    /// Whether there is such a setup token now. [`Self::create_first_admin`] has the last word.
    async fn has_setup_token(&self, token: &Digest) -> Result<bool, StoreError>;

    /// Enters the first admin and starts their session, if no admin exists and
    /// `token` is a stored setup token. All setup tokens are gone after that.
    async fn create_first_admin(
        &self,
        account: &Account,
        token: &Digest,
        session: &Session,
        events: &[Event],
    ) -> Result<(), WriteError>;

    /// Enters an admin, unless there is one at that moment, active or not. Answers whether it did.
    async fn create_only_admin(&self, account: &Account, events: &[Event]) -> Result<bool, WriteError>;

    /// Makes a staff member an active admin with a new password and ends their
    /// sessions. All setup tokens are gone after that. [`WriteError::Stale`]
    /// when they have not the version before; [`WriteError::HasCustomers`] for
    /// a manager who is to be an admin and still looks after some.
    async fn recover_admin(&self, recovery: &Recovery) -> Result<(), WriteError>;
}
