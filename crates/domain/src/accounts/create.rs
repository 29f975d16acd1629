//! Entering people, once for each request however often it is sent.

use super::Accounts;
use crate::actor::Actor;
use crate::audit::{Event, EventKind, changes};
use crate::clock::Timestamp;
use crate::error::Error;
use crate::id::UserId;
use crate::idempotency::{AnswerToStore, IdempotentRequest};
use crate::policy::{self, Action, Scope};
use crate::store::{Account, WriteError};
use crate::user::{Customer, Field, PasswordHash, Profile, Role, Staff, StaffRole, User};
use crate::value::{DisplayName, Metadata, Phone};

/// Somebody to enter.
#[derive(Clone, Debug)]
pub enum NewUser {
    /// An admin or a manager.
    Staff(NewStaff),
    /// A customer.
    Customer(NewCustomer),
}

/// A staff member to enter.
#[derive(Clone, Debug)]
pub struct NewStaff {
    /// Admin or manager.
    pub role: StaffRole,
    /// As given.
    pub display_name: Option<DisplayName>,
    /// The profile.
    pub staff: Staff,
    /// The stored form of the password.
    pub password_hash: PasswordHash,
    /// Whether they may sign in.
    pub is_active: bool,
}

/// A customer to enter.
#[derive(Clone, Debug)]
pub struct NewCustomer {
    /// As given.
    pub phone: Phone,
    /// As given.
    pub display_name: Option<DisplayName>,
    /// As given.
    pub metadata: Metadata,
    /// The manager, if an admin names one. A manager who enters a customer becomes their manager.
    pub assigned_manager_id: Option<UserId>,
    /// Whether they may sign in.
    pub is_active: bool,
}

/// The right to enter somebody, which was judged by their role, and the answer to store with the new person.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    scope: Scope,
    answer: Option<AnswerToStore>,
}

/// A person as they were sent; their fields are not read yet.
pub struct SentUser<F> {
    /// Their role, if it could be read.
    pub role: Option<Role>,
    /// The answer to store, if the request came under a key.
    pub answer: Option<AnswerToStore>,
    /// Reads the fields and enters the person.
    pub enter: F,
}

/// The result of a request to enter a person.
#[derive(Debug)]
pub enum Created {
    /// The person was entered now.
    Now(User),
    /// The same request entered them before, and this is the answer that was stored.
    Before(String),
}

impl NewUser {
    /// The role they are to have.
    #[must_use]
    pub fn role(&self) -> Role {
        match self {
            Self::Staff(NewStaff { role: StaffRole::Admin, .. }) => Role::Admin,
            Self::Staff(NewStaff { role: StaffRole::Manager, .. }) => Role::Manager,
            Self::Customer(_) => Role::Customer,
        }
    }
}

impl Accounts {
    /// The right to enter somebody of this role, without an answer to store.
    ///
    /// # Errors
    /// [`Error::Forbidden`], or [`Error::ForbiddenFields`] for a role that the caller may not enter.
    pub fn entry(actor: &Actor, role: Role) -> Result<Entry, Error> {
        Ok(Entry { scope: creation_scope(actor, role)?, answer: None })
    }

    /// Enters a person with their profile.
    ///
    /// ```
    /// use clientele_domain::{Error, Field, testing::{new_customer, new_manager, signed_in}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), clientele_domain::Error> {
    /// # let (accounts, admin) = clientele_domain::testing::accounts().await;
    /// let mia = accounts.create(&admin, new_manager("mia@example.com")).await?;
    /// let mia = signed_in(&mia);
    /// // A manager who enters a customer looks after them.
    /// let bob = accounts.create(&mia, new_customer("+998901234567", None)).await?;
    /// assert_eq!(bob.customer().unwrap().assigned_manager_id, mia.id());
    /// let again = accounts.create(&admin, new_customer("+998901234567", None)).await;
    /// assert!(matches!(again, Err(Error::Taken(Field::Phone))));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::ForbiddenFields`] for a role that the caller may not enter, or a
    /// manager that is not the caller's to choose; [`Error::Taken`] for an
    /// e-mail or phone in use, or [`Error::TooMany`] when the caller was told so of others' customers too often;
    /// [`Error::Invalid`] when the assigned manager is
    /// no active manager or the verification method lacks its phone;
    /// [`Error::Unauthorized`] when the caller's authority has ended meanwhile.
    pub async fn create(&self, actor: &Actor, new: NewUser) -> Result<User, Error> {
        let entry = Self::entry(actor, new.role())?;
        self.create_as(actor, new, entry).await
    }

