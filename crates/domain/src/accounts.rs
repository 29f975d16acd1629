//! The use-cases on people: entering, finding and listing them here, and the rest of their life.

use std::sync::Arc;

use crate::actor::{Actor, Authority};
use crate::audit::{Event, EventKind, changes};
use crate::clock::{Clock, Timestamp};
use crate::error::Error;
use crate::id::UserId;
use crate::idempotency::AnswerToStore;
use crate::page::{Page, UserQuery};
use crate::policy::{self, Action, Scope};
use crate::store::{
    Account, AuditStore, ErasureStore, HandoverStore, HealthStore, ImportStore, PersonalDataStore, UserStore,
    WriteError,
};
use crate::user::{Customer, Field, PasswordHash, Profile, Role, Staff, StaffRole, User};
use crate::value::{DisplayName, Metadata, Phone};

mod erasure;
mod files;
mod handover;
mod idempotent;
mod taken;
mod update;

#[cfg(test)]
mod tests;

pub use erasure::PersonalEvents;
pub use files::{Export, Import};
pub use handover::{HandedOver, HandoverOrder};
pub use idempotent::{Created, SentUser};
pub use update::{Expected, SentPatch};

/// The use-cases on people. The caller is the first argument of each.
#[derive(Clone)]
pub struct Accounts {
    store: Arc<dyn AccountPorts>,
    clock: Arc<dyn Clock>,
}

/// The ports that [`Accounts`] uses.
pub trait AccountPorts:
    UserStore + HandoverStore + ImportStore + ErasureStore + PersonalDataStore + AuditStore + HealthStore
{
}

impl<S> AccountPorts for S where
    S: UserStore + HandoverStore + ImportStore + ErasureStore + PersonalDataStore + AuditStore + HealthStore
{
}

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
    /// The manager, when an admin names one; a manager who enters a customer becomes it.
    pub assigned_manager_id: Option<UserId>,
    /// Whether they may sign in.
    pub is_active: bool,
}

/// The right to enter somebody, which was judged by their role, and the answer to store with them.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    scope: Scope,
    answer: Option<AnswerToStore>,
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
    /// Use-cases over a store.
    #[must_use]
    pub fn new(store: Arc<dyn AccountPorts>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// The right to enter somebody of this role, without an answer to store.
    ///
    /// # Errors
    /// [`Error::Forbidden`], or [`Error::ForbiddenField`] for a role that the caller may not enter.
    pub fn entry(actor: &Actor, role: Role) -> Result<Entry, Error> {
        Ok(Entry { scope: creation_scope(actor, role)?, answer: None })
    }

    /// Enters a person with their profile.
    ///
    /// # Errors
    /// [`Error::ForbiddenField`] for a role that the caller may not enter, or a
    /// manager that is not the caller's to choose; [`Error::Taken`] for an
    /// e-mail or phone in use, or [`Error::TooMany`] when the caller was told so of others' customers too often;
    /// [`Error::Invalid`] when the assigned manager is
    /// no active manager or the verification method lacks its phone;
    /// [`Error::Unauthorized`] when the caller's authority has ended meanwhile.
    pub async fn create(&self, actor: &Actor, new: NewUser) -> Result<User, Error> {
        let entry = Self::entry(actor, new.role())?;
        self.create_as(actor, new, entry).await
    }

    /// Does what [`Accounts::create`] does, for a role that was judged.
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

    /// What [`Accounts::create_as`] would write, for a use-case that writes more with it.
    ///
    /// # Errors
    /// Those of [`Accounts::create`] that the store has no part in.
    pub fn draft(&self, actor: &Actor, new: NewUser, entry: Entry) -> Result<(Account, Event), Error> {
        let mut account = self.account(actor, new)?;
        if !entry.scope.contains(&account.user) {
            return Err(Error::ForbiddenField(Field::AssignedManager));
        }
        let event = Event::new(&*self.clock, actor, EventKind::UserCreated, Some(account.user.id))
            .with_changes(changes(None, &account.user));
        account.stored_answer = entry.answer.map(|answer| answer.stored_answer(&account.user));
        Ok((account, event))
    }

    /// Whether the caller is still who they were when the request began, and their session lives. Each write checks
    /// this too. A long reading asks before each part that it hands out.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] when not.
    async fn check_authority(&self, actor: &Actor) -> Result<(), Error> {
        match self.authority(actor) {
            Authority::Unconditional => Ok(()),
            by if self.store.has_authority(&by).await? => Ok(()),
            Authority::Person(_) => Err(Error::Unauthorized),
        }
    }

    /// By what right the caller changes something now.
    fn authority(&self, actor: &Actor) -> Authority {
        actor.authority(self.clock.now())
    }

    /// One person whom the caller may see.
    ///
    /// # Errors
    /// [`Error::NotFound`] for nobody, and for somebody outside the caller's scope.
    pub async fn find(&self, actor: &Actor, id: UserId) -> Result<User, Error> {
        self.find_for(actor, Action::ReadUser, id).await
    }

    /// A person, active or not, on whom the caller may do this.
    async fn find_for(&self, actor: &Actor, action: Action, id: UserId) -> Result<User, Error> {
        let scope = allowed(actor, action)?;
        self.store.find_user(scope, id).await?.ok_or(Error::NotFound)
    }

    /// A page of the people whom the caller may see.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for customers; those of the reading.
    pub async fn list<E: From<Error>>(
        &self,
        actor: &Actor,
        query: impl AsyncFnOnce() -> Result<UserQuery, E>,
    ) -> Result<Page<User>, E> {
        self.list_for(actor, Action::ListUsers, query).await
    }

    /// A page of the customers whom the caller looks after: a manager's own, for an admin all.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for customers; those of the reading.
    pub async fn list_managed_customers<E: From<Error>>(
        &self,
        actor: &Actor,
        query: impl AsyncFnOnce() -> Result<UserQuery, E>,
    ) -> Result<Page<User>, E> {
        self.list_for(actor, Action::ListManagedCustomers, query).await
    }

    async fn list_for<E: From<Error>>(
        &self,
        actor: &Actor,
        action: Action,
        query: impl AsyncFnOnce() -> Result<UserQuery, E>,
    ) -> Result<Page<User>, E> {
        let scope = allowed(actor, action)?;
        let query = query().await?;
        Ok(self.store.list_users(scope, &query).await.map_err(Error::from)?)
    }

    /// Whether the database answers and has the schema that this program knows.
    ///
    /// # Errors
    /// [`Error::Store`] when not.
    pub async fn check_ready(&self) -> Result<(), Error> {
        Ok(self.store.check_ready().await?)
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
}

/// A person as they are on the day they are entered.
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
        Scope::Nothing if policy::scope(actor, Action::CreateCustomer) == Scope::Nothing => Err(Error::Forbidden),
        Scope::Nothing => Err(Error::ForbiddenField(Field::Role)),
        scope => Ok(scope),
    }
}

/// Whether the customers whom they enter become their own.
fn is_bound_to_themselves(actor: &Actor) -> bool {
    policy::scope(actor, Action::AssignCustomer) == Scope::Nothing
}

fn allowed(actor: &Actor, action: Action) -> Result<Scope, Error> {
    match policy::scope(actor, action) {
        Scope::Nothing => Err(Error::Forbidden),
        scope => Ok(scope),
    }
}
