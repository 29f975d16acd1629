//! Sets, resets, changes and proves passwords.

use std::sync::Arc;

use domain::audit::EventKind;
use domain::challenge::{Challenge, Purpose};
use domain::store::{Credentials, Outcome, PasswordStore, UserStore, WriteError};
use domain::{Actor, ChallengeId, Email, Error, PasswordHash, Staff, User, VerificationMethod};

use crate::answer::{Caller, CodeSent};
use crate::detached;
use crate::error::{AuthError, Refusal};
use crate::hasher::{HashPermit, HasherStats, Then};
use crate::one_time_code::Draft;
use crate::password::{Password, PasswordPolicy};
use crate::wiring::{AuthStore, Shared};

/// The name of the new password in a refusal.
const NEW_PASSWORD: &str = "new_password";

/// Passwords of staff.
#[derive(Clone)]
pub struct Passwords {
    shared: Shared,
    pub(crate) store: Arc<dyn PasswordStore>,
    users: Arc<dyn UserStore>,
}

/// A change from one password to another.
pub struct PasswordChange {
    pub current: Password,
    pub new: Password,
}

/// Somebody who knew their password.
struct Proven {
    found: Credentials,
    /// The hash of the new password, if there is one.
    new: Option<PasswordHash>,
    permit: HashPermit,
}