    /// Does what [`Accounts::create`] does, for a role that was judged already.
    ///
    /// ```
    /// use clientele_domain::{Accounts, Role, testing::new_manager};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), clientele_domain::Error> {
    /// # let (accounts, admin) = clientele_domain::testing::accounts().await;
    /// let entry = Accounts::entry(&admin, Role::Manager)?;
    /// let mia = accounts.create_as(&admin, new_manager("mia@example.com"), entry).await?;
    /// # let _ = mia;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`Accounts::create`]; [`Error::Stale`] when an answer is stored under the key already.
    pub async fn create_as(&self, actor: &Actor, new: NewUser, entry: Entry) -> Result<User, Error> {
        let (account, event) = self.draft(actor, new, entry)?;
        match self.store.create_account(&self.authority(actor), &account, &[event]).await {
            Ok(()) => Ok(account.user),
            Err(WriteError::Taken(Field::Phone)) => Err(self.phone_taken(actor, &account.user).await),
            Err(error) => Err(error.into()),
        }
    }

    /// What [`Accounts::create_as`] would write, for a use-case that writes more in the same transaction.
    ///
    /// ```
    /// use clientele_domain::{Accounts, Role, audit::EventKind, testing::new_manager};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), clientele_domain::Error> {
    /// # let (accounts, admin) = clientele_domain::testing::accounts().await;
    /// let entry = Accounts::entry(&admin, Role::Manager)?;
    /// let (account, event) = accounts.draft(&admin, new_manager("mia@example.com"), entry)?;
    /// assert_eq!((event.kind, event.subject_id), (EventKind::UserCreated, Some(account.user.id)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`Accounts::create`] that do not come from the store.
    pub fn draft(&self, actor: &Actor, new: NewUser, entry: Entry) -> Result<(Account, Event), Error> {
        let mut account = self.account(actor, new)?;
        if !entry.scope.contains(&account.user) {
            return Err(Error::ForbiddenFields(vec![Field::AssignedManager]));
        }
        let event = Event::new(&*self.clock, actor, EventKind::UserCreated, Some(account.user.id))
            .with_changes(changes(None, &account.user));
        account.stored_answer = entry.answer.map(|answer| answer.stored_answer(&account.user));
        Ok((account, event))
    }

    fn account(&self, actor: &Actor, new: NewUser) -> Result<Account, Error> {
        let (id, now) = (self.clock.new_id().into(), self.clock.now());
        match new {
            NewUser::Staff(new) => {
                new.staff.check().map_err(|error| Error::Invalid(Field::Phone, error))?;
                let user = new_user(id, now, new.role.profile(new.staff), new.display_name, new.is_active);
                Ok(Account::new(user, new.password_hash).replacing_signup())
            }
            NewUser::Customer(new) => {
                let customer = Customer {
                    phone: new.phone,
                    created_by: actor.id().unwrap_or(id),
                    assigned_manager_id: new
                        .assigned_manager_id
                        .or(actor.id().filter(|_| is_bound_to_themselves(actor))),
                    metadata: new.metadata,
                };
                let user = new_user(id, now, Profile::Customer(customer), new.display_name, new.is_active);
                Ok(Account::new(user, PasswordHash::unusable()))
            }
        }
    }

