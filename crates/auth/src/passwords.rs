//! Sets passwords: of new accounts, and of people who forgot theirs.

use std::sync::Arc;

use domain::audit::EventKind;
use domain::challenge::{Challenge, Purpose};
use domain::store::{ChallengeStore, Outcome, PasswordStore};
use domain::{Actor, ChallengeId, Email, PasswordHash, Staff, User, VerificationMethod};

use crate::answer::CodeSent;
use crate::challenges::Challenges;
use crate::env::Env;
use crate::error::{AuthError, Refusal};
use crate::hasher::{HashPermit, HasherStats};
use crate::known_networks::KnownNetworks;
use crate::one_time_code::Draft;
use crate::password::{Password, PasswordPolicy};
use crate::ports::{Ports, Shared};
use crate::sign_in_admission::SignInAdmission;

/// Passwords that are set without the one before.
#[derive(Clone)]
pub struct Passwords {
    env: Arc<Env>,
    store: Arc<dyn PasswordStore>,
    challenge_store: Arc<dyn ChallengeStore>,
    challenges: Arc<Challenges>,
    networks: Arc<KnownNetworks>,
    admission: Arc<SignInAdmission>,
}

impl Passwords {
    pub(crate) fn new(ports: &Ports, shared: &Shared) -> Self {
        Self {
            env: shared.env.clone(),
            store: ports.passwords.clone(),
            challenge_store: ports.challenges.clone(),
            challenges: shared.challenges.clone(),
            networks: shared.networks.clone(),
            admission: shared.admission.clone(),
        }
    }

    /// What a new password must be.
    #[must_use]
    pub fn policy(&self) -> PasswordPolicy {
        self.env.settings.passwords
    }

    /// How busy the threads that hash are, for metrics.
    #[must_use]
    pub fn hasher_stats(&self) -> HasherStats {
        self.admission.hasher.stats()
    }

    /// Checks and hashes a password that somebody is to have, for `Accounts::create`. `field` names it in a refusal.
    ///
    /// # Errors
    /// [`AuthError::Invalid`] for a weak one, [`AuthError::Overloaded`].
    pub async fn hash_new(
        &self,
        actor: &Actor,
        field: &'static str,
        password: &Password,
        account_email: Option<&Email>,
    ) -> Result<PasswordHash, AuthError> {
        self.check(field, password, account_email)?;
        self.admission.hasher.hash(&mut self.admission.enter(actor).await?, password).await
    }

    /// Sends a code for a new password. Nobody is told whether anybody gets it; everybody is told that it goes by
    /// e-mail.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub async fn forgot(&self, actor: &Actor, email: &Email) -> Result<CodeSent, AuthError> {
        let found = self.store.find_credentials(email).await?;
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
        let sent = self.challenges.send_code(actor, draft).await?;
        Ok(CodeSent { channel: VerificationMethod::Email, ..sent })
    }

    /// Sets a new password by code, a first one too. All sessions end.
    ///
    /// # Errors
    /// [`AuthError::Invalid`] for a weak password, which spends no try. That it is made of the account's own e-mail is
    /// told to whoever has the right code only: anybody else would learn that there is an account.
    /// [`AuthError::InvalidCode`], [`AuthError::AccountInactive`], [`AuthError::Overloaded`].
    pub async fn reset(&self, actor: &Actor, id: ChallengeId, code: &str, new: &Password) -> Result<(), AuthError> {
        self.check(NEW_PASSWORD, new, None)?;
        let mut permit = self.admission.enter(actor).await?;
        let purposes = [Purpose::PasswordReset, Purpose::Invitation];
        let challenge = self.challenges.try_code(actor, id, code, &purposes).await?;
        let done = self.reset_by(actor, &challenge, new, &mut permit).await;
        if let Err(AuthError::Invalid(_) | AuthError::Overloaded { .. }) = done {
            self.challenge_store.return_try(id).await?;
        }
        done
    }

    /// What a right code does.
    async fn reset_by(
        &self,
        actor: &Actor,
        challenge: &Challenge,
        new: &Password,
        permit: &mut HashPermit,
    ) -> Result<(), AuthError> {
        let user = self.challenges.holder(challenge).await?;
        // The invited may set their password before they are let in.
        if !user.is_active && challenge.purpose == Purpose::PasswordReset {
            return Err(AuthError::AccountInactive);
        }
        self.check(NEW_PASSWORD, new, user.staff().map(|staff| &staff.email))?;
        let hash = self.admission.hasher.hash(permit, new).await?;
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
        let event = self.env.event(&by_owner, EventKind::PasswordReset, Some(user.id));
        let outcome = Outcome { password: Some((user.id, hash)), ..Outcome::default() };
        self.challenges.redeem_by_owner(challenge, user, event, outcome).await?;
        self.env.outbox_signal.notify_one();
        // Whoever proved their contact from there does not wait for strangers there.
        self.networks.remember(user, actor.origin.address).await;
        Ok(())
    }

    fn check(&self, field: &'static str, password: &Password, email: Option<&Email>) -> Result<(), AuthError> {
        Ok(self.env.settings.passwords.check(password, email).map_err(|error| Refusal::new(field, error))?)
    }
}

/// The name of the new password in a refusal.
const NEW_PASSWORD: &str = "new_password";
