//! How people change and go.

use super::{MemoryStore, State};
use crate::audit::{self, Event, EventCursor, EventPage};
use crate::authority::Authority;
use crate::challenge::Challenge;
use crate::id::UserId;
use crate::page::PageSize;
use crate::personal_data::PersonalData;
use crate::policy::Scope;
use crate::store::{Erasure, Handover, RejudgeHandover, RejudgeUpdate, Share, Update, WriteError};
use crate::user::{Profile, Role, User};

impl MemoryStore {
    pub(super) fn update(&self, by: &Authority, update: &Update, anew: &RejudgeUpdate<'_>) -> Result<User, WriteError> {
        self.write(|state| {
            state.check_authority(by)?;
            let now = state.user(update.before.id).filter(|user| user.version != update.before.version);
            let judged = now.map(|now| anew(now).ok_or(WriteError::Stale)).transpose()?;
            let update = judged.as_ref().unwrap_or(update);
            state.update(update)?;
            Ok(update.after.clone())
        })
    }

    pub(super) fn transfer(
        &self,
        by: &Authority,
        handover: &Handover,
        anew: Option<&RejudgeHandover<'_>>,
    ) -> Result<Option<Handover>, WriteError> {
        self.write(|state| {
            state.check_authority(by)?;
            let now: Vec<_> = state.customers_of(handover.from).collect();
            let planned = match anew {
                Some(anew) => Some(anew(&now).ok_or(WriteError::Stale)?),
                None => None,
            };
            state.transfer(planned.as_ref().unwrap_or(handover))?;
            Ok(planned)
        })
    }

    /// Nothing is long here: this refuses what the erasure would.
    pub(super) fn prepare(&self, by: &Authority, erasure: &Erasure) -> Result<(), WriteError> {
        self.read(|state| {
            state.check_authority(by)?;
            state.clone().remove(erasure).map(drop)
        })
    }

    pub(super) fn erase(&self, by: &Authority, erasure: &Erasure) -> Result<(), WriteError> {
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

    pub(super) fn personal_events(
        &self,
        scope: Scope,
        id: UserId,
        after: Option<EventCursor>,
        size: PageSize,
    ) -> Option<EventPage> {
        self.read(|state| {
            state.user(id).filter(|user| scope.contains(user))?;
            let is_meant = |event: &Event| event.subject_id == Some(id) || event.actor_id == Some(id);
            Some(state.page_of_events(is_meant, after, size))
        })
    }

    pub(super) fn personal_data(&self, scope: Scope, id: UserId) -> Option<PersonalData> {
        self.read(|state| {
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
                first_answer: state
                    .first_answers
                    .iter()
                    .find(|(about, _)| *about == id)
                    .map(|(_, first)| first.clone()),
                created_customers: state.users().filter(is_creator).count() as u64,
                assigned_customers: state.customers_of(id).count() as u64,
                user,
            })
        })
    }
}

impl State {
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

    fn transfer(&mut self, handover: &Handover) -> Result<(), WriteError> {
        for share in &handover.shares {
            self.give(handover, share)?;
        }
        if handover.is_complete && self.customers_of(handover.from).next().is_some() {
            return Err(WriteError::Stale);
        }
        if handover.deactivates {
            let is_manager = self.is_active_manager(handover.from);
            let account = self.people.get_mut(&handover.from).filter(|_| is_manager);
            let user = &mut account.ok_or(WriteError::Stale)?.user;
            (user.is_active, user.updated_at, user.version) = (false, handover.at, user.version + 1);
            self.end_all_but(handover.from, None);
        }
        self.events.extend_from_slice(&handover.events);
        Ok(())
    }

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

    fn check_version(&self, seen: &User) -> Result<(), WriteError> {
        let is_current = self.user(seen.id).is_some_and(|user| user.version == seen.version);
        if is_current { Ok(()) } else { Err(WriteError::Stale) }
    }

    fn check_assigned(&self, manager: Option<UserId>) -> Result<(), WriteError> {
        let is_fine = manager.is_none_or(|id| self.is_active_manager(id));
        if is_fine { Ok(()) } else { Err(WriteError::NotAnActiveManager) }
    }

    /// `before` is as the person was before the change that has just been made.
    fn check_admin_left(&self, before: &User) -> Result<(), WriteError> {
        let was_active_admin = before.is_active && before.role() == Role::Admin;
        if was_active_admin && self.active_admins().next().is_none() {
            return Err(WriteError::LastAdmin);
        }
        Ok(())
    }

    fn check_no_customers(&self, manager: UserId) -> Result<(), WriteError> {
        match self.customers_of(manager).count() as u64 {
            0 => Ok(()),
            count => Err(WriteError::HasCustomers(count)),
        }
    }

    fn active_admins(&self) -> impl Iterator<Item = UserId> {
        self.users().filter(|user| user.is_active && user.role() == Role::Admin).map(|user| user.id)
    }

    pub(super) fn customers_of(&self, manager: UserId) -> impl Iterator<Item = UserId> {
        let is_assigned =
            move |user: &&User| user.customer().is_some_and(|customer| customer.assigned_manager_id == Some(manager));
        self.users().filter(is_assigned).map(|user| user.id)
    }

    fn give(&mut self, handover: &Handover, share: &Share) -> Result<(), WriteError> {
        self.check_assigned(share.to)?;
        for id in &share.customers {
            let user = &mut self.people.get_mut(id).ok_or(WriteError::Stale)?.user;
            let Profile::Customer(customer) = &mut user.profile else { return Err(WriteError::Stale) };
            if customer.assigned_manager_id != Some(handover.from) {
                return Err(WriteError::Stale);
            }
            customer.assigned_manager_id = share.to;
            (user.updated_at, user.version) = (handover.at, user.version + 1);
        }
        Ok(())
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

fn new_email<'a>(before: &User, after: &'a User) -> Option<&'a crate::Email> {
    let email = &after.staff()?.email;
    Some(email).filter(|email| before.staff().is_none_or(|staff| staff.email != **email))
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
