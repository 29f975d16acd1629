//! Sessions.

use async_trait::async_trait;

use super::error::{StoreError, WriteError};
use crate::audit::Event;
use crate::authority::Authority;
use crate::clock::Timestamp;
use crate::id::{SessionId, UserId};
use crate::proof::FreshProof;
use crate::session::Session;
use crate::user::User;

/// Sessions.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Starts a session of somebody who is active at that moment; [`WriteError::Stale`] when
    /// they are not, or no more. Beyond [`MAX_SESSIONS`](crate::session::MAX_SESSIONS) those that were used least
    /// recently end, which is recorded beside the event.
    async fn start_session(&self, session: &Session, event: &Event) -> Result<(), WriteError>;

    /// The person of a session, if the session has not ended or expired and
    /// the person is active. One query by primary key, since every request asks.
    async fn find_caller(&self, id: SessionId, now: Timestamp) -> Result<Option<User>, StoreError>;

    /// The session, ended ones excepted.
    async fn find_session(&self, id: SessionId) -> Result<Option<Session>, StoreError>;

    /// Writes the renewed session over the one that has `renewals - 1` renewals
    /// and is live, of an active person. [`WriteError::Stale`] when there is none.
    async fn renew_session(&self, renewed: &Session) -> Result<(), WriteError>;

    /// A person's sessions that have not expired, newest first.
    async fn list_sessions(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError>;

    /// Ends one session of the person. Answers whether there was one; records the event if so.
    async fn end_session(&self, by: &Authority, user: UserId, id: SessionId, event: &Event)
    -> Result<bool, WriteError>;

    /// Ends all sessions of the person but `except`. Answers how many; records the event if any.
    async fn end_sessions(
        &self,
        by: &Authority,
        user: UserId,
        except: Option<SessionId>,
        event: &Event,
    ) -> Result<u64, WriteError>;

    /// Ends all sessions of the person but the one of the proof. Answers how many; records the event if any.
    /// [`WriteError::NotFresh`].
    async fn end_other_sessions(&self, proof: &FreshProof, event: &Event) -> Result<u64, WriteError>;
}
