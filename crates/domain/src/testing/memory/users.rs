//! People.

use async_trait::async_trait;

use super::{MemoryStore, State, broken_key};
use crate::actor::Authority;
use crate::audit::Event;
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::idempotency::{IdempotentRequest, StoredAnswer};
use crate::page::{Cursor, Page, Sort, UserQuery};
use crate::policy::Scope;
use crate::store::{Account, RejudgeUpdate, StoreError, Update, UserStore, WriteError};
use crate::user::{Customer, Field, Role, User};
use crate::value::{Email, Phone};

#[async_trait]
impl UserStore for MemoryStore {
    async fn has_authority(&self, by: &Authority) -> Result<bool, StoreError> {
        Ok(self.read(|state| state.check_authority(by).is_ok()))
    }

    async fn create_account(&self, by: &Authority, account: &Account, events: &[Event]) -> Result<(), WriteError> {
        self.write(|state| {
            state.check_authority(by)?;
            state.insert_account(account, events)?;
            state.events.extend_from_slice(events);
            Ok(())
        })
    }

    async fn find_stored_answer(
        &self,
        request: &IdempotentRequest,
        now: Timestamp,
    ) -> Result<Option<StoredAnswer>, StoreError> {
        Ok(self.read(|state| state.stored_answer(request, now).cloned()))
    }

    async fn find_user(&self, scope: Scope, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.read(|state| state.user(id).filter(|user| scope.contains(user)).cloned()))
    }

    async fn list_users(&self, scope: Scope, query: &UserQuery) -> Result<Page<User>, StoreError> {
        let everyone = self.users();
        let listed = everyone.into_iter().filter(|user| scope.contains(user) && query.filter.matches(user));
        Ok(page(listed.collect(), query))
    }

    async fn find_customer_by_phone(&self, phone: &Phone) -> Result<Option<User>, StoreError> {
        Ok(self.read(|state| state.users().find(|user| is_customer_with_phone(user, phone)).cloned()))
    }

    async fn update_user(
        &self,
        by: &Authority,
        update: &Update,
        rejudge: &RejudgeUpdate<'_>,
    ) -> Result<User, WriteError> {
        self.write(|state| {
            state.check_authority(by)?;
            let now = state.user(update.before.id).filter(|user| user.version != update.before.version);
            let judged = now.map(|now| rejudge(now).ok_or(WriteError::Stale)).transpose()?;
            let update = judged.as_ref().unwrap_or(update);
            state.update(update)?;
            Ok(update.after.clone())
        })
    }
}

impl State {
    pub(super) fn user(&self, id: UserId) -> Option<&User> {
        self.people.get(&id).map(|account| &account.user)
    }

    pub(super) fn users(&self) -> impl Iterator<Item = &User> {
        self.people.values().map(|account| &account.user)
    }

    fn remember(&mut self, about: &User, first: &StoredAnswer) -> Result<(), WriteError> {
        if self.stored_answer(&first.request, about.created_at).is_some() {
            return Err(WriteError::Stale);
        }
        if self.user(first.request.caller).is_none() {
            return Err(WriteError::Gone);
        }
        self.stored_answers.retain(|(_, old)| !is_same_key(&old.request, &first.request));
        self.stored_answers.push((about.id, first.clone()));
        Ok(())
    }

    /// Those about people who were erased are gone with them.
    fn stored_answer(&self, request: &IdempotentRequest, now: Timestamp) -> Option<&StoredAnswer> {
        let mut kept = self.stored_answers.iter().filter(|(about, _)| self.people.contains_key(about));
        let found = kept.find(|(_, first)| is_same_key(&first.request, request) && first.expires_at > now);
        found.map(|(_, first)| first)
    }

    pub(super) fn insert_account(&mut self, account: &Account, events: &[Event]) -> Result<(), WriteError> {
        let user = &account.user;
        if let Some(staff) = user.staff().filter(|_| account.replaces_signup) {
            self.replace_signup(&staff.email, events);
        }
        if self.people.contains_key(&user.id) {
            return Err(broken_key("pk_users").into());
        }
        if let Some(customer) = user.customer() {
            self.check_references(user.id, customer)?;
        }
        self.check_unique(user)?;
        self.people.insert(user.id, account.clone());
        self.note_signup(account);
        if let Some(first) = &account.stored_answer {
            self.remember(user, first)?;
        }
        Ok(())
    }

    pub(super) fn is_active_manager(&self, id: UserId) -> bool {
        self.user(id).is_some_and(|user| user.is_active && user.role() == Role::Manager)
    }

