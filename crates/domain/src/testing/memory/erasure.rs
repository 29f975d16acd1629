//! Erasing people, reading what is stored about them, and removing what has expired.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{MemoryStore, State, length};
use crate::actor::Authority;
use crate::audit::{self, Event, EventCursor, EventPage};
use crate::challenge::Challenge;
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::page::PageSize;
use crate::policy::Scope;
use crate::store::{
    Erasure, ErasureStore, Expirable, HealthStore, HousekeepingStore, PersonalData, PersonalDataStore, StoreError,
    WriteError,
};
use crate::user::{Profile, User};

#[async_trait]
impl ErasureStore for MemoryStore {
    /// Nothing is long here: this refuses what the erasure would.
    async fn prepare_erasure(&self, by: &Authority, erasure: &Erasure) -> Result<(), WriteError> {
        self.read(|state| {
            state.check_authority(by)?;
            state.clone().remove(erasure).map(drop)
        })
    }

    async fn erase_user(&self, by: &Authority, erasure: &Erasure) -> Result<(), WriteError> {
        self.write(|state| {
            state.check_authority(by)?;
            let user = &state.remove(erasure)?;
            let named = erasure.heir.filter(|heir| state.people.contains_key(heir));
            let heir = named.or_else(|| state.active_admins().next());
            let left = state.bequeath(user.id, heir, erasure.event.at);
            state.forget_person(user);
            state.events.push(if left { erasure.event_of_heir(heir) } else { erasure.event.clone() });
            Ok(())
        })
    }
}

#[async_trait]
impl PersonalDataStore for MemoryStore {
    async fn find_personal_data(&self, scope: Scope, id: UserId) -> Result<Option<PersonalData>, StoreError> {
        Ok(self.read(|state| {
            let user = state.user(id).filter(|user| scope.contains(user))?.clone();
            let mut sessions: Vec<_> = state.sessions.iter().filter(|session| session.user_id == id).cloned().collect();
            sessions.sort_by_key(|session| std::cmp::Reverse((session.created_at, session.id)));
            let challenges = state.challenges.iter().filter(|asked| is_for(asked, &user));
            let mut challenges: Vec<_> = challenges.cloned().collect();
            challenges.sort_by_key(|challenge| std::cmp::Reverse(challenge.id));
            let stored_answer = state.stored_answers.iter().find(|(about, _)| *about == id);
            let mut api_keys: Vec<_> = state.api_keys_of(Some(id)).cloned().collect();
            api_keys.sort_by_key(|key| std::cmp::Reverse((key.created_at, key.id)));
            let is_creator = |user: &&User| user.customer().is_some_and(|customer| customer.created_by == id);
            Some(PersonalData {
                sessions,
                api_keys,
                challenges,
                notices: state.notices_of(id),
                stored_answer: stored_answer.map(|(_, first)| first.clone()),
                created_customers: state.users().filter(is_creator).count() as u64,
                assigned_customers: state.customers_of(id).count() as u64,
                user,
            })
        }))
    }

    async fn find_personal_events(
        &self,
        scope: Scope,
        id: UserId,
        after: Option<EventCursor>,
        size: PageSize,
    ) -> Result<Option<EventPage>, StoreError> {
        Ok(self.read(|state| {
            state.user(id).filter(|user| scope.contains(user))?;
            let is_meant = |event: &Event| event.subject_id == Some(id) || event.actor_id == Some(id);
            Some(state.page_of_events(is_meant, after, size))
        }))
    }
}

impl State {
    /// Takes out a person who may go.
    fn remove(&mut self, erasure: &Erasure) -> Result<User, WriteError> {
        let seen = &erasure.user;
        let user = self.user(seen.id).filter(|user| user.role() == seen.role()).ok_or(WriteError::Stale)?.clone();
        if erasure.is_of_version {
            self.check_version(seen)?;
        }
        self.check_no_customers(user.id)?;
        self.people.remove(&user.id);
        self.networks.retain(|(owner, _), _| *owner != user.id);
        self.check_admin_left(&user)?;
        Ok(user)
    }

    /// Customers whom the person entered were entered by the heir, or by themselves. Answers whether there were any.
    fn bequeath(&mut self, id: UserId, heir: Option<UserId>, now: crate::Timestamp) -> bool {
        let mut left = false;
        for account in self.people.values_mut() {
            let user = &mut account.user;
            if let Profile::Customer(customer) = &mut user.profile
                && customer.created_by == id
            {
                customer.created_by = heir.unwrap_or(user.id);
                (user.updated_at, user.version) = (now, user.version + 1);
                left = true;
            }
        }
        left
    }

