//! How staff come in: the first admin, an admin who comes back, sign-ups and invitations.

use async_trait::async_trait;

use super::users::has_email;
use super::{MemoryStore, State};
use crate::actor::Authority;
use crate::audit::{Event, EventKind};
use crate::challenge::{Challenge, Message};
use crate::clock::Timestamp;
use crate::session::{Digest, Session};
use crate::store::{Account, Recovery, SetupStore, SignUpStore, StoreError, WriteError};
use crate::user::{Role, User};
use crate::value::Email;

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
            state.check_no_customers(id)?;
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
            let ended = state.end_all_but(id, None);
            state.record_ended(ended, &recovery.sessions_ended);
            Ok(())
        })
    }

    async fn has_setup_token(&self, token: &Digest) -> Result<bool, StoreError> {
        Ok(self.read(|state| state.setup_tokens.contains(token)))
    }

    async fn add_setup_token(&self, token: &Digest, _now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.change(|state| {
            let is_needed = !state.has_admin();
            state.setup_tokens.extend(is_needed.then_some(*token));
            is_needed
        }))
    }
}

impl State {
    fn has_admin(&self) -> bool {
        self.users().any(|user| user.role() == Role::Admin)
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
        let is_taken_by = |state: &State, user: &User| has_email(user, email) && !state.signups.contains_key(&user.id);
        Ok(self.read(|state| state.users().any(|user| is_taken_by(state, user))))
    }
}

impl State {
    /// Makes way for whoever has the e-mail for sure.
    pub(super) fn replace_signup(&mut self, email: &Email, events: &[Event]) {
        let is_pending = |user: &&User| self.signups.contains_key(&user.id) && has_email(user, email);
        let pending = self.users().find(is_pending).cloned();
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
