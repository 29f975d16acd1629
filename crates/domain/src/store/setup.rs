//! How staff come in: the first admin, an admin who comes back, sign-ups and invitations.

use async_trait::async_trait;

use super::error::{StoreError, WriteError};
use super::users::Account;
use crate::actor::Authority;
use crate::audit::Event;
use crate::challenge::{Challenge, Message};
use crate::clock::Timestamp;
use crate::session::{Digest, Session};
use crate::user::{PasswordHash, User};
use crate::value::Email;

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

/// Sign-ups and invitations.
#[async_trait]
pub trait SignUpStore: Send + Sync {
    /// Whether somebody on the staff has this e-mail. An unapproved sign-up does not have it yet.
    async fn is_email_taken(&self, email: &Email) -> Result<bool, StoreError>;

    /// Enters a person as [`UserStore::create_account`](super::users::UserStore::create_account) does, and starts
    /// their first session.
    async fn create_signed_in(&self, account: &Account, session: &Session, events: &[Event]) -> Result<(), WriteError>;

    /// Enters a person as [`UserStore::create_account`](super::users::UserStore::create_account) does, and opens
    /// their invitation with its message. One of somebody who had the same
    /// e-mail before is replaced.
    async fn create_invited(
        &self,
        by: &Authority,
        account: &Account,
        invitation: &Challenge,
        message: &Message,
        events: &[Event],
    ) -> Result<(), WriteError>;
}
