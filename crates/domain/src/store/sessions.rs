//! Passwords of staff, and the sessions that begin with them or with a code.

use async_trait::async_trait;

use super::error::{StoreError, WriteError};
use crate::actor::{Authority, FreshProof};
use crate::audit::Event;
use crate::clock::Timestamp;
use crate::id::{SessionId, UserId};
use crate::session::Session;
use crate::user::{PasswordHash, User};
use crate::value::Email;

/// Whoever is signed in by a session.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionOwner {
    /// Who, active.
    pub user: User,
    /// When the session expires if it is not renewed.
    pub expires_at: Timestamp,
}

/// A mark of all changes so far that may concern a session, or an API key, and its owner. Two that are equal say that
/// there was none in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation(pub [u64; 3]);

/// Sessions.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Starts a session of somebody who is active now. [`WriteError::Stale`] when they are not active or were erased.
    /// If they have more than [`MAX_SESSIONS`](crate::session::MAX_SESSIONS), those that were used least recently end,
    /// which is recorded with the event.
    async fn start_session(&self, session: &Session, event: &Event) -> Result<(), WriteError>;

    /// The person of a session, if the session has not ended or expired and
    /// the person is active. One query by primary key, since requests ask often.
    async fn find_caller(&self, id: SessionId, now: Timestamp) -> Result<Option<SessionOwner>, StoreError>;

    /// Where these two stand. What [`Self::find_caller`] answered may be used again as long as the generation is the one
    /// from before the question: it is another by the time that a write through this store has returned which may have
    /// changed the session or any column of the person, also one that failed or was given up, since it may have been
    /// committed. Writes by other programs don't show. `None` from a store that does not know; nothing it answers may be
    /// used again. Asks no database.
    fn generation(&self, _session: SessionId, _owner: UserId) -> Option<Generation> {
        None
    }

    /// The session, unless it has ended.
    async fn find_session(&self, id: SessionId) -> Result<Option<Session>, StoreError>;

    /// Writes the renewed session over the live session that has one renewal less, of an active person.
    /// [`WriteError::Stale`] when there is none.
    async fn renew_session(&self, renewed: &Session) -> Result<(), WriteError>;

    /// A person's sessions that have not expired, newest first.
    async fn list_sessions(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError>;

    /// Ends one session of the person. Answers whether there was one, and records the event if so.
    async fn end_session(&self, by: &Authority, user: UserId, id: SessionId, event: &Event)
    -> Result<bool, WriteError>;

    /// Ends all sessions of the person but `except`. Answers how many, and records the event if there were any.
    async fn end_sessions(
        &self,
        by: &Authority,
        user: UserId,
        except: Option<SessionId>,
        event: &Event,
    ) -> Result<u64, WriteError>;

    /// Ends all sessions of the person but the one of the proof. Answers how many, and records the event if there were
    /// any. [`WriteError::NotFresh`] when the proof is not found.
    async fn end_other_sessions(&self, proof: &FreshProof, event: &Event) -> Result<u64, WriteError>;
}

/// A staff member with their password hash.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The staff member, active or not.
    pub user: User,
    /// What the password is checked against.
    pub password_hash: PasswordHash,
}

/// Passwords of staff.
#[async_trait]
pub trait PasswordStore: Send + Sync {
    /// The staff member with this e-mail.
    async fn find_credentials(&self, email: &Email) -> Result<Option<Credentials>, StoreError>;

    /// Replaces a password hash by another one of the same password, if it is still `old`.
    async fn renew_password_hash(&self, id: UserId, old: &PasswordHash, new: &PasswordHash) -> Result<(), StoreError>;

    /// Replaces the password `old`. Ends all sessions but `keep`, which is fresh afterwards. Closes every open
    /// challenge that depends on the old password, and writes notices to the person. [`WriteError::Stale`] when the
    /// password is no longer `old`.
    async fn change_password(
        &self,
        by: &Authority,
        user: UserId,
        old: &PasswordHash,
        new: &PasswordHash,
        keep: Option<SessionId>,
        event: &Event,
    ) -> Result<(), WriteError>;

    /// Notes that the person gave the password of this hash in this session, at the time of the event.
    /// [`WriteError::Stale`] when the password is not theirs any more, or the session has ended.
    async fn prove_session(
        &self,
        session: SessionId,
        user: UserId,
        password: &PasswordHash,
        event: &Event,
    ) -> Result<(), WriteError>;
}