impl Passwords {
    pub(crate) fn new<S: AuthStore + 'static>(store: &Arc<S>, shared: &Shared) -> Self {
        Self { shared: shared.clone(), store: store.clone(), users: store.clone() }
    }

    /// What a new password must be.
    #[must_use]
    pub fn policy(&self) -> PasswordPolicy {
        self.shared.env.settings.passwords
    }

    /// How busy the threads that hash are, for metrics.
    #[must_use]
    pub fn hasher_stats(&self) -> HasherStats {
        self.shared.env.hasher.stats()
    }

    /// Checks and hashes a new password, for `Accounts::create`. `field` names it in a refusal.
    pub async fn hash_new(
        &self,
        actor: &Actor,
        field: &'static str,
        password: &Password,
        account_email: Option<&Email>,
    ) -> Result<PasswordHash, AuthError> {
        self.check_new(field, password, account_email)?;
        self.shared.env.hasher.hash(&mut self.shared.admission.enter(actor).await?, password).await
    }

    /// Sends a code for a new password. The answer does not show whether anybody gets it, and always says that it goes
    /// by e-mail.
    pub async fn forgot(&self, actor: &Actor, email: &Email) -> Result<CodeSent, AuthError> {
        let found = self.store.find_credentials(email).await?;
        let user = found.map(|found| found.user).filter(|user| user.is_active);
        let staff = user.as_ref().and_then(User::staff);
        let draft = Draft {
            user_id: user.as_ref().map(|user| user.id),
            has_account: user.is_some(),
            channel: staff.map_or(VerificationMethod::Email, |staff| staff.verification_method),
            contact: staff.map(Staff::contact),
            ..Draft::new(Purpose::PasswordReset, VerificationMethod::Email, email.as_str())
        };
        let sent = self.shared.challenges.send_code(actor, draft).await?;
        Ok(CodeSent { channel: VerificationMethod::Email, ..sent })
    }

    /// Sets a new password by code, also the first one of an invited person. All sessions end.
    ///
    /// # Errors
    /// [`AuthError::Invalid`] for a weak password, which spends no try. Only somebody with the right code is told that
    /// the password is made of the account's e-mail. Anybody else would learn that there is an account.
    /// [`AuthError::InvalidCode`], [`AuthError::AccountInactive`], [`AuthError::Overloaded`].
    pub async fn reset(&self, actor: &Actor, id: ChallengeId, code: &str, new: &Password) -> Result<(), AuthError> {
        self.check_new(NEW_PASSWORD, new, None)?;
        let mut permit = self.shared.admission.enter(actor).await?;
        let purposes = [Purpose::PasswordReset, Purpose::Invitation];
        let challenge = self.shared.challenges.try_code(actor, id, code, &purposes).await?;
        let done = self.reset_by(actor, &challenge, new, &mut permit).await;
        if let Err(AuthError::Invalid(_) | AuthError::Overloaded { .. }) = done {
            self.shared.challenges.store.return_try(id).await?;
        }
        done
    }

    /// Sets the new password after a right code.
    async fn reset_by(
        &self,
        actor: &Actor,
        challenge: &Challenge,
        new: &Password,
        permit: &mut HashPermit,
    ) -> Result<(), AuthError> {
        let user = self.shared.challenges.holder(challenge).await?;
        // Invited people may set their password before they are active.
        if !user.is_active && challenge.purpose == Purpose::PasswordReset {
            return Err(AuthError::AccountInactive);
        }
        self.check_new(NEW_PASSWORD, new, user.staff().map(|staff| &staff.email))?;
        let hash = self.shared.env.hasher.hash(permit, new).await?;
        self.set(actor, challenge, &user, hash).await
    }

    async fn set(
        &self,
        actor: &Actor,
        challenge: &Challenge,
        user: &User,
        hash: PasswordHash,
    ) -> Result<(), AuthError> {
        let by_owner = Actor::user(user, actor.origin.clone());
        let event = self.shared.env.event(&by_owner, EventKind::PasswordReset, Some(user.id));
        let outcome = Outcome { password: Some((user.id, hash)), ..Outcome::default() };
        self.shared.challenges.redeem_by_owner(challenge, user, event, outcome).await?;
        self.shared.env.outbox_signal.notify_one();
        // The person proved their contact from this network. So guesses of strangers must not keep them out.
        self.shared.networks.remember(user, actor.origin.address).await;
        Ok(())
    }

    /// Changes the caller's password. Their other sessions end; the one in use is fresh after that, since the password
    /// was given in it.
    ///
    /// # Errors
    /// `Forbidden` for customers, who have none; those of the reading; [`AuthError::Invalid`] for a weak new one;
    /// [`AuthError::InvalidCredentials`] for a wrong current one; [`AuthError::InvalidToken`] when the caller's
    /// authority has ended meanwhile.
    pub async fn change<E: From<AuthError>>(
        &self,
        caller: &Caller,
        sent: impl AsyncFnOnce() -> Result<PasswordChange, E>,
    ) -> Result<(), E> {
        let staff = staff(caller)?;
        let PasswordChange { current, new } = sent().await?;
        Ok(self.change_of(caller, staff, &current, &new).await?)
    }

    async fn change_of(
        &self,
        caller: &Caller,
        staff: &Staff,
        current: &Password,
        new: &Password,
    ) -> Result<(), AuthError> {
        self.check_authority(&caller.actor).await?;
        self.check_new(NEW_PASSWORD, new, Some(&staff.email))?;
        let permit = self.shared.admission.enter(&caller.actor).await?;
        let proven = self.prove(caller, current, Some(new), permit).await?;
        let changed = match self.replace(caller, &proven).await {
            // A sign-in renewed the hash, or the password was changed.
            Err(WriteError::Stale) => {
                let proven = self.prove(caller, current, Some(new), proven.permit).await?;
                self.replace(caller, &proven).await
            }
            done => done,
        };
        changed?;
        self.shared.env.outbox_signal.notify_one();
        Ok(())
    }

    /// Makes the caller's session fresh for five minutes. Guesses are counted together with those of a password change.
    /// They are noted even when the client hangs up.
    ///
    /// # Errors
    /// `Forbidden` for customers, who have no password; those of the reading; [`AuthError::InvalidCredentials`] for a
    /// wrong one; [`AuthError::InvalidToken`] when the session ended meanwhile; [`AuthError::TooMany`],
    /// [`AuthError::Overloaded`].
    pub async fn reauthenticate<E: From<AuthError>>(
        &self,
        caller: &Caller,
        password: impl AsyncFnOnce() -> Result<Password, E>,
    ) -> Result<(), E> {
        staff(caller)?;
        let password = password().await?;
        Ok(self.reauthenticate_by(caller, password).await?)
    }

    async fn reauthenticate_by(&self, caller: &Caller, password: Password) -> Result<(), AuthError> {
        let permit = self.shared.admission.enter(&caller.actor).await?;
        let (this, caller) = (self.clone(), caller.clone());
        detached::run(async move {
            let proven = this.check_own(&caller, &password, None, permit).await?;
            let noted = match this.note_proof(&caller, &proven).await {
                // A sign-in renewed the hash, the password was changed, or the session has ended.
                Err(WriteError::Stale) => {
                    let proven = this.check_own(&caller, &password, None, proven.permit).await?;
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

    /// Checks that the caller's authority has not ended, before work is spent on the request.
    async fn check_authority(&self, actor: &Actor) -> Result<(), AuthError> {
        let is_good = self.users.has_authority(&self.shared.env.authority(actor)).await?;
        if is_good { Ok(()) } else { Err(AuthError::InvalidToken) }
    }

    /// Checks the current password. The check is counted and noted even when the client hangs up.
    async fn prove(
        &self,
        caller: &Caller,
        current: &Password,
        new: Option<&Password>,
        permit: HashPermit,
    ) -> Result<Proven, AuthError> {
        let (this, caller, current, new) = (self.clone(), caller.clone(), current.clone(), new.cloned());
        detached::run(async move { this.check_own(&caller, &current, new.as_ref(), permit).await }).await
    }

    async fn check_own(
        &self,
        caller: &Caller,
        current: &Password,
        new: Option<&Password>,
        mut permit: HashPermit,
    ) -> Result<Proven, AuthError> {
        let staff = staff(caller)?;
        let found = self.store.find_credentials(&staff.email).await?;
        let found = found.filter(|found| found.user.id == caller.user.id);
        let guess = self.shared.guesses.begin_own(caller.user.id, permit.until()).await?;
        let hash = found.as_ref().map(|found| &found.password_hash);
        let then = new.map_or(Then::Nothing, Then::Replace);
        let verdict = self.shared.env.hasher.verify(&mut permit, current, hash, then).await;
        let verdict = self.shared.guesses.settle(guess, verdict).await?;
        if let Some(found) = found.filter(|_| verdict.matches) {
            return Ok(Proven { found, new: verdict.new, permit });
        }
        self.shared.guesses.record_failure(&caller.actor, Some(&*caller.user)).await?;
        Err(AuthError::InvalidCredentials)
    }

    async fn replace(&self, caller: &Caller, proven: &Proven) -> Result<(), WriteError> {
        let event = self.shared.env.event(&caller.actor, EventKind::PasswordChanged, Some(caller.user.id));
        let (user, keep) = (caller.user.id, caller.actor.session());
        let by = self.shared.env.authority(&caller.actor);
        let Some(new) = &proven.new else { return Err(WriteError::Stale) };
        self.store.change_password(&by, user, &proven.found.password_hash, new, keep, &event).await
    }

    async fn note_proof(&self, caller: &Caller, proven: &Proven) -> Result<(), WriteError> {
        let event = self.shared.env.event(&caller.actor, EventKind::SessionReauthenticated, Some(caller.user.id));
        // Whoever has none was refused before.
        let (Some(session), user) = (caller.actor.session(), caller.user.id) else { return Err(WriteError::Stale) };
        self.store.prove_session(session, user, &proven.found.password_hash, &event).await
    }

    fn check_new(&self, field: &'static str, password: &Password, email: Option<&Email>) -> Result<(), AuthError> {
        Ok(self.shared.env.settings.passwords.check(password, email).map_err(|error| Refusal { field, error })?)
    }
}

/// The profile of a caller who may manage their password. Customers have none, and an API key never does.
fn staff(caller: &Caller) -> Result<&Staff, AuthError> {
    caller.session()?;
    caller.user.staff().ok_or(AuthError::Domain(Error::Forbidden))
}