    fn check_references(&self, id: UserId, customer: &Customer) -> Result<(), WriteError> {
        self.check_assigned(customer.assigned_manager_id)?;
        if customer.created_by != id && self.user(customer.created_by).is_none() {
            return Err(WriteError::Gone);
        }
        Ok(())
    }

    pub(super) fn check_unique(&self, user: &User) -> Result<(), WriteError> {
        let others = || self.users().filter(|other| other.id != user.id);
        if user.staff().is_some_and(|staff| others().any(|other| has_email(other, &staff.email))) {
            return Err(WriteError::Taken(Field::Email));
        }
        if user.customer().is_some_and(|mine| others().any(|other| is_customer_with_phone(other, &mine.phone))) {
            return Err(WriteError::Taken(Field::Phone));
        }
        Ok(())
    }

    pub(super) fn update(&mut self, update: &Update) -> Result<(), WriteError> {
        let (before, after) = (&update.before, &update.after);
        self.check_version(before)?;
        let manager = |user: &User| user.customer().and_then(|customer| customer.assigned_manager_id);
        if manager(after) != manager(before) {
            self.check_assigned(manager(after))?;
        }
        if let Some(proof) = &update.proof {
            self.check_fresh(proof)?;
        }
        if let Some(email) = new_email(before, after) {
            self.replace_signup(email, &update.events);
        }
        self.check_unique(after)?;
        if before.role() == Role::Manager && after.role() != Role::Manager {
            self.check_no_customers(before.id)?;
        }
        let account = self.people.get_mut(&before.id).ok_or(WriteError::Stale)?;
        account.user = after.clone();
        self.check_admin_left(before)?;
        if update.ends_sessions {
            self.end_all_but(before.id, None);
        }
        self.note_approval(before, after);
        self.tell_of_contact(before, after, &update.events);
        self.events.extend_from_slice(&update.events);
        Ok(())
    }

    pub(super) fn check_version(&self, seen: &User) -> Result<(), WriteError> {
        let is_current = self.user(seen.id).is_some_and(|user| user.version == seen.version);
        if is_current { Ok(()) } else { Err(WriteError::Stale) }
    }

    pub(super) fn check_assigned(&self, manager: Option<UserId>) -> Result<(), WriteError> {
        let is_fine = manager.is_none_or(|id| self.is_active_manager(id));
        if is_fine { Ok(()) } else { Err(WriteError::NotAnActiveManager) }
    }

    /// `before` is as the person was before the change that has just been made.
    pub(super) fn check_admin_left(&self, before: &User) -> Result<(), WriteError> {
        let was_active_admin = before.is_active && before.role() == Role::Admin;
        if was_active_admin && self.active_admins().next().is_none() {
            return Err(WriteError::LastAdmin);
        }
        Ok(())
    }

    pub(super) fn check_no_customers(&self, manager: UserId) -> Result<(), WriteError> {
        match self.customers_of(manager).count() as u64 {
            0 => Ok(()),
            count => Err(WriteError::HasCustomers(count)),
        }
    }

    pub(super) fn active_admins(&self) -> impl Iterator<Item = UserId> {
        self.users().filter(|user| user.is_active && user.role() == Role::Admin).map(|user| user.id)
    }
}

fn is_same_key(a: &IdempotentRequest, b: &IdempotentRequest) -> bool {
    (a.caller, a.key) == (b.caller, b.key)
}

pub(super) fn has_email(user: &User, email: &Email) -> bool {
    user.staff().is_some_and(|staff| staff.email == *email)
}

fn is_customer_with_phone(user: &User, phone: &Phone) -> bool {
    user.customer().is_some_and(|customer| customer.phone == *phone)
}

fn page(mut listed: Vec<User>, query: &UserQuery) -> Page<User> {
    let total = query.include_total.then_some(listed.len() as u64);
    listed.sort_by(|a, b| order(a, b, query.sort));
    if let Some(after) = &query.after {
        listed.retain(|user| after.is_before(user));
    }
    Page { total, ..Page::cut(listed, query.size, |user| Cursor::at(user, query.sort)) }
}

/// By the one definition of the order there is, so that pages cannot disagree with it.
fn order(a: &User, b: &User, sort: Sort) -> std::cmp::Ordering {
    let (a_first, b_first) = (Cursor::at(a, sort).is_before(b), Cursor::at(b, sort).is_before(a));
    b_first.cmp(&a_first)
}

fn new_email<'a>(before: &User, after: &'a User) -> Option<&'a crate::Email> {
    let email = &after.staff()?.email;
    Some(email).filter(|email| before.staff().is_none_or(|staff| staff.email != **email))
}
