//! All people of a list, page by page.

use std::collections::{BTreeMap, BTreeSet};

use super::{Accounts, allowed};
use crate::actor::Actor;
use crate::audit::{Event, EventKind};
use crate::error::Error;
use crate::id::UserId;
use crate::page::{Page, UserQuery};
use crate::policy::{Action, Scope};
use crate::user::User;
use crate::value::Email;

/// An export that the caller may make: a manager's customers, for an admin everyone.
pub struct Export {
    accounts: Accounts,
    actor: Actor,
    scope: Scope,
}

impl Accounts {
    /// Begins an export.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for customers.
    pub fn export(&self, actor: &Actor) -> Result<Export, Error> {
        let scope = allowed(actor, Action::ImportAndExport)?;
        Ok(Export { accounts: self.clone(), actor: actor.clone(), scope })
    }
}

impl Export {
    /// Who exports.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// A page of people. An export of many pages may take a while, so the caller's authority is checked at each: who was
    /// signed out or deactivated, or got another role meanwhile, gets no more.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] when the caller's authority has ended; [`Error::Store`].
    pub async fn page(&self, query: &UserQuery) -> Result<Page<User>, Error> {
        let page = self.accounts.store.list_users(self.scope, query).await?;
        // After the page was read: the caller was allowed to see what leaves when it was read.
        self.accounts.check_authority(&self.actor).await?;
        Ok(page)
    }

    /// The e-mails of the managers who look after these people.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn manager_emails(&self, people: &[User]) -> Result<BTreeMap<UserId, Email>, Error> {
        let managers = people.iter().filter_map(|user| user.customer()?.assigned_manager_id);
        let managers: Vec<_> = managers.collect::<BTreeSet<_>>().into_iter().collect();
        if managers.is_empty() { Ok(BTreeMap::new()) } else { Ok(self.accounts.store.find_emails(&managers).await?) }
    }

    /// Records the export: how many people were handed out, and whether these are all of them.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn record(&self, people: u64, is_complete: bool) -> Result<(), Error> {
        let event = Event::new(&*self.accounts.clock, &self.actor, EventKind::UsersExported, None)
            .with_facts([("people", people)])
            .with_facts([("complete", is_complete)]);
        Ok(self.accounts.store.record_event(&event).await?)
    }
}
