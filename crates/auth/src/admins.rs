//! Makes admins: the first one by a setup token, others by the operator of the service.

use std::fmt::Write as _;
use std::sync::Arc;

use domain::audit::{EventKind, changes};
use domain::session::Digest;
use domain::store::{Account, Credentials, PasswordStore, Recovery, SetupStore, UserStore, WriteError};
use domain::{Actor, Email, Error, Field, PasswordHash, Profile, Staff, StaffRole, VerificationMethod};
use secrecy::{ExposeSecret, SecretString};

use crate::answer::Answer;
use crate::crypto::{CryptoError, random, sha256};
use crate::error::AuthError;
use crate::password::Password;
use crate::passwords::Passwords;
use crate::sign_up::StaffSignUp;
use crate::wiring::{AuthStore, Shared};

/// Makes admins, and lets them in again.
#[derive(Clone)]
pub struct Admins {
    shared: Shared,
    setup: Arc<dyn SetupStore>,
    users: Arc<dyn UserStore>,
    credentials: Arc<dyn PasswordStore>,
    passwords: Passwords,
}

/// The sign-up of the first admin.
#[derive(Clone, Debug)]
pub struct FirstAdminSignUp {
    /// The token that the server printed.
    pub setup_token: SecretString,
    /// Who they are.
    pub staff: StaffSignUp,
}

/// How an admin was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminMade {
    Created,
    /// Somebody on the staff got a new password, and the role if they had another.
    Recovered,
}

impl Admins {
    pub(crate) fn new<S: AuthStore + 'static>(store: &Arc<S>, shared: &Shared) -> Self {
        Self {
            shared: shared.clone(),
            setup: store.clone(),
            users: store.clone(),
            credentials: store.clone(),
            passwords: Passwords::new(store, shared),
        }
    }

    /// A token with which the first admin signs up; `None` when there is an admin. It is printed once. Earlier tokens
    /// stay valid, since other instances have printed theirs.
    pub async fn make_setup_token(&self) -> Result<Option<SecretString>, AuthError> {
        let token = new_setup_token()?;
        let kept = self.setup.add_setup_token(&digest(&token), self.shared.env.now()).await?;
        Ok(kept.then_some(token))
    }

    /// Enters the first admin, active, and signs them in.
    pub async fn sign_up_first(&self, actor: &Actor, form: FirstAdminSignUp) -> Result<Answer, AuthError> {
        let FirstAdminSignUp { setup_token, staff: form } = form;
        form.check(self.passwords.policy())?;
        let setup_token = digest(&setup_token);
        let mut permit = self.shared.admission.enter(actor).await?;
        // Nothing is hashed for a stranger who tries tokens.
        if !self.setup.has_setup_token(&setup_token).await? {
            return Err(AuthError::SetupTokenRefused);
        }
        let hash = self.shared.env.hasher.hash(&mut permit, &form.password).await?;
        let account = self.shared.env.staff_account(StaffRole::Admin, form.staff, form.display_name, hash);
        let account = account.replacing_signup();
        let (session, token) = self.shared.issuer.draft(&account.user, &actor.origin)?;
        let events =
            [self.shared.env.created(actor, &account), self.shared.issuer.started(&account.user, &actor.origin)];
        self.setup.create_first_admin(&account, &setup_token, &session, &events).await?;
        Ok(self.shared.issuer.sign_in(account.user, &session, &token).await?.into())
    }

    /// Enters an active admin from the settings while there is no admin at all, active or not. An admin who was renamed
    /// or erased does not come back. Answers whether it did.
    ///
    /// A manager who has this e-mail stays as they are: nobody is made an admin by a setting that was meant for
    /// somebody new. An unapproved sign-up with it is replaced.
    pub async fn create_first_from_settings(&self, email: Email, password: &Password) -> Result<bool, AuthError> {
        // Without this check, each start would compute a hash. The transaction checks again.
        if self.setup.has_admin().await? {
            return Ok(false);
        }
        let actor = Actor::system("settings");
        let account = self.account(&actor, email, password).await?;
        let event = self.shared.env.created(&actor, &account);
        match self.setup.create_only_admin(&account, &[event]).await {
            Err(WriteError::Taken(Field::Email)) => {
                tracing::warn!(
                    "there is no admin, and the e-mail in admin_email is a manager's: nothing was changed; \
                     `clientele admin create` makes an admin of them"
                );
                Ok(false)
            }
            done => Ok(done?),
        }
    }

    /// Makes an active admin of whoever has this e-mail: somebody new, or somebody on the staff, whose password is
    /// replaced and whose sessions end. Not for callers over HTTP: nothing is asked of the actor.
    ///
    /// # Errors
    /// [`AuthError::Invalid`] for a weak password; `HasCustomers` for a manager who looks after some.
    pub async fn make(&self, actor: &Actor, email: Email, password: &Password) -> Result<AdminMade, AuthError> {
        let account = self.account(actor, email.clone(), password).await?;
        let event = self.shared.env.created(actor, &account);
        match self.users.create_account(&self.shared.env.authority(actor), &account, &[event]).await {
            // An unapproved sign-up may be a stranger's. It was replaced, so the e-mail belongs to the staff.
            Err(WriteError::Taken(Field::Email)) => {
                let found = self.credentials.find_credentials(&email).await?;
                self.recover(actor, found.ok_or(AuthError::Domain(Error::Stale))?, account.password_hash).await
            }
            done => Ok(done.map(|()| AdminMade::Created)?),
        }
    }

    async fn account(&self, actor: &Actor, email: Email, password: &Password) -> Result<Account, AuthError> {
        let hash = self.passwords.hash_new(actor, "password", password, Some(&email)).await?;
        let staff =
            Staff { email, phone: None, tin_trunk_number: None, verification_method: VerificationMethod::Email };
        Ok(self.shared.env.staff_account(StaffRole::Admin, staff, None, hash).replacing_signup())
    }

    async fn recover(
        &self,
        actor: &Actor,
        found: Credentials,
        password_hash: PasswordHash,
    ) -> Result<AdminMade, AuthError> {
        let before = found.user;
        let mut admin = before.clone();
        if let Profile::Manager(staff) = admin.profile {
            admin.profile = Profile::Admin(staff);
        }
        admin.is_active = true;
        admin.updated_at = self.shared.env.now();
        admin.version += 1;
        let event = |kind| self.shared.env.event(actor, kind, Some(before.id));
        let changed = changes(Some(&before), &admin);
        let mut events = vec![event(EventKind::PasswordReset)];
        if !changed.is_empty() {
            events.push(event(EventKind::UserUpdated).with_changes(changed));
        }
        let sessions_ended = event(EventKind::SessionEnded);
        self.setup.recover_admin(&Recovery { admin, password_hash, events, sessions_ended }).await?;
        Ok(AdminMade::Recovered)
    }
}

/// 160 random bits, in groups that are easy to copy.
fn new_setup_token() -> Result<SecretString, CryptoError> {
    let mut token = String::new();
    for (at, byte) in random::<20>()?.into_iter().enumerate() {
        if at > 0 && at % 4 == 0 {
            token.push('-');
        }
        let _ = write!(token, "{byte:02x}");
    }
    Ok(token.into())
}

/// The digest of a token. Groups and case do not matter, so that people can copy it freely. The token is random enough
/// for a digest without a key.
fn digest(token: &SecretString) -> Digest {
    let text = token.expose_secret().chars().filter(char::is_ascii_alphanumeric);
    sha256(text.map(|c| c.to_ascii_lowercase()).collect::<String>().as_bytes())
}
