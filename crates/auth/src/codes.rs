//! Finishes sign-ups and sign-ins by code.

use std::sync::Arc;

use domain::accounts::new_user;
use domain::audit::EventKind;
use domain::challenge::{Challenge, Pending, Purpose};
use domain::session::Session;
use domain::store::{Account, Outcome, SessionStore, UserStore};
use domain::{
    Actor, ChallengeId, Customer, DisplayName, Error, Field, Metadata, PasswordHash, Phone, Profile, Scope, Staff,
    StaffRole, User,
};

use crate::answer::{Answer, SignedIn};
use crate::error::AuthError;
use crate::refresh_token::RefreshToken;
use crate::settings::StaffSignup;
use crate::wiring::{AuthStore, Shared};

const PURPOSES: [Purpose; 4] =
    [Purpose::CustomerSignUp, Purpose::CustomerSignIn, Purpose::StaffSignUp, Purpose::SecondFactor];

/// Sign-up and sign-in by code.
#[derive(Clone)]
pub struct Codes {
    pub(crate) shared: Shared,
    users: Arc<dyn UserStore>,
    sessions: Arc<dyn SessionStore>,
}

impl Codes {
    pub(crate) fn new<S: AuthStore + 'static>(store: &Arc<S>, shared: &Shared) -> Self {
        Self { shared: shared.clone(), users: store.clone(), sessions: store.clone() }
    }

    /// Finishes a sign-up or sign-in by code. The code proves the contact.
    ///
    /// # Errors
    /// [`AuthError::InvalidCode`] whatever is wrong with it, [`AuthError::AccountInactive`],
    /// [`AuthError::SignupClosed`] when it closed meanwhile.
    pub async fn verify(&self, actor: &Actor, id: ChallengeId, code: &str) -> Result<Answer, AuthError> {
        let challenge = self.shared.challenges.try_code(actor, id, code, &PURPOSES).await?;
        match &challenge.pending {
            Some(Pending::Customer { phone, display_name }) => {
                Ok(self.finish_customer(actor, &challenge, phone, display_name.as_ref()).await?.into())
            }
            Some(pending @ Pending::Staff { .. }) => self.finish_staff(actor, &challenge, pending.clone()).await,
            None => {
                let user = self.shared.challenges.holder(&challenge).await?;
                Ok(self.sign_in_holder(actor, &challenge, &user).await?.into())
            }
        }
    }

    /// Signs in the customer with the phone, new or not.
    async fn finish_customer(
        &self,
        actor: &Actor,
        challenge: &Challenge,
        phone: &Phone,
        display_name: Option<&DisplayName>,
    ) -> Result<SignedIn, AuthError> {
        if let Some(user) = self.users.find_customer_by_phone(phone).await? {
            return self.sign_in_holder(actor, challenge, &user).await;
        }
        match self.enter_and_sign_in(actor, challenge, self.new_customer(phone, display_name)).await {
            // Somebody else entered the customer meanwhile.
            Err(AuthError::Domain(Error::Taken(Field::Phone))) => {
                let user = self.users.find_customer_by_phone(phone).await?;
                let user = user.ok_or(AuthError::InvalidCode { tries_left: None })?;
                self.sign_in_holder(actor, challenge, &user).await
            }
            done => done,
        }
    }

    fn new_customer(&self, phone: &Phone, display_name: Option<&DisplayName>) -> Account {
        let (id, now) = (self.shared.env.clock.new_id().into(), self.shared.env.now());
        let customer =
            Customer { phone: phone.clone(), created_by: id, assigned_manager_id: None, metadata: Metadata::default() };
        let mut user = new_user(id, now, Profile::Customer(customer), display_name.cloned(), true);
        user.verified_at = Some(now);
        Account::new(user, PasswordHash::unusable())
    }

    async fn enter_and_sign_in(
        &self,
        actor: &Actor,
        challenge: &Challenge,
        account: Account,
    ) -> Result<SignedIn, AuthError> {
        let (session, token) = self.shared.issuer.draft(&account.user, &actor.origin)?;
        let events =
            vec![self.shared.env.created(actor, &account), self.shared.issuer.started(&account.user, &actor.origin)];
        let outcome = Outcome { account: Some(account), session: Some(session.clone()), events, ..Outcome::default() };
        self.shared.challenges.redeem(challenge, &outcome).await?;
        self.signed_in(&session, &token).await
    }

    /// Enters the staff member. If the e-mail was taken meanwhile, the answer does not show it.
    async fn finish_staff(&self, actor: &Actor, challenge: &Challenge, pending: Pending) -> Result<Answer, AuthError> {
        let is_active = match self.shared.env.settings.signup.staff {
            StaffSignup::Open => true,
            StaffSignup::Approval => false,
            StaffSignup::Closed => return Err(AuthError::SignupClosed),
        };
        let account = self.pending_account(pending, is_active).ok_or(AuthError::InvalidCode { tries_left: None })?;
        let account = account.replacing_signup();
        let done = if is_active {
            self.enter_and_sign_in(actor, challenge, account).await.map(Answer::from)
        } else {
            self.enter_for_approval(actor, challenge, account).await
        };
        match done {
            Err(AuthError::Domain(Error::Taken(_))) if is_active => Err(AuthError::InvalidCode { tries_left: None }),
            Err(AuthError::Domain(Error::Taken(_))) => Ok(Answer::ApprovalRequired),
            done => done,
        }
    }

    async fn enter_for_approval(
        &self,
        actor: &Actor,
        challenge: &Challenge,
        account: Account,
    ) -> Result<Answer, AuthError> {
        let account = account.awaiting_approval();
        let requested = self.shared.env.event(actor, EventKind::SignupRequested, Some(account.user.id));
        let events = vec![self.shared.env.created(actor, &account), requested];
        self.shared
            .challenges
            .redeem(challenge, &Outcome { account: Some(account), events, ..Outcome::default() })
            .await?;
        Ok(Answer::ApprovalRequired)
    }

    fn pending_account(&self, pending: Pending, is_active: bool) -> Option<Account> {
        let Pending::Staff { email, phone, display_name, tin_trunk_number, verification_method, password_hash } =
            pending
        else {
            return None;
        };
        let staff = Staff { email, phone, tin_trunk_number, verification_method };
        let hash = PasswordHash::from_stored(password_hash);
        let mut account = self.shared.env.staff_account(StaffRole::Manager, staff, display_name, hash);
        account.user.is_active = is_active;
        account.user.verified_at = Some(self.shared.env.now());
        Some(account)
    }

    /// Starts a session of somebody who proved the contact of a challenge.
    async fn sign_in_holder(&self, actor: &Actor, challenge: &Challenge, user: &User) -> Result<SignedIn, AuthError> {
        if !user.is_active {
            return Err(self.refuse_inactive(actor, challenge, user).await?);
        }
        let (session, token) = self.shared.issuer.draft(user, &actor.origin)?;
        let outcome = Outcome { session: Some(session.clone()), ..Outcome::default() };
        let started = self.shared.issuer.started(user, &actor.origin);
        match self.shared.challenges.redeem_by_owner(challenge, user, started, outcome).await {
            // The challenge was used up meanwhile, or its owner was deactivated or erased.
            Err(refused @ AuthError::InvalidCode { .. }) => match self.users.find_user(Scope::All, user.id).await? {
                Some(now) if !now.is_active => Err(self.refuse_inactive(actor, challenge, &now).await?),
                _ => Err(refused),
            },
            done => {
                done?;
                self.signed_in(&session, &token).await
            }
        }
    }

    /// Records that the code was right and proves the contact, but that its owner is not active.
    async fn refuse_inactive(&self, actor: &Actor, challenge: &Challenge, user: &User) -> Result<AuthError, AuthError> {
        let event = self.shared.env.event(actor, EventKind::SigninFailed, Some(user.id));
        self.shared.challenges.redeem_by_owner(challenge, user, event, Outcome::default()).await?;
        Ok(AuthError::AccountInactive)
    }

    /// Signs in the owner of the session, as they are in the database now.
    async fn signed_in(&self, session: &Session, token: &RefreshToken) -> Result<SignedIn, AuthError> {
        let user = self.sessions.find_caller(session.id, self.shared.env.now()).await?;
        self.shared.issuer.sign_in(user.ok_or(AuthError::AccountInactive)?.user, session, token).await
    }
}
