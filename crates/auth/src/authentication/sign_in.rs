//! How people come back.

use domain::audit::EventKind;
use domain::challenge::Purpose;
use domain::store::Outcome;
use domain::store::{Credentials, WriteError};
use domain::{Actor, Authority, Email, PasswordHash, Phone, Scope, User, VerificationMethod};
use tokio::time::Instant;

use super::finish::to_its_end;
use super::{Answer, Authentication, CodeSent, SecondFactor, SignedIn};
use crate::challenge::Draft;
use crate::error::AuthError;
use crate::hasher::{PATIENCE, Place, Then};
use crate::password::Password;

/// Somebody who knew the password, and the hash that is stored of it.
struct Proven {
    user: User,
    hash: PasswordHash,
    place: Place,
}

impl Authentication {
    /// Signs staff in, or asks for their second factor. Unknown e-mail and
    /// wrong password are one answer in one time.
    ///
    /// # Errors
    /// [`AuthError::InvalidCredentials`], [`AuthError::AccountInactive`] after
    /// the right password, [`AuthError::Overloaded`].
    pub async fn sign_in_by_password(
        &self,
        actor: &Actor,
        email: &Email,
        password: &Password,
    ) -> Result<Answer, AuthError> {
        let proven = self.check_password(actor, email, password).await?;
        if !proven.user.is_active {
            self.record_failure(actor, Some(&proven.user)).await?;
            return Err(AuthError::AccountInactive);
        }
        match self.inner.settings.second_factor {
            SecondFactor::Required => self.send_second_factor(actor, proven, password).await.map(Answer::CodeSent),
            SecondFactor::Off => self.start(actor, proven, password).await.map(Answer::signed_in),
        }
    }

