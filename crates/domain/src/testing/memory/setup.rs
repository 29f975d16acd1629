//! The first admin, and an admin who comes back.

use async_trait::async_trait;

use super::{MemoryStore, State};
use crate::audit::Event;
use crate::clock::Timestamp;
use crate::session::{Digest, Session};
use crate::store::{Account, Recovery, SetupStore, StoreError, WriteError};
use crate::user::{Role, User};

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

impl State {
    fn has_admin(&self) -> bool {
        self.users().any(|user| user.role() == Role::Admin)
    }
}
