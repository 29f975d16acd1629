//! Entering staff: the first admin, the recovery of an admin, sign-ups and invitations.

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
    /// What to record in addition if sessions end.
    pub sessions_ended: Event,
}

/// Making an admin when there is none, or none who can sign in.
#[async_trait]
pub trait SetupStore: Send + Sync {
    /// Whether there is an admin, active or not.
    async fn has_admin(&self) -> Result<bool, StoreError>;

    /// Stores one more setup token, unless an admin exists. Answers whether it did.
    async fn add_setup_token(&self, token: &Digest, now: Timestamp) -> Result<bool, StoreError>;

    /// Whether there is such a setup token now. [`Self::create_first_admin`] checks it again.
    async fn has_setup_token(&self, token: &Digest) -> Result<bool, StoreError>;

    /// Enters the first admin and starts their session, if no admin exists and `token` is a stored setup token. Removes
    /// all setup tokens.
    async fn create_first_admin(
        &self,
        account: &Account,
        token: &Digest,
        session: &Session,
        events: &[Event],
    ) -> Result<(), WriteError>;

    /// Enters an admin, unless there is one already, active or not. Answers whether it did.
    async fn create_only_admin(&self, account: &Account, events: &[Event]) -> Result<bool, WriteError>;

    /// Makes a staff member an active admin with a new password, ends their sessions, and removes all setup tokens.
    /// [`WriteError::Stale`] when they are not in the version before. [`WriteError::HasCustomers`] for a manager who
    /// still looks after customers.
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

    /// Enters a person as [`UserStore::create_account`](super::users::UserStore::create_account) does, and opens their
    /// invitation with its message. Replaces the invitation of somebody who had the same e-mail before.
    async fn create_invited(
        &self,
        by: &Authority,
        account: &Account,
        invitation: &Challenge,
        message: &Message,
        events: &[Event],
    ) -> Result<(), WriteError>;
}