    /// Enters a person. When the same request comes again under its key, gives the stored answer. Of two such requests
    /// at the same time, one waits for the other and gets its answer. A refusal is not stored.
    ///
    /// ```
    /// use clientele_domain::{Error, IdempotentRequest, Role, accounts::{Created, SentUser}, idempotency::AnswerToStore, testing::new_manager};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), clientele_domain::Error> {
    /// # let (accounts, admin) = clientele_domain::testing::accounts().await;
    /// // The digests are those of the key and of the body.
    /// let request = IdempotentRequest { caller: admin.id().unwrap(), key: [1; 32], request: [2; 32] };
    /// let answer = AnswerToStore { request, answer: |user| user.id.to_string() };
    /// let enter = async |entry| accounts.create_as(&admin, new_manager("mia@example.com"), entry).await;
    /// let sent = || SentUser { role: Some(Role::Manager), answer: Some(answer), enter };
    ///
    /// let first = accounts.create_idempotent(&admin, async || Ok::<_, Error>(sent())).await?;
    /// let Created::Now(mia) = first else { panic!("nobody asked before") };
    /// let again = accounts.create_idempotent(&admin, async || Ok::<_, Error>(sent())).await?;
    /// assert!(matches!(again, Created::Before(answer) if answer == mia.id.to_string()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// In this order: [`Error::Forbidden`] for a caller who enters nobody; those of the reading;
    /// [`Error::ForbiddenFields`] for a role that the caller may not enter; [`Error::IdempotencyKeyReused`] when the
    /// key was another request's; those of `enter`.
    pub async fn create_idempotent<E, F>(
        &self,
        actor: &Actor,
        read: impl AsyncFnOnce() -> Result<SentUser<F>, E>,
    ) -> Result<Created, E>
    where
        E: From<Error>,
        F: AsyncFnOnce(Entry) -> Result<User, E>,
    {
        check_creates(actor)?;
        let SentUser { role, answer, enter } = read().await?;
        let scope = role.map_or(Ok(Scope::Nothing), |role| creation_scope(actor, role))?;
        let entry = Entry { scope, answer };
        let Some(answer) = answer else { return enter(entry).await.map(Created::Now) };
        // This comes before the fields are read, since the key may be another request's, and the rules may have changed
        // since.
        if let Some(stored) = self.stored_answer(actor, answer.request).await? {
            return Ok(Created::Before(stored));
        }
        match enter(entry).await {
            Ok(user) => Ok(Created::Now(user)),
            // The reason may be that the same request was carried out a moment ago.
            Err(refusal) => self.stored_answer(actor, answer.request).await?.map(Created::Before).ok_or(refusal),
        }
    }

    /// The answer stores personal data, so the caller's authority is checked first.
    async fn stored_answer(&self, actor: &Actor, request: IdempotentRequest) -> Result<Option<String>, Error> {
        self.check_authority(actor).await?;
        match self.store.find_stored_answer(&request, self.clock.now()).await? {
            Some(stored) if stored.request == request => Ok(Some(stored.answer)),
            Some(_) => Err(Error::IdempotencyKeyReused),
            None => Ok(None),
        }
    }
}

/// A new person, in their first version.
#[must_use]
pub fn new_user(
    id: UserId,
    now: Timestamp,
    profile: Profile,
    display_name: Option<DisplayName>,
    is_active: bool,
) -> User {
    User { id, profile, display_name, is_active, verified_at: None, created_at: now, updated_at: now, version: 1 }
}

/// On whom the caller may enter somebody of this role.
fn creation_scope(actor: &Actor, role: Role) -> Result<Scope, Error> {
    match policy::scope(actor, policy::create_action(role)) {
        Scope::Nothing => check_creates(actor).and(Err(Error::ForbiddenFields(vec![Field::Role]))),
        scope => Ok(scope),
    }
}

/// Checks that the actor enters anybody at all.
fn check_creates(actor: &Actor) -> Result<(), Error> {
    policy::check_any(actor, &[Action::CreateAdmin, Action::CreateManager, Action::CreateCustomer])
}

/// Whether customers whom the actor enters are assigned to the actor.
fn is_bound_to_themselves(actor: &Actor) -> bool {
    policy::personal_scope(actor, Action::AssignCustomer) == Scope::Nothing
}
