//! The use-cases on people: finding and listing them here, the others in the files below.

use std::sync::Arc;

use crate::actor::{Actor, Authority};
use crate::audit::{EventPage, EventQuery};
use crate::clock::Clock;
use crate::error::Error;
use crate::id::UserId;
use crate::page::{Page, UserQuery};
use crate::policy::{self, Action, allowed};
use crate::store::{AuditStore, ErasureStore, HandoverStore, HealthStore, ImportStore, PersonalDataStore, UserStore};
use crate::user::User;

mod create;
mod erasure;
mod files;
mod handover;
mod taken;
mod update;

#[cfg(test)]
mod tests;

pub use create::{Created, Entry, NewCustomer, NewStaff, NewUser, SentUser, new_user};
pub use erasure::PersonalEvents;
pub use files::{Export, Import};
pub use handover::{HandedOver, HandoverOrder};
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

impl Accounts {
    /// Use-cases over a store.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use clientele_domain::{Accounts, SystemClock, testing::MemoryStore};
    ///
    /// let accounts = Accounts::new(Arc::new(MemoryStore::new()), Arc::new(SystemClock));
    /// # let _ = accounts;
    /// ```
    #[must_use]
    pub fn new(store: Arc<dyn AccountPorts>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Checks that the caller's authority has not ended since the request began. Each write checks this too. A long
    /// reading checks it before each part that it hands out.
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

    /// The authority by which the caller changes something now.
    fn authority(&self, actor: &Actor) -> Authority {
        actor.authority(self.clock.now())
    }

    /// One person whom the caller may see.
    ///
    /// ```
    /// use clientele_domain::{Error, Origin, Actor, UserId, testing::new_manager};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), clientele_domain::Error> {
    /// # let (accounts, admin) = clientele_domain::testing::accounts().await;
    /// let mia = accounts.create(&admin, new_manager("mia@example.com")).await?;
    /// assert_eq!(accounts.find(&admin, mia.id).await?, mia);
    /// // An admin is outside of the scope of a manager, as is an id that nobody has.
    /// let (mia, admin) = (Actor::user(&mia, Origin::default()), admin.id().unwrap());
    /// assert!(matches!(accounts.find(&mia, admin).await, Err(Error::NotFound)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`] for nobody, and for somebody outside the caller's scope.
    pub async fn find(&self, actor: &Actor, id: UserId) -> Result<User, Error> {
        self.find_for(actor, Action::ReadUser, id).await
    }

    /// A person whom the caller may see, or whom the owner of the caller's API key may see. The action judges what may
    /// be done to that person.
    async fn find_seen(&self, actor: &Actor, id: UserId) -> Result<User, Error> {
        let scope = policy::personal_scope(actor, Action::ReadUser);
        self.store.find_user(scope, id).await?.ok_or(Error::NotFound)
    }

    /// A person, active or not, on whom the caller may do this.
    async fn find_for(&self, actor: &Actor, action: Action, id: UserId) -> Result<User, Error> {
        let scope = allowed(actor, action)?;
        self.store.find_user(scope, id).await?.ok_or(Error::NotFound)
    }

    /// A page of the people whom the caller may see.
    ///
    /// ```
    /// use clientele_domain::{Filter, Role, UserQuery, given, testing::new_manager};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), clientele_domain::Error> {
    /// # let (accounts, admin) = clientele_domain::testing::accounts().await;
    /// let mia = accounts.create(&admin, new_manager("mia@example.com")).await?;
    /// let managers = Filter { role: Some(Role::Manager), ..Filter::default() };
    /// let query = UserQuery { filter: managers, ..UserQuery::default() };
    /// assert_eq!(accounts.list(&admin, given(query)).await?.items, [mia]);
    /// # Ok(())
    /// # }
    /// ```
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

    /// A page of the customers whom the caller looks after. An admin gets all customers.
    ///
    /// ```
    /// use clientele_domain::{Actor, Origin, UserQuery, given, testing::{new_customer, new_manager}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), clientele_domain::Error> {
    /// # let (accounts, admin) = clientele_domain::testing::accounts().await;
    /// let mia = accounts.create(&admin, new_manager("mia@example.com")).await?;
    /// let bob = accounts.create(&admin, new_customer("+998901234567", Some(mia.id))).await?;
    /// accounts.create(&admin, new_customer("+998907654321", None)).await?;
    /// let mia = Actor::user(&mia, Origin::default());
    /// assert_eq!(accounts.list_managed_customers(&mia, given(UserQuery::default())).await?.items, [bob]);
    /// # Ok(())
    /// # }
    /// ```
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

    /// A page of the entries of the audit trail that the caller may read. An admin reads all. A manager reads those
    /// about the customers who are assigned to them now, also those from before the assignment.
    ///
    /// ```
    /// use clientele_domain::{audit::{EventFilter, EventKind, EventQuery}, given, testing::new_manager};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), clientele_domain::Error> {
    /// # let (accounts, admin) = clientele_domain::testing::accounts().await;
    /// let mia = accounts.create(&admin, new_manager("mia@example.com")).await?;
    /// let about_mia = EventFilter { subject: Some(mia.id), ..EventFilter::default() };
    /// let query = EventQuery { filter: about_mia, ..EventQuery::default() };
    /// let events = accounts.list_events(&admin, given(query)).await?.items;
    /// assert_eq!(events[0].kind, EventKind::UserCreated);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Forbidden`] for customers; those of the reading.
    pub async fn list_events<E: From<Error>>(
        &self,
        actor: &Actor,
        query: impl AsyncFnOnce() -> Result<EventQuery, E>,
    ) -> Result<EventPage, E> {
        let scope = allowed(actor, Action::ReadAuditEvents)?;
        let query = query().await?;
        Ok(self.store.list_events(scope, &query).await.map_err(Error::from)?)
    }

    /// Whether the database answers and has the schema that this program knows.
    ///
    /// ```
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), clientele_domain::Error> {
    /// # let (accounts, admin) = clientele_domain::testing::accounts().await;
    /// accounts.check_ready().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Store`] when not.
    pub async fn check_ready(&self) -> Result<(), Error> {
        Ok(self.store.check_ready().await?)
    }
}
