//! Sign-ups and invitations.

use async_trait::async_trait;

use super::{MemoryStore, State};
use crate::audit::{Event, EventKind};
use crate::authority::Authority;
use crate::challenge::{Challenge, Message};
use crate::session::Session;
use crate::store::{Account, SignUpStore, StoreError, WriteError};
use crate::user::User;
use crate::value::Email;

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
        Ok(self.read(|state| state.with_email(email).is_some_and(|user| !state.signups.contains_key(&user.id))))
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
