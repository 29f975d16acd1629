//! People who choose their own password.

use async_trait::async_trait;

use super::error::{StoreError, WriteError};
use super::users::Account;
use crate::audit::Event;
use crate::authority::Authority;
use crate::challenge::{Challenge, Message};
use crate::session::Session;
use crate::value::Email;

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
