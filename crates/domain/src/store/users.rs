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
    /// The answer to store, if the request came under a key.
    pub stored_answer: Option<StoredAnswer>,
    /// Whether this is a sign-up that an admin has to approve. If nobody does, it is erased later.
    pub awaits_approval: bool,
    /// Whether the e-mail surely belongs to them. Then an unapproved sign-up with the same e-mail is erased, which is
    /// recorded with the first event.
    pub replaces_signup: bool,
}

impl Account {
    /// A person to enter by a request without a key.
    #[must_use]
    pub fn new(user: User, password_hash: PasswordHash) -> Self {
        Self { user, password_hash, stored_answer: None, awaits_approval: false, replaces_signup: false }
    }

    /// The same account as a sign-up that an admin has to approve.
    #[must_use]
    pub fn awaiting_approval(self) -> Self {
        Self { awaits_approval: true, ..self }
    }

    /// The same account, which replaces an unapproved sign-up with the same e-mail.
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
    /// The proof that the change needs, if it needs one.
    pub proof: Option<FreshProof>,
    /// What to record. Notices about a changed contact, and the erasure of a sign-up with the new e-mail, are written
    /// with the first event.
    pub events: Vec<Event>,
}

/// Judges a change again, when somebody has changed the person meanwhile. `None` when the change would change nothing
/// or may not be made. The use-case finds the reason when it reads the person again.
pub type RejudgeUpdate<'a> = dyn Fn(&User) -> Option<Update> + Send + Sync + 'a;

/// People.
#[async_trait]
pub trait UserStore: Send + Sync {
    /// Whether the authority is valid now. This is for readings that take a while, such as those of many pages.
    async fn has_authority(&self, by: &Authority) -> Result<bool, StoreError>;

    /// Enters a person with their profile and the audit events. The assigned manager, if any, is checked and locked in
    /// the same transaction. [`WriteError::Stale`] when the account brings an answer to store and there is one under
    /// its key already, unless that one has expired. [`WriteError::Gone`] when the person who enters them was erased.
    async fn create_account(&self, by: &Authority, account: &Account, events: &[Event]) -> Result<(), WriteError>;

    /// The answer that is stored under the caller's key and has not expired at `now`, whatever the request was.
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

    /// Changes a person and their profile, and answers how they are afterwards. When their contacts change, writes
    /// notices to the old ones. A person who is activated or gets another role is no longer an unapproved sign-up. If
    /// they are not in the version of `before` any more, they are locked, and the change is judged again.
    ///
    /// [`WriteError::NotFresh`] when the proof is not found. [`WriteError::Stale`] when the change cannot be judged
    /// again, or has become another kind of change. Further refusals: [`WriteError::LastAdmin`];
    /// [`WriteError::HasCustomers`] for a manager who gets another role; [`WriteError::NotAnActiveManager`] for a newly
    /// assigned manager; [`WriteError::Taken`].
    async fn update_user(
        &self,
        by: &Authority,
        update: &Update,
        rejudge: &RejudgeUpdate<'_>,
    ) -> Result<User, WriteError>;
}
