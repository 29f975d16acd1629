//! How passwords change.

use domain::audit::EventKind;
use domain::challenge::{Challenge, Purpose};
use domain::store::Outcome;
use domain::store::{Credentials, WriteError};
use domain::{Actor, ChallengeId, Email, Error, PasswordHash, Staff, User, VerificationMethod};

use super::finish::to_its_end;
use super::{Authentication, Caller, CodeSent};
use crate::challenge::Draft;
use crate::error::{AuthError, Refusal};
use crate::hasher::{Place, Then};
use crate::password::Password;

/// How the new password is called in a refusal.
const NEW_PASSWORD: &str = "new_password";

/// Somebody who knew their password, and the hash of the one that takes its place.
struct Exchange {
    found: Credentials,
    new: PasswordHash,
    place: Place,
}

impl Authentication {
    /// Sends a code for a new password. Whether anybody gets it, nobody is
    /// told; that it goes by e-mail, everybody is.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub async fn forgot_password(&self, actor: &Actor, email: &Email) -> Result<CodeSent, AuthError> {
        let found = self.inner.stores.passwords.find_credentials(email).await?;
        let user = found.map(|found| found.user).filter(|user| user.is_active);
        let staff = user.as_ref().and_then(User::staff);
        let draft = Draft {
            purpose: Purpose::PasswordReset,
            subject: email.to_string(),
            target: Some(email.to_string()),
            user_id: user.as_ref().map(|user| user.id),
            has_account: user.is_some(),
            channel: staff.map_or(VerificationMethod::Email, |staff| staff.verification_method),
            contact: staff.map(Staff::contact),
            pending: None,
        };
        let sent = self.code_sent(&self.open(actor, draft).await?.challenge);
        Ok(CodeSent { channel: VerificationMethod::Email, ..sent })
    }

    /// Sets a new password by code, a first one too. All sessions end.
    ///
    /// # Errors
    /// [`AuthError::Invalid`] for a weak password, which spends no try. That it
    /// is made of the account's own e-mail is told to whoever has the right
    /// code only: anybody else would learn that there is an account.
    /// [`AuthError::InvalidCode`], [`AuthError::AccountInactive`], [`AuthError::Overloaded`].
    pub async fn reset_password(
        &self,
        actor: &Actor,
        id: ChallengeId,
        code: &str,
        new: &Password,
    ) -> Result<(), AuthError> {
        let weak = |error| Refusal::new(NEW_PASSWORD, error);
        self.inner.settings.passwords.check(new, None).map_err(weak)?;
        let mut place = self.enter_hasher(actor).await?;
        let challenge = self.try_code(actor, id, code, &[Purpose::PasswordReset, Purpose::Invitation]).await?;
        let done = self.reset_by(actor, &challenge, new, &mut place).await;
        if let Err(AuthError::Invalid(_) | AuthError::Overloaded { .. }) = done {
            self.inner.stores.challenges.return_try(id).await?;
        }
        done
    }

    /// What a right code does.
    async fn reset_by(
        &self,
        actor: &Actor,
        challenge: &Challenge,
        new: &Password,
        place: &mut Place,
    ) -> Result<(), AuthError> {
        let user = self.holder(challenge).await?;
        // The invited may set their password before they are let in.
        if !user.is_active && challenge.purpose == Purpose::PasswordReset {
            return Err(AuthError::AccountInactive);
        }
        let checked = self.inner.settings.passwords.check(new, user.staff().map(|staff| &staff.email));
        checked.map_err(|error| Refusal::new(NEW_PASSWORD, error))?;
        let hash = self.inner.hasher.hash(place, new).await?;
        self.set_password(actor, challenge, &user, hash).await
    }

    /// Whether the caller has a password at all, before a request to change it is read.
    ///
    /// # Errors
    /// `Forbidden` for customers, who sign in by code.
    pub fn check_has_password(&self, caller: &Caller) -> Result<(), AuthError> {
        if caller.user.staff().is_some() { Ok(()) } else { Err(AuthError::Domain(Error::Forbidden)) }
    }

    /// Changes the caller's password. Their other sessions end; the one in use is fresh after that, since the
    /// password was given in it.
    ///
    /// # Errors
    /// `Forbidden` for customers, who have none; [`AuthError::Invalid`] for a
    /// weak new one; [`AuthError::InvalidCredentials`] for a wrong current one;
    /// [`AuthError::InvalidToken`] when the caller's authority has ended meanwhile.
    pub async fn change_password(&self, caller: &Caller, current: &Password, new: &Password) -> Result<(), AuthError> {
        let staff = caller.user.staff().ok_or(AuthError::Domain(Error::Forbidden))?;
        self.check_authority(&caller.actor).await?;
        let checked = self.inner.settings.passwords.check(new, Some(&staff.email));
        checked.map_err(|error| Refusal::new(NEW_PASSWORD, error))?;
        let exchange = self.check_current(caller, current, new, self.enter_hasher(&caller.actor).await?).await?;
        let replaced = match self.replace(caller, &exchange).await {
            // A sign-in renewed the hash, or somebody else changed the password.
            Err(WriteError::Stale) => {
                let exchange = self.check_current(caller, current, new, exchange.place).await?;
                self.replace(caller, &exchange).await
            }
            done => done,
        };
        replaced?;
        self.inner.outbox_signal.notify_one();
        Ok(())
    }

    async fn set_password(
        &self,
        actor: &Actor,
        challenge: &Challenge,
        user: &User,
        hash: PasswordHash,
    ) -> Result<(), AuthError> {
        let by_owner = Actor::user(user, actor.origin.clone());
        let event = self.event(&by_owner, EventKind::PasswordReset, Some(user.id));
        let outcome = Outcome { password: Some((user.id, hash)), ..Outcome::default() };
        self.redeem_by_owner(challenge, user, event, outcome).await?;
        self.inner.outbox_signal.notify_one();
        // Whoever proved their contact from there does not wait for strangers there.
        self.remember_network(user, actor.origin.address).await;
        Ok(())
    }

    /// Counted and noted though whoever asked hangs up.
    async fn check_current(
        &self,
        caller: &Caller,
        current: &Password,
        new: &Password,
        place: Place,
    ) -> Result<Exchange, AuthError> {
        let (auth, caller, current, new) = (self.clone(), caller.clone(), current.clone(), new.clone());
        to_its_end(async move { auth.check_own(&caller, &current, &new, place).await }).await
    }

    async fn check_own(
        &self,
        caller: &Caller,
        current: &Password,
        new: &Password,
        mut place: Place,
    ) -> Result<Exchange, AuthError> {
        let staff = caller.user.staff().ok_or(AuthError::Domain(Error::Forbidden))?;
        let found = self.inner.stores.passwords.find_credentials(&staff.email).await?;
        let found = found.filter(|found| found.user.id == caller.user.id);
        let guess = self.begin_change(caller.user.id, place.until()).await?;
        let hash = found.as_ref().map(|found| &found.password_hash);
        let verdict = self.inner.hasher.verify(&mut place, current, hash, Then::Replace(new)).await;
        let verdict = self.settle_verdict(guess, verdict).await?;
        if let (Some(found), Some(new)) = (found, verdict.new) {
            return Ok(Exchange { found, new, place });
        }
        self.record_failure(&caller.actor, Some(&caller.user)).await?;
        Err(AuthError::InvalidCredentials)
    }

    async fn replace(&self, caller: &Caller, exchange: &Exchange) -> Result<(), WriteError> {
        let event = self.event(&caller.actor, EventKind::PasswordChanged, Some(caller.user.id));
        let (user, keep) = (caller.user.id, Some(caller.session_id));
        let (by, old) = (self.authority(&caller.actor), &exchange.found.password_hash);
        self.inner.stores.passwords.change_password(&by, user, old, &exchange.new, keep, &event).await
    }
}
