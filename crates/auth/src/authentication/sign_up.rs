//! How people enter themselves.

use domain::accounts::new_user;
use domain::audit::{Event, EventKind, changes};
use domain::challenge::{Challenge, Pending, Purpose};
use domain::store::{Account, WriteError};
use domain::{
    Actor, DisplayName, Email, Field, PasswordHash, Phone, Staff, StaffRole, TrunkNumber, VerificationMethod,
};

use super::{Answer, Authentication, CodeSent, CustomerSignup, StaffSignup};
use crate::challenge::Draft;
use crate::error::{AuthError, Refusal};
use crate::hasher::{Place, Then};
use crate::password::Password;

/// What a staff member says of themselves.
#[derive(Clone, Debug)]
pub struct StaffSignUp {
    /// Signs in with it.
    pub email: Email,
    /// And with this.
    pub password: Password,
    /// As given.
    pub display_name: Option<DisplayName>,
    /// As given.
    pub phone: Option<Phone>,
    /// As given.
    pub tin_trunk_number: Option<TrunkNumber>,
    /// Over which channel they get codes.
    pub verification_method: VerificationMethod,
}

impl StaffSignUp {
    pub(super) fn staff(&self) -> Staff {
        Staff {
            email: self.email.clone(),
            phone: self.phone.clone(),
            tin_trunk_number: self.tin_trunk_number.clone(),
            verification_method: self.verification_method,
        }
    }

    fn pending(self, password_hash: &PasswordHash) -> Pending {
        Pending::Staff {
            email: self.email,
            phone: self.phone,
            display_name: self.display_name,
            tin_trunk_number: self.tin_trunk_number,
            verification_method: self.verification_method,
            password_hash: password_hash.expose().to_owned(),
        }
    }
}

impl Authentication {
    /// Enters a manager: active, waiting for an admin, or once their contact
    /// is proven, as the policy says. Unless the policy is plainly open, the
    /// answer and the work are the same whether or not the e-mail is taken.
    ///
    /// # Errors
    /// [`AuthError::SignupClosed`], [`AuthError::Invalid`] for the password or
    /// the phone, [`AuthError::Overloaded`]; `Taken` under the plainly open policy.
    pub async fn sign_up_staff(&self, actor: &Actor, form: StaffSignUp) -> Result<Answer, AuthError> {
        let policy = self.inner.settings.signup;
        if policy.staff == StaffSignup::Closed {
            return Err(AuthError::SignupClosed);
        }
        self.check_staff(&form)?;
        let mut place = self.enter_hasher(actor).await?;
        let hash = self.hash_sign_up(actor, &mut place, &form.password).await?;
        if policy.verify_staff {
            return self.send_staff_code(actor, form, &hash, &mut place).await.map(Answer::CodeSent);
        }
        let is_active = policy.staff == StaffSignup::Open;
        let account = self.staff_account(StaffRole::Manager, form.staff(), form.display_name, hash, is_active);
        if is_active {
            self.enter_and_sign_in(actor, account).await
        } else {
            self.enter_for_approval(actor, account).await
        }
    }

    /// Sends a code to a phone whose owner becomes a customer with it, or is
    /// signed in when they are one.
    ///
    /// # Errors
    /// [`AuthError::SignupClosed`], for known numbers alike.
    pub async fn sign_up_customer(
        &self,
        actor: &Actor,
        phone: Phone,
        display_name: Option<DisplayName>,
    ) -> Result<CodeSent, AuthError> {
        if self.inner.settings.signup.customers == CustomerSignup::Closed {
            return Err(AuthError::SignupClosed);
        }
        let known = self.inner.stores.accounts.find_customer_by_phone(&phone).await?;
        let draft = Draft {
            purpose: Purpose::CustomerSignUp,
            subject: phone.to_string(),
            target: Some(phone.to_string()),
            user_id: None,
            has_account: known.is_some(),
            channel: VerificationMethod::Phone,
            contact: Some(phone.to_string()),
            pending: Some(Pending::Customer { phone, display_name }),
        };
        Ok(self.code_sent(&self.open(actor, draft).await?.challenge))
    }

