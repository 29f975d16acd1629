//! How a code finishes what it was asked for.

use domain::accounts::new_user;
use domain::audit::EventKind;
use domain::challenge::{Challenge, Pending, Purpose};
use domain::store::Account;
use domain::store::Outcome;
use domain::{
    Actor, ChallengeId, Customer, DisplayName, Error, Field, Metadata, PasswordHash, Phone, Profile, Staff, StaffRole,
};

use super::{Answer, Authentication, SignedIn, StaffSignup};
use crate::error::AuthError;

const PURPOSES: [Purpose; 4] =
    [Purpose::CustomerSignUp, Purpose::CustomerSignIn, Purpose::StaffSignUp, Purpose::SecondFactor];

impl Authentication {
    /// Finishes a sign-up or sign-in by code. The code proves the contact.
    ///
    /// # Errors
    /// [`AuthError::InvalidCode`] whatever is wrong with it,
    /// [`AuthError::AccountInactive`], [`AuthError::SignupClosed`] when it closed meanwhile.
    pub async fn verify(&self, actor: &Actor, id: ChallengeId, code: &str) -> Result<Answer, AuthError> {
        let challenge = self.try_code(actor, id, code, &PURPOSES).await?;
        match &challenge.pending {
            Some(Pending::Customer { phone, display_name }) => {
                let signed_in = self.finish_customer(actor, &challenge, phone, display_name.as_ref()).await?;
                Ok(Answer::signed_in(signed_in))
            }
            Some(pending @ Pending::Staff { .. }) => self.finish_staff(actor, &challenge, pending.clone()).await,
            None => {
                let user = self.holder(&challenge).await?;
                self.sign_in_holder(actor, &challenge, &user).await.map(Answer::signed_in)
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
        if let Some(user) = self.inner.stores.accounts.find_customer_by_phone(phone).await? {
            return self.sign_in_holder(actor, challenge, &user).await;
        }
        match self.enter_customer(actor, challenge, phone, display_name).await {
            // Entered by somebody else just now.
            Err(AuthError::Domain(Error::Taken(Field::Phone))) => {
                let user = self.inner.stores.accounts.find_customer_by_phone(phone).await?;
                let user = user.ok_or(AuthError::InvalidCode { tries_left: None })?;
                self.sign_in_holder(actor, challenge, &user).await
            }
            done => done,
        }
    }

    async fn enter_customer(
        &self,
        actor: &Actor,
        challenge: &Challenge,
        phone: &Phone,
        display_name: Option<&DisplayName>,
    ) -> Result<SignedIn, AuthError> {
        let id = self.inner.clock.new_id().into();
        let customer =
            Customer { phone: phone.clone(), created_by: id, assigned_manager_id: None, metadata: Metadata::default() };
        let mut user = new_user(id, self.now(), Profile::Customer(customer), display_name.cloned(), true);
        user.verified_at = Some(self.now());
        self.enter_and_sign_in_by_code(actor, challenge, Account::new(user, PasswordHash::unusable())).await
    }

    async fn enter_and_sign_in_by_code(
        &self,
        actor: &Actor,
        challenge: &Challenge,
        account: Account,
    ) -> Result<SignedIn, AuthError> {
        let (session, token) = self.new_session(&account.user, &actor.origin)?;
        let events = vec![self.created(actor, &account), self.session_started(&account.user, &actor.origin)];
        let outcome = Outcome { account: Some(account), session: Some(session.clone()), events, ..Outcome::default() };
        self.redeem(challenge, &outcome).await?;
        self.signed_in_by_code(&session, &token).await
    }

    /// Enters the staff member, if the e-mail was not taken meanwhile: then the
    /// answer is one that anybody gets.
    async fn finish_staff(&self, actor: &Actor, challenge: &Challenge, pending: Pending) -> Result<Answer, AuthError> {
        let policy = self.inner.settings.signup.staff;
        let is_active = match policy {
            StaffSignup::Open => true,
            StaffSignup::Approval => false,
            StaffSignup::Closed => return Err(AuthError::SignupClosed),
        };
        let account = self.pending_account(pending, is_active).ok_or(AuthError::InvalidCode { tries_left: None })?;
        let account = account.replacing_signup();
        let done = if is_active {
            self.enter_and_sign_in_by_code(actor, challenge, account).await.map(Answer::signed_in)
        } else {
            self.enter_for_approval_by_code(actor, challenge, account).await
        };
        match done {
            Err(AuthError::Domain(Error::Taken(_))) if is_active => Err(AuthError::InvalidCode { tries_left: None }),
            Err(AuthError::Domain(Error::Taken(_))) => Ok(Answer::ApprovalRequired),
            done => done,
        }
    }

    async fn enter_for_approval_by_code(
        &self,
        actor: &Actor,
        challenge: &Challenge,
        account: Account,
    ) -> Result<Answer, AuthError> {
        let account = account.awaiting_approval();
        let id = Some(account.user.id);
        let events = vec![self.created(actor, &account), self.event(actor, EventKind::SignupRequested, id)];
        self.redeem(challenge, &Outcome { account: Some(account), events, ..Outcome::default() }).await?;
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
        let mut account = self.staff_account(StaffRole::Manager, staff, display_name, hash, is_active);
        account.user.verified_at = Some(self.now());
        Some(account)
    }
}