    /// Sends a code to a customer's phone. Numbers that nobody has, staff's
    /// included, get the same answer and the same work.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub async fn sign_in_by_phone(&self, actor: &Actor, phone: &Phone) -> Result<CodeSent, AuthError> {
        let customer = self.inner.stores.accounts.find_customer_by_phone(phone).await?;
        let draft = Draft {
            purpose: Purpose::CustomerSignIn,
            subject: phone.to_string(),
            target: Some(phone.to_string()),
            user_id: customer.as_ref().map(|user| user.id),
            has_account: customer.is_some(),
            channel: VerificationMethod::Phone,
            contact: customer.map(|_| phone.to_string()),
            pending: None,
        };
        Ok(self.code_sent(&self.open(actor, draft).await?.challenge))
    }

    /// Whose password this is. Always one check's work, which is counted and noted though whoever
    /// asked hangs up; nothing at all when too many wait already.
    async fn check_password(&self, actor: &Actor, email: &Email, password: &Password) -> Result<Proven, AuthError> {
        let until = Instant::now() + PATIENCE;
        let pass = self.wait_for_turn(actor, email, until).await?;
        let place = self.admit(actor, self.inner.hasher.enter_until(actor.origin.address, until)?).await?;
        let (auth, actor, email, password) = (self.clone(), actor.clone(), email.clone(), password.clone());
        to_its_end(async move {
            let checked = auth.check_sign_in(&actor, &email, &password, place).await;
            drop(pass);
            checked
        })
        .await
    }

    async fn check_sign_in(
        &self,
        actor: &Actor,
        email: &Email,
        password: &Password,
        mut place: Place,
    ) -> Result<Proven, AuthError> {
        let found = self.inner.stores.passwords.find_credentials(email).await?;
        let guess = self.begin_sign_in(actor, email, found.as_ref(), place.until()).await?;
        let hash = found.as_ref().map(|found| &found.password_hash);
        let verdict = self.inner.hasher.verify(&mut place, password, hash, Then::Renew).await;
        let verdict = self.settle_verdict(guess, verdict).await?;
        match found {
            Some(found) if verdict.matches => {
                let hash = match verdict.new {
                    Some(new) => self.renew_hash(&found, new).await,
                    None => found.password_hash,
                };
                Ok(Proven { user: found.user, hash, place })
            }
            found => {
                self.record_failure(actor, found.map(|found| found.user).as_ref()).await?;
                Err(AuthError::InvalidCredentials)
            }
        }
    }

    pub(super) async fn record_failure(&self, actor: &Actor, subject: Option<&User>) -> Result<(), AuthError> {
        let event = self.event(actor, EventKind::SigninFailed, subject.map(|user| user.id));
        Ok(self.inner.stores.accounts.record_event(&event).await?)
    }

    /// Replaces a cheap hash. When that can't be done now, the next sign-in does it.
    async fn renew_hash(&self, found: &Credentials, new: PasswordHash) -> PasswordHash {
        let renewed = self.inner.stores.passwords.renew_password_hash(found.user.id, &found.password_hash, &new).await;
        match renewed {
            Ok(()) => new,
            Err(error) => {
                tracing::warn!(error = %domain::ErrorChain(&error), "a password hash was not renewed");
                found.password_hash.clone()
            }
        }
    }

    async fn send_second_factor(
        &self,
        actor: &Actor,
        mut proven: Proven,
        password: &Password,
    ) -> Result<CodeSent, AuthError> {
        let user = &proven.user;
        let staff = user.staff().ok_or(AuthError::InvalidCredentials)?;
        let draft = Draft {
            purpose: Purpose::SecondFactor,
            subject: staff.email.to_string(),
            // Not that of a forgotten password, which a stranger can ask for.
            target: Some(format!("{} with password", staff.email)),
            user_id: Some(user.id),
            has_account: true,
            channel: staff.verification_method,
            contact: Some(staff.contact()),
            pending: None,
        };
        let challenge = self.open(actor, draft).await?.challenge;
        let checked = self.check_again(&mut proven, password).await;
        if checked.is_err() {
            // Redeemed for nothing, it is closed.
            let _ = self.redeem(&challenge, &Outcome::default()).await;
        }
        checked.map(|()| self.code_sent(&challenge))
    }

    async fn start(&self, actor: &Actor, mut proven: Proven, password: &Password) -> Result<SignedIn, AuthError> {
        let user = &proven.user;
        let (session, token) = self.new_session(user, &actor.origin)?;
        let event = self.session_started(user, &actor.origin);
        match self.inner.stores.sessions.start_session(&session, &event).await {
            // Deactivated or erased while the password was checked.
            Err(WriteError::Stale) => return Err(self.refuse_proven(actor, &proven).await?),
            started => started?,
        }
        let checked = self.check_again(&mut proven, password).await;
        if checked.is_err() {
            let event = self.event(actor, EventKind::SessionEnded, Some(session.user_id));
            self.inner
                .stores
                .sessions
                .end_session(&Authority::Unconditional, session.user_id, session.id, &event)
                .await?;
        }
        checked?;
        self.remember_network(&proven.user, session.address).await;
        self.signed_in(proven.user, &session, &token)
    }

    /// Why somebody who knew the password is not let in after all.
    async fn refuse_proven(&self, actor: &Actor, proven: &Proven) -> Result<AuthError, AuthError> {
        let user = self.inner.stores.accounts.find_user(Scope::All, proven.user.id).await?;
        self.record_failure(actor, user.as_ref()).await?;
        Ok(if user.is_some() { AuthError::AccountInactive } else { AuthError::InvalidCredentials })
    }

    /// That the password was not changed while it was being checked: such a
    /// change ended the sessions and closed the challenges that were there,
    /// and what this one began came after.
    async fn check_again(&self, proven: &mut Proven, password: &Password) -> Result<(), AuthError> {
        let staff = proven.user.staff().ok_or(AuthError::InvalidCredentials)?;
        let now = self.inner.stores.passwords.find_credentials(&staff.email).await?;
        let now = now.filter(|now| now.user.id == proven.user.id).ok_or(AuthError::InvalidCredentials)?;
        proven.user = now.user;
        if now.password_hash == proven.hash {
            return Ok(());
        }
        // Renewed by another sign-in with the same password, or changed.
        let stored = Some(&now.password_hash);
        let verdict = self.inner.hasher.verify(&mut proven.place, password, stored, Then::Nothing).await?;
        if verdict.matches { Ok(()) } else { Err(AuthError::InvalidCredentials) }
    }
}
