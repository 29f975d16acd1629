//! People and their profiles.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{MemoryStore, State, broken_key};
use crate::audit::{Event, EventCursor, EventPage};
use crate::authority::Authority;
use crate::challenge::{Challenge, Message};
use crate::clock::Timestamp;
use crate::customer::Customer;
use crate::field::Field;
use crate::id::UserId;
use crate::once::{FirstAnswer, Once};
use crate::page::{Cursor, Page, PageSize, Sort, UserQuery};
use crate::personal_data::PersonalData;
use crate::policy::Scope;
use crate::session::{Digest, Session};
use crate::store::{
    Account, Erasure, ErasureStore, Handover, HandoverStore, HealthStore, ImportBatches, ImportFound, ImportKeys,
    ImportStore, PersonalDataStore, Recovery, RejudgeHandover, RejudgeUpdate, SetupStore, SignUpStore, StoreError,
    Update, UserStore, WriteError,
};
use crate::user::{Role, User};
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

    async fn find_first_answer(&self, once: &Once, now: Timestamp) -> Result<Option<FirstAnswer>, StoreError> {
        Ok(self.read(|state| state.first_answer(once, now).cloned()))
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

    async fn update_user(&self, by: &Authority, update: &Update, anew: &RejudgeUpdate<'_>) -> Result<User, WriteError> {
        self.update(by, update, anew)
    }
}

#[async_trait]
impl SignUpStore for MemoryStore {
    async fn create_signed_in(&self, account: &Account, session: &Session, events: &[Event]) -> Result<(), WriteError> {
        self.write(|state| {
            state.insert_account(account, events)?;
            state.insert_session(session)?;
            state.events.extend_from_slice(events);
            Ok(())
        })
    }

    async fn create_invited(
        &self,
        by: &Authority,
        account: &Account,
        invitation: &Challenge,
        message: &Message,
        events: &[Event],
    ) -> Result<(), WriteError> {
        self.write(|state| {
            state.check_authority(by)?;
            state.insert_account(account, events)?;
            state.replace_challenge(invitation, message);
            state.events.extend_from_slice(events);
            Ok(())
        })
    }

    async fn is_email_taken(&self, email: &Email) -> Result<bool, StoreError> {
        Ok(self.has_email(email))
    }
}

#[async_trait]
impl SetupStore for MemoryStore {
    async fn create_first_admin(
        &self,
        account: &Account,
        token: &Digest,
        session: &Session,
        events: &[Event],
    ) -> Result<(), WriteError> {
        self.write(|state| {
            if state.has_admin() || !state.setup_tokens.contains(token) {
                return Err(WriteError::SetupTokenRefused);
            }
            state.setup_tokens.clear();
            state.insert_account(account, events)?;
            state.insert_session(session)?;
            state.events.extend_from_slice(events);
            Ok(())
        })
    }

    async fn has_admin(&self) -> Result<bool, StoreError> {
        Ok(self.read(State::has_admin))
    }

    async fn create_only_admin(&self, account: &Account, events: &[Event]) -> Result<bool, WriteError> {
        self.write(|state| {
            if state.has_admin() {
                return Ok(false);
            }
            state.insert_account(account, events)?;
            state.setup_tokens.clear();
            state.events.extend_from_slice(events);
            Ok(true)
        })
    }

    async fn recover_admin(&self, recovery: &Recovery) -> Result<(), WriteError> {
        let id = recovery.admin.id;
        self.write(|state| {
            let before = state.user(id).filter(|user| user.version + 1 == recovery.admin.version);
            let role = before.ok_or(WriteError::Stale)?.role();
            let is_assigned = |user: &&User| user.customer().is_some_and(|c| c.assigned_manager_id == Some(id));
            match state.users().filter(is_assigned).count() as u64 {
                0 => {}
                count => return Err(WriteError::HasCustomers(count)),
            }
            if role == Role::Customer {
                return Err(WriteError::Stale);
            }
            let account = Account::new(recovery.admin.clone(), recovery.password_hash.clone());
            let old = state.people.insert(id, account);
            if let Some(old) = old {
                state.tell_of_password(id, &old.password_hash, &recovery.events);
            }
            state.signups.remove(&id);
            state.setup_tokens.clear();
            state.events.extend_from_slice(&recovery.events);
            if state.end_all_but(id, None) > 0 {
                state.events.push(recovery.sessions_ended.clone());
            }
            Ok(())
        })
    }

    async fn has_setup_token(&self, token: &Digest) -> Result<bool, StoreError> {
        Ok(self.read(|state| state.setup_tokens.contains(token)))
    }

    async fn add_setup_token(&self, token: &Digest, _now: Timestamp) -> Result<bool, StoreError> {
        self.write(|state| {
            if state.has_admin() {
                return Ok(false);
            }
            state.setup_tokens.push(*token);
            Ok(true)
        })
    }
}

