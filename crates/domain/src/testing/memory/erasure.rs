//! Erasing people, and reading what is kept about them.

use async_trait::async_trait;

use super::{MemoryStore, State};
use crate::audit::{self, Event, EventCursor, EventPage};
use crate::authority::Authority;
use crate::challenge::Challenge;
use crate::id::UserId;
use crate::page::PageSize;
use crate::personal_data::PersonalData;
use crate::policy::Scope;
use crate::store::{Erasure, ErasureStore, PersonalDataStore, StoreError, WriteError};
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
            let mut challenges: Vec<_> =
                state.challenges.iter().filter(|asked| is_for(asked, &user)).cloned().collect();
            challenges.sort_by_key(|challenge| std::cmp::Reverse(challenge.id));
            let notices = state.notices_of(id);
            let is_creator = |user: &&User| user.customer().is_some_and(|customer| customer.created_by == id);
            Some(PersonalData {
                sessions,
                challenges,
                notices,
                stored_answer: state
                    .stored_answers
                    .iter()
                    .find(|(about, _)| *about == id)
                    .map(|(_, first)| first.clone()),
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
        self.forget_challenges(user);
        self.notices.retain(|queued| queued.notice.user_id != user.id);
        self.signups.remove(&user.id);
        self.events.iter_mut().for_each(|event| blank(event, user.id));
    }

    fn forget_challenges(&mut self, user: &User) {
        self.challenges.retain(|challenge| !is_of(challenge, user));
        self.outbox.retain(|queued| self.challenges.iter().any(|kept| kept.id == queued.message.challenge_id));
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