    /// What goes with somebody who is gone, and what stays without its personal values.
    pub(super) fn forget_person(&mut self, user: &User) {
        self.end_all_but(user.id, None);
        self.api_keys.retain(|key| key.owner_id != user.id);
        self.remove_challenges(|challenge| is_of(challenge, user));
        self.notices.retain(|queued| queued.item.user_id != user.id);
        self.signups.remove(&user.id);
        self.events.iter_mut().for_each(|event| blank(event, user.id));
    }
}

/// Whether it goes with them: it is theirs, or nobody's who has an account, and went to the contact that is theirs.
fn is_of(challenge: &Challenge, user: &User) -> bool {
    match challenge.user_id {
        Some(id) => id == user.id,
        None => user.identity() == challenge.contact,
    }
}

/// Whether it was asked for them. A contact that is only claimed shows nobody else's.
fn is_for(challenge: &Challenge, user: &User) -> bool {
    let is_proven = user.verified_at.is_some() && user.customer().is_some();
    is_of(challenge, user) && (challenge.user_id.is_some() || is_proven)
}

fn blank(event: &mut Event, erased: UserId) {
    let is_about = event.subject_id == Some(erased);
    if is_about && let Some(blanked) = audit::blanked(&event.changes) {
        event.changes = blanked;
    }
    if event.actor_id == Some(erased) || (is_about && event.actor_id.is_none()) {
        event.address = None;
    }
}

#[async_trait]
impl HealthStore for MemoryStore {
    async fn check_ready(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl HousekeepingStore for MemoryStore {
    async fn take_housekeeping(&self, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        Ok(self.change(|state| {
            let is_free = state.housekeeping_until.is_none_or(|taken_until| taken_until <= now);
            if is_free {
                state.housekeeping_until = Some(until);
            }
            is_free
        }))
    }

    async fn remove_expired(&self, kind: Expirable, before: Timestamp, limit: u64) -> Result<u64, StoreError> {
        Ok(self.change(|state| match kind {
            Expirable::Challenges => {
                let removed = remove(&mut state.challenges, |challenge| challenge.expires_at, before, limit);
                state.remove_challenges(|_| false);
                removed
            }
            Expirable::StoredAnswers => remove(&mut state.stored_answers, |(_, first)| first.expires_at, before, limit),
            Expirable::Sessions => remove(&mut state.sessions, |session| session.expires_at, before, limit),
            Expirable::ApiKeys => remove(&mut state.api_keys, |key| key.expires_at, before, limit),
            Expirable::Attempts => remove_of_map(&mut state.attempts, |(_, counter)| counter.expires_at, before, limit),
            Expirable::Networks => remove_of_map(&mut state.networks, |(_, until)| *until, before, limit),
        }))
    }

    async fn count_messages(&self) -> Result<u64, StoreError> {
        Ok(self.read(|state| (state.outbox.len() + state.notices.len()) as u64))
    }

    async fn list_unapproved(&self, before: Timestamp, limit: u64) -> Result<Vec<User>, StoreError> {
        Ok(self.read(|state| {
            let mut old: Vec<_> = state.signups.iter().filter(|(_, at)| **at < before).collect();
            old.sort_by_key(|(id, at)| (**at, **id));
            let old = old.into_iter().take(length(limit));
            old.filter_map(|(id, _)| state.user(*id).cloned()).collect()
        }))
    }

    async fn forget_signup(&self, erasure: &Erasure) -> Result<(), WriteError> {
        if !self.read(|state| state.signups.contains_key(&erasure.user.id)) {
            return Err(WriteError::Stale);
        }
        self.erase_user(&Authority::Unconditional, erasure).await
    }
}

fn remove_of_map<K: Ord, V>(
    map: &mut BTreeMap<K, V>,
    expiry: impl Fn(&(K, V)) -> Timestamp,
    before: Timestamp,
    limit: u64,
) -> u64 {
    let mut rows: Vec<_> = std::mem::take(map).into_iter().collect();
    let removed = remove(&mut rows, expiry, before, limit);
    map.extend(rows);
    removed
}

fn remove<T>(rows: &mut Vec<T>, expiry: impl Fn(&T) -> Timestamp, before: Timestamp, limit: u64) -> u64 {
    rows.sort_by_key(&expiry);
    let expired = rows.iter().take(length(limit)).take_while(|row| expiry(row) < before).count();
    rows.drain(..expired);
    expired as u64
}
