//! All people of a list, page by page.

use std::collections::{BTreeMap, BTreeSet};

use super::{Accounts, allowed};
use crate::actor::Actor;
use crate::audit::{Event, EventKind};
use crate::error::Error;
use crate::id::UserId;
use crate::page::{Page, UserQuery};
use crate::policy::Action;
use crate::user::User;
use crate::value::Email;

impl Accounts {
    /// A page of the people whom the caller may export: a manager's customers, for an admin
    /// everyone. An export of many pages may take a while, so that the caller is asked for at each:
    /// whoever was signed out or deactivated, or got another role meanwhile, gets no more.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for customers; [`Error::Unauthorized`] when the caller's authority has ended.
    pub async fn export(&self, actor: &Actor, query: &UserQuery) -> Result<Page<User>, Error> {
        let scope = allowed(actor, Action::ImportAndExport)?;
        let page = self.store.list_users(scope, query).await?;
        // After it was read: what leaves was the caller's to see when it was read.
        self.check_authority(actor).await?;
        Ok(page)
    }

    /// Records an export: how many people were handed out, and whether these are all of them.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn record_export(&self, actor: &Actor, people: u64, is_complete: bool) -> Result<(), Error> {
        let event = Event::new(&*self.clock, actor, EventKind::UsersExported, None)
            .with_facts([("people", people)])
            .with_facts([("complete", is_complete)]);
        Ok(self.store.record_event(&event).await?)
    }

    /// The e-mails of the managers who look after these people.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for customers.
    pub async fn manager_emails(&self, actor: &Actor, people: &[User]) -> Result<BTreeMap<UserId, Email>, Error> {
        allowed(actor, Action::ImportAndExport)?;
        let managers = people.iter().filter_map(|user| user.customer()?.assigned_manager_id);
        let managers: Vec<_> = managers.collect::<BTreeSet<_>>().into_iter().collect();
        if managers.is_empty() { Ok(BTreeMap::new()) } else { Ok(self.store.find_emails(&managers).await?) }
    }
}
