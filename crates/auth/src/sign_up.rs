//! Signs people up, and invites staff whom an admin enters without a password.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::accounts::Entry;
use domain::audit::EventKind;
use domain::challenge::{Challenge, Pending, Purpose};
use domain::limit::{Attempt, Limit, Settled};
use domain::store::{Account, AttemptStore, AuditStore, SignUpStore, UserStore, WriteError};
use domain::{
    Accounts, Actor, DisplayName, Error, Field, NewStaff, NewUser, PasswordHash, Phone, Staff, StaffRole, User,
    VerificationMethod,
};

use crate::answer::{Answer, CodeSent};
use crate::detached;
use crate::env::{Env, network_of};
use crate::error::{AuthError, Refusal};
use crate::hasher::{HashPermit, Then};
use crate::one_time_code::Draft;
use crate::password::{Password, PasswordPolicy};
use crate::settings::{CustomerSignup, Settings, StaffSignup};
use crate::wiring::{AuthStore, Shared};

/// Sign-up of staff and customers.
#[derive(Clone)]
pub struct SignUp {
    shared: Shared,
    users: Arc<dyn UserStore>,
    sign_ups: Arc<dyn SignUpStore>,
    attempts: Arc<dyn AttemptStore>,
    audit: Arc<dyn AuditStore>,
}

/// The sign-up of a staff member.
#[derive(Clone, Debug)]
pub struct StaffSignUp {
    pub staff: Staff,
    pub password: Password,
    pub display_name: Option<DisplayName>,
}

impl StaffSignUp {
    /// Finds all fields that are not valid, before work is spent on the password.
    pub(crate) fn check(&self, policy: PasswordPolicy) -> Result<(), AuthError> {
        let password = policy.check(&self.password, Some(&self.staff.email));
        let refusals: Vec<Refusal> = [
            password.err().map(|error| Refusal { field: "password", error }),
            self.staff.check().err().map(|error| Refusal { field: Field::Phone.as_str(), error }),
        ]
        .into_iter()
        .flatten()
        .collect();
        if refusals.is_empty() { Ok(()) } else { Err(AuthError::Invalid(refusals)) }
    }

    fn pending(self, password_hash: &PasswordHash) -> Pending {
        let Staff { email, phone, tin_trunk_number, verification_method } = self.staff;
        Pending::Staff {
            email,
            phone,
            display_name: self.display_name,
            tin_trunk_number,
            verification_method,
            password_hash: password_hash.expose().to_owned(),
        }
    }
}

