//! How somebody who is signed in gives their password again, so that a stolen token is not the account (ASVS 7.5.1).

use domain::audit::EventKind;
use domain::store::{Credentials, WriteError};
use domain::{Error, FreshProof};

use super::finish::to_its_end;
use super::{Authentication, Caller};
use crate::error::AuthError;
use crate::hasher::{Place, Then};
use crate::password::Password;

impl Authentication {
    /// Makes the caller's session fresh for five minutes. Guesses are counted with those of a password change, and
    /// noted though whoever asked hangs up.
    ///
    /// # Errors
    /// `Forbidden` for customers, who have no password; [`AuthError::InvalidCredentials`] for a wrong one;
    /// [`AuthError::InvalidToken`] when the session ended meanwhile; [`AuthError::TooMany`], [`AuthError::Overloaded`].
    pub async fn reauthenticate(&self, caller: &Caller, password: &Password) -> Result<(), AuthError> {
        self.check_has_password(caller)?;
        let place = self.enter_hasher(&caller.actor).await?;
        let (auth, caller, password) = (self.clone(), caller.clone(), password.clone());
        to_its_end(async move { auth.prove(&caller, &password, place).await }).await
    }

    /// Ends the caller's sessions but the one in use, which must be fresh where the caller has a password: whoever
    /// stole a token would otherwise put the owner out. Answers how many.
    ///
    /// # Errors
    /// `ReauthenticationRequired`.
    pub async fn end_other_sessions(&self, caller: &Caller) -> Result<u64, AuthError> {
        let event = self.event(&caller.actor, EventKind::SessionEnded, Some(caller.user.id));
        if caller.user.staff().is_none() {
            let keep = Some(caller.session_id);
            return Ok(self
                .inner
                .stores
                .sessions
                .end_sessions(&self.authority(&caller.actor), caller.user.id, keep, &event)
                .await?);
        }
        let proof = FreshProof::of(&caller.actor, self.now())?;
        Ok(self.inner.stores.sessions.end_other_sessions(&proof, &event).await?)
    }

    async fn prove(&self, caller: &Caller, password: &Password, mut place: Place) -> Result<(), AuthError> {
        let found = self.check_known(caller, password, &mut place).await?;
        match self.note_proof(caller, &found).await {
            // A sign-in renewed the hash, the password was changed, or the session has ended.
            Err(WriteError::Stale) => {
                let found = self.check_known(caller, password, &mut place).await?;
                match self.note_proof(caller, &found).await {
                    Err(WriteError::Stale) => Err(AuthError::InvalidToken),
                    done => Ok(done?),
                }
            }
            done => Ok(done?),
        }
    }

    async fn check_known(
        &self,
        caller: &Caller,
        password: &Password,
        place: &mut Place,
    ) -> Result<Credentials, AuthError> {
        let staff = caller.user.staff().ok_or(AuthError::Domain(Error::Forbidden))?;
        let found = self.inner.stores.passwords.find_credentials(&staff.email).await?;
        let found = found.filter(|found| found.user.id == caller.user.id);
        let guess = self.begin_change(caller.user.id, place.until()).await?;
        let hash = found.as_ref().map(|found| &found.password_hash);
        let verdict = self.inner.hasher.verify(place, password, hash, Then::Nothing).await;
        let matches = self.settle_verdict(guess, verdict).await?.matches;
        if let Some(found) = found.filter(|_| matches) {
            return Ok(found);
        }
        self.record_failure(&caller.actor, Some(&caller.user)).await?;
        Err(AuthError::InvalidCredentials)
    }

    async fn note_proof(&self, caller: &Caller, found: &Credentials) -> Result<(), WriteError> {
        let event = self.event(&caller.actor, EventKind::SessionReauthenticated, Some(caller.user.id));
        let (session, user) = (caller.session_id, caller.user.id);
        self.inner.stores.passwords.prove_session(session, user, &found.password_hash, &event).await
    }
}
