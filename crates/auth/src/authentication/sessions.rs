//! How sessions are seen and ended.

use domain::audit::EventKind;
use domain::session::Session;
use domain::{Action, Actor, Error, Scope, SessionId, UserId, policy};

use super::{Authentication, Caller};
use crate::error::AuthError;

impl Authentication {
    /// Ends the caller's session.
    ///
    /// # Errors
    /// [`AuthError::InvalidToken`] when it has ended meanwhile; [`AuthError::Store`].
    pub async fn sign_out(&self, caller: &Caller) -> Result<(), AuthError> {
        self.end(caller, caller.session_id).await?;
        Ok(())
    }

    /// The caller's sessions, newest first; [`Caller::session_id`] tells which is in use.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub async fn list_sessions(&self, caller: &Caller) -> Result<Vec<Session>, AuthError> {
        Ok(self.inner.stores.sessions.list_sessions(caller.user.id, self.now()).await?)
    }

    /// Ends one of the caller's sessions.
    ///
    /// # Errors
    /// `NotFound` for one that is not theirs; [`AuthError::InvalidToken`] when the one in use has ended meanwhile.
    pub async fn end_session(&self, caller: &Caller, id: SessionId) -> Result<(), AuthError> {
        if self.end(caller, id).await? { Ok(()) } else { Err(AuthError::Domain(Error::NotFound)) }
    }

    /// Signs a person out everywhere. Answers of how many sessions.
    ///
    /// # Errors
    /// `Forbidden` for all but admins, `NotFound` for nobody; [`AuthError::InvalidToken`] when the caller's authority
    /// has ended meanwhile.
    pub async fn end_all_sessions_of(&self, actor: &Actor, id: UserId) -> Result<u64, AuthError> {
        let scope = policy::scope(actor, Action::EndSessions);
        if scope == Scope::Nothing {
            return Err(AuthError::Domain(Error::Forbidden));
        }
        if self.inner.stores.accounts.find_user(scope, id).await?.is_none() {
            return Err(AuthError::Domain(Error::NotFound));
        }
        let event = self.event(actor, EventKind::SessionEnded, Some(id));
        Ok(self.inner.stores.sessions.end_sessions(&self.authority(actor), id, None, &event).await?)
    }

    async fn end(&self, caller: &Caller, id: SessionId) -> Result<bool, AuthError> {
        let event = self.event(&caller.actor, EventKind::SessionEnded, Some(caller.user.id));
        Ok(self.inner.stores.sessions.end_session(&self.authority(&caller.actor), caller.user.id, id, &event).await?)
    }
}
