//! How people come back.

use domain::audit::EventKind;
use domain::challenge::{Outcome, Purpose};
use domain::limit::Settled;
use domain::store::Credentials;
use domain::{Actor, Email, Error, PasswordHash, Phone, User, VerificationMethod};

use super::finish::to_its_end;
use super::limits::Guess;
use super::{Answer, Authentication, CodeSent, SecondFactor, SignedIn};
use crate::challenge::Draft;
use crate::error::AuthError;
use crate::hasher::Verdict;
use crate::password::Password;

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
        let (user, hash) = self.check_password(actor, email, password).await?;
        if !user.is_active {
            self.record_failure(actor, Some(&user)).await?;
            return Err(AuthError::AccountInactive);
        }
        match self.inner.settings.second_factor {
            SecondFactor::Required => self.send_second_factor(&user, &hash, password).await.map(Answer::CodeSent),
            SecondFactor::Off => self.start(actor, user, &hash, password).await.map(Answer::signed_in),
        }
    }

    /// Sends a code to a customer's phone. Numbers that nobody has, staff's
    /// included, get the same answer and the same work.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub async fn sign_in_by_phone(&self, _actor: &Actor, phone: &Phone) -> Result<CodeSent, AuthError> {
        let customer = self.inner.stores.accounts.find_customer_by_phone(phone).await?;
        let draft = Draft {
            purpose: Purpose::CustomerSignIn,
            subject: phone.to_string(),
            target: Some(phone.to_string()),
            user_id: customer.as_ref().map(|user| user.id),
            channel: VerificationMethod::Phone,
            contact: customer.map(|_| phone.to_string()),
            pending: None,
        };
        Ok(self.code_sent(&self.open_for_anybody(draft).await?.challenge))
    }

    /// Whose password this is, and the hash that is stored of it. Always one check's work,
    /// which is counted and noted though whoever asked hangs up.
    async fn check_password(
        &self,
        actor: &Actor,
        email: &Email,
        password: &Password,
    ) -> Result<(User, PasswordHash), AuthError> {
        let (auth, actor, email, password) = (self.clone(), actor.clone(), email.clone(), password.clone());
        to_its_end(async move { auth.check_sign_in(&actor, &email, &password).await }).await
    }

    async fn check_sign_in(
        &self,
        actor: &Actor,
        email: &Email,
        password: &Password,
    ) -> Result<(User, PasswordHash), AuthError> {
        let found = self.inner.stores.accounts.find_credentials(email).await?;
        let guess = self.begin_sign_in(actor, email, found.as_ref().map(|found| found.user.id)).await?;
        let hash = found.as_ref().map(|found| &found.password_hash);
        let verdict = self.check_guess(guess, password, hash).await?;
        match found {
            Some(found) if verdict.matches => {
                let hash = if verdict.needs_rehash { self.renew_hash(&found, password).await } else { None };
                Ok((found.user, hash.unwrap_or(found.password_hash)))
            }
            found => {
                self.record_failure(actor, found.map(|found| found.user).as_ref()).await?;
                Err(AuthError::InvalidCredentials)
            }
        }
    }

    /// Looks at a guess and notes what it was. One that the hasher has no room for does not count.
    pub(super) async fn check_guess(
        &self,
        guess: Option<Guess>,
        password: &Password,
        hash: Option<&PasswordHash>,
    ) -> Result<Verdict, AuthError> {
        let verdict = self.inner.hasher.verify(password, hash).await;
        let settled = match &verdict {
            Ok(verdict) if verdict.matches => Settled::Right,
            Ok(_) => Settled::Wrong,
            Err(_) => Settled::Untried,
        };
        self.settle(guess, settled).await?;
        verdict
    }

    pub(super) async fn record_failure(&self, actor: &Actor, subject: Option<&User>) -> Result<(), AuthError> {
        let event = self.event(actor, EventKind::SigninFailed, subject.map(|user| user.id));
        Ok(self.inner.stores.accounts.record_event(&event).await?)
    }

    /// Replaces a cheap hash. When that can't be done now, the next sign-in does it.
    async fn renew_hash(&self, found: &Credentials, password: &Password) -> Option<PasswordHash> {
        let new = self.inner.hasher.hash(password).await.ok()?;
        let renewed = self.inner.stores.accounts.renew_password_hash(found.user.id, &found.password_hash, &new).await;
        match renewed {
            Ok(()) => Some(new),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a password hash was not renewed");
                None
            }
        }
    }

    async fn send_second_factor(
        &self,
        user: &User,
        hash: &PasswordHash,
        password: &Password,
    ) -> Result<CodeSent, AuthError> {
        let staff = user.staff().ok_or(AuthError::InvalidCredentials)?;
        let draft = Draft {
            purpose: Purpose::SecondFactor,
            subject: staff.email.to_string(),
            // Not that of a forgotten password, which a stranger can ask for.
            target: Some(format!("{} with password", staff.email)),
            user_id: Some(user.id),
            channel: staff.verification_method,
            contact: Some(staff.contact()),
            pending: None,
        };
        let challenge = self.open(draft).await.map_err(unknown_if_gone)?.challenge;
        if self.is_still_password(user, hash, password).await? {
            return Ok(self.code_sent(&challenge));
        }
        // Redeemed for nothing, it is closed.
        let _ = self.redeem(&challenge, &Outcome::default()).await;
        Err(AuthError::InvalidCredentials)
    }

    async fn start(
        &self,
        actor: &Actor,
        user: User,
        hash: &PasswordHash,
        password: &Password,
    ) -> Result<SignedIn, AuthError> {
        let (session, token) = self.new_session(user.id, &actor.origin)?;
        let event = self.session_started(&user, &actor.origin);
        let started = self.inner.stores.sessions.start_session(&session, &event).await;
        started.map_err(|error| unknown_if_gone(error.into()))?;
        if self.is_still_password(&user, hash, password).await? {
            return self.signed_in(user, &session, &token);
        }
        let event = self.event(actor, EventKind::SessionEnded, Some(user.id));
        self.inner.stores.sessions.end_session(user.id, session.id, &event).await?;
        Err(AuthError::InvalidCredentials)
    }

    /// Whether the password was not changed while it was being checked: such a
    /// change ended the sessions and closed the challenges that were there,
    /// and what this one began came after.
    async fn is_still_password(
        &self,
        user: &User,
        hash: &PasswordHash,
        password: &Password,
    ) -> Result<bool, AuthError> {
        let Some(staff) = user.staff() else { return Ok(false) };
        let Some(now) = self.inner.stores.accounts.find_credentials(&staff.email).await? else { return Ok(false) };
        if now.user.id != user.id || now.password_hash == *hash {
            return Ok(now.user.id == user.id);
        }
        // Renewed by another sign-in with the same password, or changed.
        Ok(self.inner.hasher.verify(password, Some(&now.password_hash)).await?.matches)
    }
}

/// Whoever was erased since their password was checked is nobody.
fn unknown_if_gone(error: AuthError) -> AuthError {
    match error {
        AuthError::Domain(Error::Gone) => AuthError::InvalidCredentials,
        error => error,
    }
}