#[async_trait]
impl HandoverStore for MemoryStore {
    async fn list_customer_ids(&self, manager: UserId) -> Result<Vec<UserId>, StoreError> {
        Ok(self.read(|state| state.customers_of(manager).collect()))
    }

    async fn find_active_managers(&self, ids: &[UserId]) -> Result<Vec<UserId>, StoreError> {
        Ok(self.read(|state| ids.iter().copied().filter(|id| state.is_active_manager(*id)).collect()))
    }

    async fn hand_over(
        &self,
        by: &Authority,
        handover: &Handover,
        anew: Option<&RejudgeHandover<'_>>,
    ) -> Result<Option<Handover>, WriteError> {
        self.transfer(by, handover, anew)
    }
}

#[async_trait]
impl ImportStore for MemoryStore {
    async fn find_for_import(&self, keys: &ImportKeys) -> Result<ImportFound, StoreError> {
        Ok(self.for_import(keys))
    }

    async fn import_customers(&self, by: &Authority, parts: &mut dyn ImportBatches) -> Result<(), WriteError> {
        self.import(by, parts).await
    }

    async fn find_emails(&self, ids: &[UserId]) -> Result<BTreeMap<UserId, Email>, StoreError> {
        Ok(self.emails(ids))
    }
}

#[async_trait]
impl ErasureStore for MemoryStore {
    async fn prepare_erasure(&self, by: &Authority, erasure: &Erasure) -> Result<(), WriteError> {
        self.prepare(by, erasure)
    }

    async fn erase_user(&self, by: &Authority, erasure: &Erasure) -> Result<(), WriteError> {
        self.erase(by, erasure)
    }
}

#[async_trait]
impl PersonalDataStore for MemoryStore {
    async fn find_personal_data(&self, scope: Scope, id: UserId) -> Result<Option<PersonalData>, StoreError> {
        Ok(self.personal_data(scope, id))
    }

    async fn find_personal_events(
        &self,
        scope: Scope,
        id: UserId,
        after: Option<EventCursor>,
        size: PageSize,
    ) -> Result<Option<EventPage>, StoreError> {
        Ok(self.personal_events(scope, id, after, size))
    }
}

#[async_trait]
impl HealthStore for MemoryStore {
    async fn check_ready(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl State {
    pub(super) fn user(&self, id: UserId) -> Option<&User> {
        self.people.get(&id).map(|account| &account.user)
    }

    pub(super) fn users(&self) -> impl Iterator<Item = &User> {
        self.people.values().map(|account| &account.user)
    }

    fn remember(&mut self, about: &User, first: &FirstAnswer) -> Result<(), WriteError> {
        if self.first_answer(&first.once, about.created_at).is_some() {
            return Err(WriteError::Stale);
        }
        if self.user(first.once.caller).is_none() {
            return Err(WriteError::Gone);
        }
        self.first_answers.retain(|(_, old)| !is_same_key(&old.once, &first.once));
        self.first_answers.push((about.id, first.clone()));
        Ok(())
    }

    /// Those about people who were erased are gone with them.
    fn first_answer(&self, once: &Once, now: Timestamp) -> Option<&FirstAnswer> {
        let mut kept = self.first_answers.iter().filter(|(about, _)| self.people.contains_key(about));
        let found = kept.find(|(_, first)| is_same_key(&first.once, once) && first.expires_at > now);
        found.map(|(_, first)| first)
    }

    fn has_admin(&self) -> bool {
        self.users().any(|user| user.role() == Role::Admin)
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
        if let Some(first) = &account.first_answer {
            self.remember(user, first)?;
        }
        Ok(())
    }

    pub(super) fn is_active_manager(&self, id: UserId) -> bool {
        self.user(id).is_some_and(|user| user.is_active && user.role() == Role::Manager)
    }

    fn check_references(&self, id: UserId, customer: &Customer) -> Result<(), WriteError> {
        if !customer.assigned_manager_id.is_none_or(|id| self.is_active_manager(id)) {
            return Err(WriteError::NotAnActiveManager);
        }
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
}

fn is_same_key(a: &Once, b: &Once) -> bool {
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
    let has_more = listed.len() > query.size.get();
    listed.truncate(query.size.get());
    let next = listed.last().filter(|_| has_more).map(|last| Cursor::at(last, query.sort));
    Page { items: listed, next, total }
}

/// By the one definition of the order there is, so that pages cannot disagree with it.
fn order(a: &User, b: &User, sort: Sort) -> std::cmp::Ordering {
    let (a_first, b_first) = (Cursor::at(a, sort).is_before(b), Cursor::at(b, sort).is_before(a));
    b_first.cmp(&a_first)
}
