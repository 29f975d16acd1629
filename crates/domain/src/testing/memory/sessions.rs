//! Passwords of staff, and the sessions that begin with them or with a code.

use async_trait::async_trait;

use super::users::has_email;
use super::{MemoryStore, State, broken_key, length};
use crate::actor::{Authority, Credential, FreshProof};
use crate::audit::{Event, EventKind};
use crate::clock::Timestamp;
use crate::id::{SessionId, UserId};
use crate::session::{MAX_SESSIONS, Session};
use crate::store::{Credentials, Generation, PasswordStore, SessionOwner, SessionStore, StoreError, WriteError};
use crate::user::PasswordHash;
use crate::value::Email;

#[async_trait]
impl SessionStore for MemoryStore {
    async fn start_session(&self, session: &Session, event: &Event) -> Result<(), WriteError> {
        self.write(|state| {
            state.start_session(session, Some(event))?;
            state.events.push(event.clone());
            Ok(())
        })
    }

    async fn find_caller(&self, id: SessionId, now: Timestamp) -> Result<Option<SessionOwner>, StoreError> {
        Ok(self.read(|state| {
            let session = state.sessions.iter().find(|session| session.id == id && is_live(session, now))?;
            let user = state.user(session.user_id).filter(|user| user.is_active).cloned()?;
            Some(SessionOwner { user, expires_at: session.expires_at })
        }))
    }

    fn generation(&self, _session: SessionId, _owner: UserId) -> Option<Generation> {
        Some(self.generation_of_all())
    }

    async fn find_session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        Ok(self.read(|state| state.sessions.iter().find(|session| session.id == id).cloned()))
    }

    async fn renew_session(&self, renewed: &Session) -> Result<(), WriteError> {
        self.write(|state| {
            if !state.user(renewed.user_id).is_some_and(|user| user.is_active) {
                return Err(WriteError::Stale);
            }
            let session = state.sessions.iter_mut().find(|session| is_renewal_of(renewed, session));
            *session.ok_or(WriteError::Stale)? = renewed.clone();
            Ok(())
        })
    }

    async fn list_sessions(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let mut sessions = self.sessions();
        sessions.retain(|session| session.user_id == user && is_live(session, now));
        sessions.sort_by_key(|session| std::cmp::Reverse((session.created_at, session.id)));
        Ok(sessions)
    }

    async fn end_session(
        &self,
        by: &Authority,
        user: UserId,
        id: SessionId,
        event: &Event,
    ) -> Result<bool, WriteError> {
        self.write(|state| {
            state.check_authority(by)?;
            let ended = state.remove_sessions(|session| session.user_id == user && session.id == id);
            Ok(state.record_ended(ended, event) > 0)
        })
    }

    async fn end_sessions(
        &self,
        by: &Authority,
        user: UserId,
        except: Option<SessionId>,
        event: &Event,
    ) -> Result<u64, WriteError> {
        self.write(|state| {
            state.check_authority(by)?;
            let ended = state.end_all_but(user, except);
            Ok(state.record_ended(ended, event))
        })
    }

    async fn end_other_sessions(&self, proof: &FreshProof, event: &Event) -> Result<u64, WriteError> {
        self.write(|state| {
            state.check_fresh(proof)?;
            let ended = state.end_all_but(proof.user, Some(proof.session));
            Ok(state.record_ended(ended, event))
        })
    }
}

impl State {
    /// Whether a change may still be made by this authority. Nothing else happens while a change is made here.
    pub(super) fn check_authority(&self, by: &Authority) -> Result<(), WriteError> {
        let Authority::Person(person) = by else { return Ok(()) };
        let is_who_they_were = self.user(person.id).is_some_and(|user| user.is_active && user.role() == person.role);
        let is_good = match person.credential {
            Some(Credential::Session(id)) => self
                .sessions
                .iter()
                .any(|session| session.id == id && session.user_id == person.id && is_live(session, person.at)),
            Some(Credential::ApiKey { id, .. }) => {
                self.api_keys_of(Some(person.id)).any(|key| key.id == id && person.at < key.expires_at)
            }
            None => true,
        };
        if is_who_they_were && is_good { Ok(()) } else { Err(WriteError::Unauthorized) }
    }

    /// Whoever was deactivated or erased meanwhile is not signed in.
    pub(super) fn start_session(&mut self, session: &Session, started: Option<&Event>) -> Result<(), WriteError> {
        if !self.user(session.user_id).is_some_and(|user| user.is_active) {
            return Err(WriteError::Stale);
        }
        self.insert_session(session)?;
        if self.end_oldest(session.user_id) > 0 {
            let ended = started.map(|event| event.following(EventKind::SessionEnded, session.user_id));
            self.events.extend(ended);
        }
        Ok(())
    }

    /// Ends those beyond what a person may have, the least recently used first.
    fn end_oldest(&mut self, user: UserId) -> u64 {
        let mut theirs: Vec<_> = self.sessions.iter().filter(|session| session.user_id == user).collect();
        theirs.sort_by_key(|session| std::cmp::Reverse((session.last_used_at, session.id)));
        let ended: Vec<_> = theirs.iter().skip(length(MAX_SESSIONS)).map(|session| session.id).collect();
        self.remove_sessions(|session| ended.contains(&session.id))
    }

    /// Records the event if any session ended. Answers how many did.
    pub(super) fn record_ended(&mut self, ended: u64, event: &Event) -> u64 {
        self.events.extend((ended > 0).then(|| event.clone()));
        ended
    }

    pub(super) fn check_fresh(&self, proof: &FreshProof) -> Result<(), WriteError> {
        let is_meant = |session: &&Session| session.id == proof.session && session.user_id == proof.user;
        let session = self.sessions.iter().find(is_meant);
        let is_fresh = session.is_some_and(|session| session.proven_at > proof.since);
        if is_fresh { Ok(()) } else { Err(WriteError::NotFresh) }
    }

    pub(super) fn insert_session(&mut self, session: &Session) -> Result<(), WriteError> {
        if self.user(session.user_id).is_none() {
            return Err(WriteError::Gone);
        }
        if self.sessions.iter().any(|other| other.id == session.id) {
            return Err(broken_key("pk_sessions").into());
        }
        self.sessions.push(session.clone());
        Ok(())
    }

    pub(super) fn end_all_but(&mut self, user: UserId, except: Option<SessionId>) -> u64 {
        self.remove_sessions(|session| session.user_id == user && Some(session.id) != except)
    }

    fn remove_sessions(&mut self, is_ended: impl Fn(&Session) -> bool) -> u64 {
        let before = self.sessions.len();
        self.sessions.retain(|session| !is_ended(session));
        (before - self.sessions.len()) as u64
    }
}

pub(super) fn is_live(session: &Session, now: Timestamp) -> bool {
    now < session.expires_at
}

fn is_renewal_of(renewed: &Session, session: &Session) -> bool {
    session.id == renewed.id && session.renewals == renewed.renewals - 1 && is_live(session, renewed.last_used_at)
}

#[async_trait]
impl PasswordStore for MemoryStore {
    async fn find_credentials(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        Ok(self.read(|state| {
            let account = state.people.values().find(|account| has_email(&account.user, email))?.clone();
            Some(Credentials { user: account.user, password_hash: account.password_hash })
        }))
    }

    async fn renew_password_hash(&self, id: UserId, old: &PasswordHash, new: &PasswordHash) -> Result<(), StoreError> {
        self.change(|state| {
            if let Some(account) = state.people.get_mut(&id).filter(|account| account.password_hash == *old) {
                account.password_hash = new.clone();
            }
        });
        Ok(())
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
