//! Sign-ups that nobody has approved yet.

use super::{MemoryStore, State};
use crate::audit::{Event, EventKind};
use crate::authority::Authority;
use crate::clock::Timestamp;
use crate::store::{Account, Erasure, WriteError};
use crate::user::User;
use crate::value::Email;

impl MemoryStore {
    pub(super) fn unapproved(&self, before: Timestamp, limit: u64) -> Vec<User> {
        self.read(|state| {
            let mut old: Vec<_> = state.signups.iter().filter(|(_, at)| **at < before).collect();
            old.sort_by_key(|(id, at)| (**at, **id));
            let old = old.into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX));
            old.filter_map(|(id, _)| state.user(*id).cloned()).collect()
        })
    }

    pub(super) fn forget(&self, erasure: &Erasure) -> Result<(), WriteError> {
        if !self.read(|state| state.signups.contains_key(&erasure.user.id)) {
            return Err(WriteError::Stale);
        }
        self.erase(&Authority::Unconditional, erasure)
    }

    pub(super) fn has_email(&self, email: &Email) -> bool {
        self.read(|state| state.with_email(email).is_some_and(|user| !state.signups.contains_key(&user.id)))
    }
}

impl State {
    fn with_email(&self, email: &Email) -> Option<&User> {
        self.users().find(|user| user.staff().is_some_and(|staff| staff.email == *email))
    }

    /// Makes way for whoever has the e-mail for sure.
    pub(super) fn replace_signup(&mut self, email: &Email, events: &[Event]) {
        let pending = self.with_email(email).filter(|user| self.signups.contains_key(&user.id)).cloned();
        let (Some(pending), Some(event)) = (pending, events.first()) else { return };
        self.people.remove(&pending.id);
        self.forget_person(&pending);
        self.events.push(event.following(EventKind::UserErased, pending.id));
    }

    pub(super) fn note_signup(&mut self, account: &Account) {
        if account.awaits_approval {
            self.signups.insert(account.user.id, account.user.created_at);
        }
    }

    /// Whoever is let in, or has another role by an admin's hand, is no sign-up any more.
    pub(super) fn note_approval(&mut self, before: &User, after: &User) {
        if after.is_active || before.role() != after.role() {
            self.signups.remove(&after.id);
        }
    }
}
