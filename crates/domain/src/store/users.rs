//! People and their profiles.

use async_trait::async_trait;

use super::error::{StoreError, WriteError};
use crate::actor::{Authority, FreshProof};
use crate::audit::Event;
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::idempotency::{IdempotentRequest, StoredAnswer};
use crate::page::{Page, UserQuery};
use crate::policy::Scope;
use crate::user::{PasswordHash, User};
use crate::value::Phone;

/// A person to enter, with the password of staff.
#[derive(Clone, Debug)]
pub struct Account {
    /// Who, with their profile.
    pub user: User,
    /// The stored password; ignored for customers, [`PasswordHash::unusable`] for the invited.
    pub password_hash: PasswordHash,
    /// What the caller is told, when the request came under a key.
    pub stored_answer: Option<StoredAnswer>,
    /// Whether this is a sign-up that an admin has yet to approve. Forgotten when nobody does.
    pub awaits_approval: bool,
    /// Whether the e-mail is theirs for sure: an unapproved sign-up with the same one is erased, which is recorded
    /// beside the first event that is written.
    pub replaces_signup: bool,
}

impl Account {
    /// A person to enter by a request without a key.
    #[must_use]
    pub fn new(user: User, password_hash: PasswordHash) -> Self {
        Self { user, password_hash, stored_answer: None, awaits_approval: false, replaces_signup: false }
    }

    /// The same, waiting for an admin.
    #[must_use]
    pub fn awaiting_approval(self) -> Self {
        Self { awaits_approval: true, ..self }
    }

    /// The same, in place of an unapproved sign-up with the e-mail.
    #[must_use]
    pub fn replacing_signup(self) -> Self {
        Self { replaces_signup: true, ..self }
    }
}

/// A change of one person.
#[derive(Clone, Debug)]
pub struct Update {
    /// As they were when the change was judged.
    pub before: User,
    /// As they are to be, with the next version.
    pub after: User,
    /// Whether their sessions end.
    pub ends_sessions: bool,
    /// What the caller's session must be for it.
    pub proof: Option<FreshProof>,
    /// What to record. Notices about a changed contact, and the erasure of a sign-up that had the new e-mail, go
    /// with the first of these.
    pub events: Vec<Event>,
}

/// Judges a change again, of somebody who is no longer as they were seen. `None` when it no longer is one, or may not
/// be made: what is wrong shows when the caller looks again.
pub type RejudgeUpdate<'a> = dyn Fn(&User) -> Option<Update> + Send + Sync + 'a;

/// People.
#[async_trait]
pub trait UserStore: Send + Sync {
    /// Whether the authority is good at this moment, for what writes nothing and takes a while, such as a page of many.
    async fn has_authority(&self, by: &Authority) -> Result<bool, StoreError>;

    /// Enters a person, their profile and the audit events. The assigned
    /// manager, if any, is checked and held still in the same transaction.
    /// [`WriteError::Stale`] when the account brings an answer to store and its key
    /// is remembered already; an expired one is forgotten. [`WriteError::Gone`]
    /// when whoever enters them is.
    async fn create_account(&self, by: &Authority, account: &Account, events: &[Event]) -> Result<(), WriteError>;

    /// The answer that is remembered at `now` under the caller's key, whatever the request was.
    async fn find_stored_answer(
        &self,
        request: &IdempotentRequest,
        now: Timestamp,
    ) -> Result<Option<StoredAnswer>, StoreError>;

    /// One person in the scope.
    async fn find_user(&self, scope: Scope, id: UserId) -> Result<Option<User>, StoreError>;

    /// The customer with this phone.
    async fn find_customer_by_phone(&self, phone: &Phone) -> Result<Option<User>, StoreError>;

    /// A page of the people in the scope.
    async fn list_users(&self, scope: Scope, query: &UserQuery) -> Result<Page<User>, StoreError>;

    /// Changes a person and their profile; tells them at their old contacts when those change. Whoever is activated or
    /// gets another role is an unapproved sign-up no more. Answers how they are after that. When they are no longer in
    /// the version of `before`, they are held as they are, and the change is judged again. [`WriteError::NotFresh`]
    /// when the proof that is asked for is not found. [`WriteError::Stale`] when it can't be judged again, or wants
    /// more than the one before. Refused in the same transaction:
    /// [`WriteError::LastAdmin`]; [`WriteError::HasCustomers`] for a manager
    /// who gets another role; [`WriteError::NotAnActiveManager`] for a newly
    /// assigned one; [`WriteError::Taken`].
    async fn update_user(
        &self,
        by: &Authority,
        update: &Update,
        rejudge: &RejudgeUpdate<'_>,
    ) -> Result<User, WriteError>;
}
