//! Passwords of staff.

use async_trait::async_trait;

use super::MemoryStore;
use super::sessions::is_live;
use super::users::has_email;
use crate::audit::Event;
use crate::authority::Authority;
use crate::id::{SessionId, UserId};
use crate::session::Session;
use crate::store::{Credentials, PasswordStore, StoreError, WriteError};
use crate::user::PasswordHash;
use crate::value::Email;

#[async_trait]
impl PasswordStore for MemoryStore {
    async fn find_credentials(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        Ok(self.read(|state| {
            let account = state.people.values().find(|account| has_email(&account.user, email))?.clone();
            Some(Credentials { user: account.user, password_hash: account.password_hash })
        }))
    }

    async fn renew_password_hash(&self, id: UserId, old: &PasswordHash, new: &PasswordHash) -> Result<(), StoreError> {
        self.write(|state| {
            if let Some(account) = state.people.get_mut(&id).filter(|account| account.password_hash == *old) {
                account.password_hash = new.clone();
            }
            Ok(())
        })
    }

    async fn prove_session(
        &self,
        session: SessionId,
        user: UserId,
        password: &PasswordHash,
        event: &Event,
    ) -> Result<(), WriteError> {
        self.write(|state| {
            let account = state.people.get(&user).filter(|account| account.password_hash == *password);
            account.ok_or(WriteError::Stale)?;
            let live = |other: &&mut Session| other.id == session && other.user_id == user && is_live(other, event.at);
            state.sessions.iter_mut().find(live).ok_or(WriteError::Stale)?.proven_at = event.at;
            state.events.push(event.clone());
            Ok(())
        })
    }

    async fn change_password(
        &self,
        by: &Authority,
        user: UserId,
        old: &PasswordHash,
        new: &PasswordHash,
        keep: Option<SessionId>,
        event: &Event,
    ) -> Result<(), WriteError> {
        self.write(|state| {
            state.check_authority(by)?;
            let account = state.people.get_mut(&user).filter(|account| account.password_hash == *old);
            account.ok_or(WriteError::Stale)?.password_hash = new.clone();
            if let Some(kept) = state.sessions.iter_mut().find(|session| Some(session.id) == keep) {
                kept.proven_at = event.at;
            }
            state.tell_of_password(user, old, std::slice::from_ref(event));
            state.end_all_but(user, keep);
            state.close_challenges_of_password(user);
            state.events.push(event.clone());
            Ok(())
        })
    }
}
