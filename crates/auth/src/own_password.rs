//! Lets people who are signed in use their password: to change it, or to prove that a stolen token is not all that the
//! caller has (ASVS 7.5.1).

use std::sync::Arc;

use domain::audit::EventKind;
use domain::store::{Credentials, PasswordStore, UserStore, WriteError};
use domain::{Actor, Error, PasswordHash};

use crate::answer::Caller;
use crate::detached;
use crate::env::Env;
use crate::error::{AuthError, Refusal};
use crate::guesses::Guesses;
use crate::hasher::{HashPermit, Then};
use crate::password::Password;
use crate::ports::{Ports, Shared};
use crate::sign_in_admission::SignInAdmission;

/// The password of the caller.
#[derive(Clone)]
pub struct OwnPassword {
    env: Arc<Env>,
    store: Arc<dyn PasswordStore>,
    users: Arc<dyn UserStore>,
    guesses: Arc<Guesses>,
    admission: Arc<SignInAdmission>,
}

/// Somebody who knew their password.
struct Proven {
    found: Credentials,
    /// The hash of the password that takes its place, if one does.
    new: Option<PasswordHash>,
    permit: HashPermit,
}

impl OwnPassword {
    pub(crate) fn new(ports: &Ports, shared: &Shared) -> Self {
        Self {
            env: shared.env.clone(),
            store: ports.passwords.clone(),
            users: ports.users.clone(),
            guesses: shared.guesses.clone(),
            admission: shared.admission.clone(),
        }
    }

    /// Whether the caller has a password at all, before a request that needs it is read.
    ///
    /// # Errors
    /// `Forbidden` for customers, who sign in by code.
    pub fn check_exists(&self, caller: &Caller) -> Result<(), AuthError> {
        if caller.user.staff().is_some() { Ok(()) } else { Err(AuthError::Domain(Error::Forbidden)) }
    }

    /// Changes the caller's password. Their other sessions end; the one in use is fresh after that, since the password
    /// was given in it.
    ///
    /// # Errors
    /// `Forbidden` for customers, who have none; [`AuthError::Invalid`] for a weak new one;
    /// [`AuthError::InvalidCredentials`] for a wrong current one; [`AuthError::InvalidToken`] when the caller's
    /// authority has ended meanwhile.
    pub async fn change(&self, caller: &Caller, current: &Password, new: &Password) -> Result<(), AuthError> {
        let staff = caller.user.staff().ok_or(AuthError::Domain(Error::Forbidden))?;
        self.check_authority(&caller.actor).await?;
        let checked = self.env.settings.passwords.check(new, Some(&staff.email));
        checked.map_err(|error| Refusal::new("new_password", error))?;
        let permit = self.admission.enter(&caller.actor).await?;
        let proven = self.prove(caller, current, Some(new), permit).await?;
        let changed = match self.replace(caller, &proven).await {
            // A sign-in renewed the hash, or somebody else changed the password.
            Err(WriteError::Stale) => {
                let proven = self.prove(caller, current, Some(new), proven.permit).await?;
                self.replace(caller, &proven).await
            }
            done => done,
        };
        changed?;
        self.env.outbox_signal.notify_one();
        Ok(())
    }

    /// Makes the caller's session fresh for five minutes. Guesses are counted with those of a password change, and
    /// noted though whoever asked hangs up.
    ///
    /// # Errors
    /// `Forbidden` for customers, who have no password; [`AuthError::InvalidCredentials`] for a wrong one;
    /// [`AuthError::InvalidToken`] when the session ended meanwhile; [`AuthError::TooMany`], [`AuthError::Overloaded`].
    pub async fn reauthenticate(&self, caller: &Caller, password: &Password) -> Result<(), AuthError> {
        self.check_exists(caller)?;
        let permit = self.admission.enter(&caller.actor).await?;
        let (this, caller, password) = (self.clone(), caller.clone(), password.clone());
        detached::run(async move {
            let proven = this.check(&caller, &password, None, permit).await?;
            let noted = match this.note_proof(&caller, &proven).await {
                // A sign-in renewed the hash, the password was changed, or the session has ended.
                Err(WriteError::Stale) => {
                    let proven = this.check(&caller, &password, None, proven.permit).await?;
                    this.note_proof(&caller, &proven).await
                }
                done => done,
            };
            match noted {
                Err(WriteError::Stale) => Err(AuthError::InvalidToken),
                done => Ok(done?),
            }
        })
        .await
    }

    /// Whether the caller still is who they were when the request began, before work is spent on it.
    async fn check_authority(&self, actor: &Actor) -> Result<(), AuthError> {
        let is_good = self.users.has_authority(&self.env.authority(actor)).await?;
        if is_good { Ok(()) } else { Err(AuthError::InvalidToken) }
    }

    /// Checks the current password. That is counted and noted though whoever asked hangs up.
    async fn prove(
        &self,
        caller: &Caller,
        current: &Password,
        new: Option<&Password>,
        permit: HashPermit,
    ) -> Result<Proven, AuthError> {
        let (this, caller, current, new) = (self.clone(), caller.clone(), current.clone(), new.cloned());
        detached::run(async move { this.check(&caller, &current, new.as_ref(), permit).await }).await
    }

    async fn check(
        &self,
        caller: &Caller,
        current: &Password,
        new: Option<&Password>,
        mut permit: HashPermit,
    ) -> Result<Proven, AuthError> {
        let staff = caller.user.staff().ok_or(AuthError::Domain(Error::Forbidden))?;
        let found = self.store.find_credentials(&staff.email).await?;
        let found = found.filter(|found| found.user.id == caller.user.id);
        let guess = self.guesses.begin_own(caller.user.id, permit.until()).await?;
        let hash = found.as_ref().map(|found| &found.password_hash);
        let then = new.map_or(Then::Nothing, Then::Replace);
        let verdict = self.admission.hasher.verify(&mut permit, current, hash, then).await;
        let verdict = self.guesses.settle(guess, verdict).await?;
        if let Some(found) = found.filter(|_| verdict.matches) {
            return Ok(Proven { found, new: verdict.new, permit });
        }
        self.guesses.record_failure(&caller.actor, Some(&caller.user)).await?;
        Err(AuthError::InvalidCredentials)
    }

    async fn replace(&self, caller: &Caller, proven: &Proven) -> Result<(), WriteError> {
        let event = self.env.event(&caller.actor, EventKind::PasswordChanged, Some(caller.user.id));
        let (user, keep) = (caller.user.id, Some(caller.session_id));
        let by = self.env.authority(&caller.actor);
        let Some(new) = &proven.new else { return Err(WriteError::Stale) };
        self.store.change_password(&by, user, &proven.found.password_hash, new, keep, &event).await
    }

    async fn note_proof(&self, caller: &Caller, proven: &Proven) -> Result<(), WriteError> {
        let event = self.env.event(&caller.actor, EventKind::SessionReauthenticated, Some(caller.user.id));
        let (session, user) = (caller.session_id, caller.user.id);
        self.store.prove_session(session, user, &proven.found.password_hash, &event).await
    }
}
