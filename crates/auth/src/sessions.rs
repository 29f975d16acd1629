//! Shows and ends sessions.

use std::sync::Arc;

use domain::audit::{Event, EventKind};
use domain::session::Session;
use domain::store::{SessionStore, UserStore};
use domain::{Action, Actor, Error, FreshProof, SessionId, UserId, policy};

use crate::answer::Caller;
use crate::env::Env;
use crate::error::AuthError;
use crate::wiring::{AuthStore, Shared};

/// The sessions of people.
#[derive(Clone)]
pub struct Sessions {
    env: Arc<Env>,
    pub(crate) store: Arc<dyn SessionStore>,
    users: Arc<dyn UserStore>,
}

impl Sessions {
    pub(crate) fn new<S: AuthStore + 'static>(store: &Arc<S>, shared: &Shared) -> Self {
        Self { env: shared.env.clone(), store: store.clone(), users: store.clone() }
    }

    /// The caller's sessions, newest first; [`Caller::session`] tells which is in use.
    ///
    /// # Errors
    /// `Forbidden` for API keys; [`AuthError::Store`].
    pub async fn list(&self, caller: &Caller) -> Result<Vec<Session>, AuthError> {
        caller.session()?;
        Ok(self.store.list_sessions(caller.user.id, self.env.now()).await?)
    }

    /// Ends the caller's session.
    ///
    /// # Errors
    /// `Forbidden` for API keys; [`AuthError::InvalidToken`] when it has ended meanwhile; [`AuthError::Store`].
    pub async fn sign_out(&self, caller: &Caller) -> Result<(), AuthError> {
        self.end_own(caller, caller.session()?).await?;
        Ok(())
    }

    /// Ends one of the caller's sessions.
    ///
    /// # Errors
    /// `Forbidden` for API keys; `NotFound` for one that is not theirs; [`AuthError::InvalidToken`] when the one in use has ended meanwhile.
    pub async fn end(&self, caller: &Caller, id: SessionId) -> Result<(), AuthError> {
        caller.session()?;
        if self.end_own(caller, id).await? { Ok(()) } else { Err(AuthError::Domain(Error::NotFound)) }
    }

    /// Ends the caller's sessions but the one in use, which must be fresh where the caller has a password: whoever
    /// stole a token would otherwise put the owner out. Answers how many.
    pub async fn end_others(&self, caller: &Caller) -> Result<u64, AuthError> {
        let session = caller.session()?;
        let event = self.ended(&caller.actor, caller.user.id);
        if caller.user.staff().is_none() {
            let (by, keep) = (self.env.authority(&caller.actor), Some(session));
            return Ok(self.store.end_sessions(&by, caller.user.id, keep, &event).await?);
        }
        let proof = FreshProof::of(&caller.actor, self.env.now())?;
        Ok(self.store.end_other_sessions(&proof, &event).await?)
    }

    /// Signs a person out everywhere. Answers of how many sessions.
    ///
    /// # Errors
    /// `Forbidden` for all but admins; those of reading whose; `NotFound` for nobody; [`AuthError::InvalidToken`] when the caller's authority
    /// has ended meanwhile.
    pub async fn end_all_of<E: From<AuthError>>(
        &self,
        actor: &Actor,
        whose: impl FnOnce() -> Result<UserId, E>,
    ) -> Result<u64, E> {
        let scope = policy::allowed(actor, Action::EndSessions).map_err(AuthError::from)?;
        let id = whose()?;
        if self.users.find_user(scope, id).await.map_err(AuthError::from)?.is_none() {
            return Err(AuthError::Domain(Error::NotFound).into());
        }
        let (by, event) = (self.env.authority(actor), self.ended(actor, id));
        Ok(self.store.end_sessions(&by, id, None, &event).await.map_err(AuthError::from)?)
    }

    async fn end_own(&self, caller: &Caller, id: SessionId) -> Result<bool, AuthError> {
        let (by, owner) = (self.env.authority(&caller.actor), caller.user.id);
        Ok(self.store.end_session(&by, owner, id, &self.ended(&caller.actor, owner)).await?)
    }

    fn ended(&self, actor: &Actor, owner: UserId) -> Event {
        self.env.event(actor, EventKind::SessionEnded, Some(owner))
    }
}