    /// Every field that is not acceptable, before any work is spent on the password.
    pub(super) fn check_staff(&self, form: &StaffSignUp) -> Result<(), AuthError> {
        let password = self.inner.settings.passwords.check(&form.password, Some(&form.email));
        let refusals: Vec<Refusal> = [
            password.err().map(|error| Refusal::new("password", error)),
            form.staff().check().err().map(|error| Refusal::new(Field::Phone.as_str(), error)),
        ]
        .into_iter()
        .flatten()
        .collect();
        if refusals.is_empty() { Ok(()) } else { Err(AuthError::Invalid(refusals)) }
    }

    pub(super) fn staff_account(
        &self,
        role: StaffRole,
        staff: Staff,
        display_name: Option<DisplayName>,
        password_hash: PasswordHash,
        is_active: bool,
    ) -> Account {
        let (id, now) = (self.inner.clock.new_id().into(), self.now());
        Account::new(new_user(id, now, role.profile(staff), display_name, is_active), password_hash)
    }

    /// A code to the e-mail, which is what becomes the identity, whatever the verification method; or a decoy when the
    /// e-mail is taken. An unapproved sign-up does not have it yet: whoever proves it replaces that.
    async fn send_staff_code(
        &self,
        actor: &Actor,
        form: StaffSignUp,
        hash: &PasswordHash,
        place: &mut Place,
    ) -> Result<CodeSent, AuthError> {
        let taken = self.inner.stores.accounts.is_email_taken(&form.email).await?;
        let (contact, password) = (form.email.to_string(), form.password.clone());
        let draft = Draft {
            purpose: Purpose::StaffSignUp,
            subject: contact.clone(),
            target: Some(contact.clone()),
            user_id: None,
            has_account: false,
            channel: VerificationMethod::Email,
            contact: Some(contact).filter(|_| !taken),
            pending: Some(form.pending(hash)),
        };
        let opened = self.open(actor, draft).await?;
        let mut answer = self.code_sent(&opened.challenge);
        if opened.is_earlier() && !self.has_password(&opened.challenge, &password, place).await? {
            // Somebody else in the same network asked a moment ago, with a password of their own. Whoever reads
            // the code must not open an account with it, so this asker gets a challenge
            // that no code answers, and can ask again in a minute.
            answer.challenge_id = opened.drafted;
            answer.expires_in = Purpose::StaffSignUp.lifetime().num_seconds();
        }
        Ok(answer)
    }

    async fn has_password(
        &self,
        challenge: &Challenge,
        password: &Password,
        place: &mut Place,
    ) -> Result<bool, AuthError> {
        let Some(Pending::Staff { password_hash, .. }) = &challenge.pending else { return Ok(false) };
        let hash = PasswordHash::from_stored(password_hash.clone());
        Ok(self.inner.hasher.verify(place, password, Some(&hash), Then::Nothing).await?.matches)
    }

    async fn enter_and_sign_in(&self, actor: &Actor, account: Account) -> Result<Answer, AuthError> {
        let (session, token) = self.new_session(&account.user, &actor.origin)?;
        let events = [self.created(actor, &account), self.session_started(&account.user, &actor.origin)];
        self.inner.stores.accounts.create_signed_in(&account, &session, &events).await?;
        self.remember_network(&account.user, session.address).await;
        self.signed_in(account.user, &session, &token).map(Answer::signed_in)
    }

    /// One commit either way, so that the time does not tell whether the e-mail was taken. Of two sign-ups with one
    /// e-mail the first stays as it is: nothing is changed under the eyes of whoever is to approve it (ADR 30).
    async fn enter_for_approval(&self, actor: &Actor, account: Account) -> Result<Answer, AuthError> {
        let requested = |subject| self.event(actor, EventKind::SignupRequested, subject);
        let account = account.awaiting_approval();
        let events = [self.created(actor, &account), requested(Some(account.user.id))];
        match self.inner.stores.accounts.create_account(&self.authority(actor), &account, &events).await {
            Ok(()) => {}
            Err(WriteError::Taken(Field::Email)) => self.inner.stores.accounts.record_event(&requested(None)).await?,
            Err(error) => return Err(error.into()),
        }
        Ok(Answer::ApprovalRequired)
    }

    pub(super) fn created(&self, actor: &Actor, account: &Account) -> Event {
        let user = &account.user;
        self.event(actor, EventKind::UserCreated, Some(user.id)).with_changes(changes(None, user))
    }
}