impl SignUp {
    pub(crate) fn new<S: AuthStore + 'static>(store: &Arc<S>, shared: &Shared) -> Self {
        Self {
            shared: shared.clone(),
            users: store.clone(),
            sign_ups: store.clone(),
            attempts: store.clone(),
            audit: store.clone(),
        }
    }

    /// Enters a manager. The policy decides whether they are active, wait for an admin, or prove their e-mail first.
    /// Unless the policy is open without a proof, the answer and the work are the same whether or not the e-mail is
    /// taken.
    ///
    /// # Errors
    /// [`AuthError::SignupClosed`], [`AuthError::Invalid`] for the password or the phone, [`AuthError::Overloaded`];
    /// `Taken` if the policy is open without a proof.
    pub async fn staff(&self, actor: &Actor, form: StaffSignUp) -> Result<Answer, AuthError> {
        let policy = self.shared.env.settings.signup;
        if policy.staff == StaffSignup::Closed {
            return Err(AuthError::SignupClosed);
        }
        form.check(self.shared.env.settings.passwords)?;
        let mut permit = self.shared.admission.enter(actor).await?;
        let hash = self.hash_counted(actor, &mut permit, &form.password).await?;
        if policy.verify_staff {
            return self.send_staff_code(actor, form, &hash, &mut permit).await.map(Answer::CodeSent);
        }
        let account = self.shared.env.staff_account(StaffRole::Manager, form.staff, form.display_name, hash);
        if policy.staff == StaffSignup::Open {
            self.enter_and_sign_in(actor, account).await
        } else {
            self.enter_for_approval(actor, account).await
        }
    }

    /// Sends a code to a phone. With the code, its owner becomes a customer, or is signed in if they are one.
    pub async fn customer(
        &self,
        actor: &Actor,
        phone: Phone,
        display_name: Option<DisplayName>,
    ) -> Result<CodeSent, AuthError> {
        if self.shared.env.settings.signup.customers == CustomerSignup::Closed {
            return Err(AuthError::SignupClosed);
        }
        let known = self.users.find_customer_by_phone(&phone).await?;
        let mut draft = Draft::new(Purpose::CustomerSignUp, VerificationMethod::Phone, phone.as_str());
        draft.has_account = known.is_some();
        draft.pending = Some(Pending::Customer { phone, display_name });
        self.shared.challenges.send_code(actor, draft).await
    }

    /// Sends a code to the e-mail, since staff sign in with it, whatever their verification method is. If the e-mail is
    /// taken, makes a decoy. An unapproved sign-up does not count: somebody who proves the e-mail replaces it.
    async fn send_staff_code(
        &self,
        actor: &Actor,
        form: StaffSignUp,
        hash: &PasswordHash,
        permit: &mut HashPermit,
    ) -> Result<CodeSent, AuthError> {
        let taken = self.sign_ups.is_email_taken(&form.staff.email).await?;
        let password = form.password.clone();
        let mut draft = Draft::new(Purpose::StaffSignUp, VerificationMethod::Email, form.staff.email.as_str());
        draft.contact = draft.contact.filter(|_| !taken);
        draft.pending = Some(form.pending(hash));
        let opened = self.shared.challenges.open(actor, draft).await?;
        let mut answer = self.shared.challenges.code_sent(&opened.challenge);
        if opened.is_earlier() && !self.has_password(&opened.challenge, &password, permit).await? {
            // Somebody else in the same network asked a moment ago, with a password of their own. Whoever reads the
            // code must not open an account with it, so this asker gets a challenge that no code answers, and can ask
            // again in a minute.
            answer.challenge_id = opened.drafted;
            answer.expires_in = Purpose::StaffSignUp.lifetime().num_seconds();
        }
        Ok(answer)
    }

    async fn has_password(
        &self,
        challenge: &Challenge,
        password: &Password,
        permit: &mut HashPermit,
    ) -> Result<bool, AuthError> {
        let Some(Pending::Staff { password_hash, .. }) = &challenge.pending else { return Ok(false) };
        let hash = PasswordHash::from_stored(password_hash.clone());
        Ok(self.shared.env.hasher.verify(permit, password, Some(&hash), Then::Nothing).await?.matches)
    }

    async fn enter_and_sign_in(&self, actor: &Actor, account: Account) -> Result<Answer, AuthError> {
        let (session, token) = self.shared.issuer.draft(&account.user, &actor.origin)?;
        let events =
            [self.shared.env.created(actor, &account), self.shared.issuer.started(&account.user, &actor.origin)];
        self.sign_ups.create_signed_in(&account, &session, &events).await?;
        Ok(self.shared.issuer.sign_in(account.user, &session, &token).await?.into())
    }

    /// Enters somebody who has to be approved. There is one commit in any case, so that the time does not show whether
    /// the e-mail was taken. Of two sign-ups with one e-mail, the first stays as it is, since an admin may just be
    /// looking at it (ADR 30).
    async fn enter_for_approval(&self, actor: &Actor, mut account: Account) -> Result<Answer, AuthError> {
        let requested = |subject| self.shared.env.event(actor, EventKind::SignupRequested, subject);
        account.user.is_active = false;
        let account = account.awaiting_approval();
        let events = [self.shared.env.created(actor, &account), requested(Some(account.user.id))];
        match self.users.create_account(&self.shared.env.authority(actor), &account, &events).await {
            Ok(()) => {}
            Err(WriteError::Taken(Field::Email)) => self.audit.record_event(&requested(None)).await?,
            Err(error) => return Err(error.into()),
        }
        Ok(Answer::ApprovalRequired)
    }

    /// Hashes the password of somebody who signs up. This counts as an attempt, unless no thread became free for it.
    async fn hash_counted(
        &self,
        actor: &Actor,
        permit: &mut HashPermit,
        password: &Password,
    ) -> Result<PasswordHash, AuthError> {
        let attempts = self.sign_up_attempts(actor);
        self.attempts.take_attempts(&attempts, self.shared.env.now()).await?;
        let hashed = self.shared.env.hasher.hash(permit, password).await;
        if hashed.is_err() {
            let (store, now) = (Arc::clone(&self.attempts), self.shared.env.now());
            detached::spawn(async move { Ok(store.settle_attempts(&attempts, Settled::Untried, now).await?) });
        }
        hashed
    }

    fn sign_up_attempts(&self, actor: &Actor) -> Vec<Attempt> {
        if !self.shared.env.settings.limits {
            return Vec::new();
        }
        let Settings { signups_per_address, signups_per_hour, .. } = self.shared.env.settings;
        let hourly = |most| Limit::Quota { most, within: TimeDelta::hours(1) };
        let from_here = actor.origin.address.map(|_| {
            let network = network_of(actor);
            self.shared.env.attempt("signups-address", hourly(signups_per_address), &[b"sign-up", network.as_bytes()])
        });
        let in_all = self.shared.env.attempt("signups", hourly(signups_per_hour), &[b"sign-ups"]);
        from_here.into_iter().chain([in_all]).collect()
    }
}

/// Invitations of staff.
#[derive(Clone)]
pub struct Invitations {
    env: Arc<Env>,
    accounts: Accounts,
    sign_ups: Arc<dyn SignUpStore>,
}

impl Invitations {
    pub(crate) fn new<S: AuthStore + 'static>(store: &Arc<S>, shared: &Shared, accounts: Accounts) -> Self {
        Self { env: shared.env.clone(), accounts, sign_ups: store.clone() }
    }

    /// Enters a staff member without a password, and sends them the code with which they set their first one, all or
    /// nothing. The code is good for 72 hours; after that, a forgotten password is the way in. Whatever password `new`
    /// brings is left out.
    pub async fn invite(&self, actor: &Actor, new: NewStaff, entry: Entry) -> Result<User, AuthError> {
        let new = NewUser::Staff(NewStaff { password_hash: PasswordHash::unusable(), ..new });
        let (account, event) = self.accounts.draft(actor, new, entry)?;
        let staff = account.user.staff().ok_or(Error::Forbidden)?;
        let draft = Draft { target: None, ..Draft::to_staff(Purpose::Invitation, account.user.id, staff) };
        let (challenge, message) = draft.open(None, &self.env.keys.secrets(), &*self.env.clock)?;
        let by = self.env.authority(actor);
        self.sign_ups.create_invited(&by, &account, &challenge, &message, &[event]).await?;
        self.env.outbox_signal.notify_one();
        Ok(account.user)
    }
}
