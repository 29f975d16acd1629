//! How the first admin comes to be: never by guessing.

use std::fmt::Write as _;

use domain::session::Digest;
use domain::store::WriteError;
use domain::{Actor, Email, Field, StaffRole};
use secrecy::{ExposeSecret, SecretString};

use super::sign_up::StaffSignUp;
use super::{Answer, Authentication};
use crate::crypto::{CryptoError, random, sha256};
use crate::error::AuthError;
use crate::password::Password;

/// The sign-up of the first admin.
#[derive(Clone, Debug)]
pub struct FirstAdmin {
    /// As the server printed it.
    pub setup_token: SecretString,
    /// Who they are.
    pub staff: StaffSignUp,
}

impl Authentication {
    /// A token with which the first admin signs up, to be printed once; `None`
    /// when there is an admin. Earlier ones stay good, as other instances printed theirs.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub async fn make_setup_token(&self) -> Result<Option<SecretString>, AuthError> {
        let token = new_setup_token()?;
        let kept = self.inner.stores.accounts.add_setup_token(&digest(&token), self.now()).await?;
        Ok(kept.then_some(token))
    }

    /// Enters the first admin, active, and signs them in.
    ///
    /// # Errors
    /// [`AuthError::SetupTokenRefused`], [`AuthError::Invalid`], `Taken`, [`AuthError::Overloaded`].
    pub async fn sign_up_first_admin(&self, actor: &Actor, form: FirstAdmin) -> Result<Answer, AuthError> {
        let FirstAdmin { setup_token, staff: form } = form;
        self.check_staff(&form)?;
        let setup_token = digest(&setup_token);
        let mut place = self.enter_hasher(actor).await?;
        // No hash for a stranger who tries tokens.
        if !self.inner.stores.accounts.has_setup_token(&setup_token).await? {
            return Err(AuthError::SetupTokenRefused);
        }
        let hash = self.inner.hasher.hash(&mut place, &form.password).await?;
        let account = self.staff_account(StaffRole::Admin, form.staff(), form.display_name, hash, true);
        let account = account.replacing_signup();
        let (session, token) = self.new_session(&account.user, &actor.origin)?;
        let events = [self.created(actor, &account), self.session_started(&account.user, &actor.origin)];
        self.inner.stores.accounts.create_first_admin(&account, &setup_token, &session, &events).await?;
        self.remember_network(&account.user, session.address).await;
        self.signed_in(account.user, &session, &token).map(Answer::signed_in)
    }

    /// Enters an active admin from the settings while there is no admin at all, active or not. An admin who was renamed
    /// or erased does not come back. Answers whether it did.
    ///
    /// A manager who has this e-mail stays as they are: nobody is made an admin by a setting that was meant for somebody
    /// new. An unapproved sign-up with it is replaced.
    ///
    /// # Errors
    /// [`AuthError::Invalid`] for a weak password, [`AuthError::Store`].
    pub async fn create_first_admin_from_settings(&self, email: Email, password: &Password) -> Result<bool, AuthError> {
        // No hash at every start. The transaction has the last word.
        if self.inner.stores.accounts.has_admin().await? {
            return Ok(false);
        }
        let actor = Actor::system("settings");
        let hash = self.hash_new_password(&actor, "password", password, Some(&email)).await?;
        let account = self.admin_account(email, hash);
        let event = self.created(&actor, &account);
        match self.inner.stores.accounts.create_only_admin(&account, &[event]).await {
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
}

/// 160 random bits, in groups that are easily copied.
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

/// Of the token as people copy it: groups and case don't matter. It is random
/// enough that a plain digest keeps it.
fn digest(token: &SecretString) -> Digest {
    let text = token.expose_secret().chars().filter(char::is_ascii_alphanumeric);
    sha256(text.map(|c| c.to_ascii_lowercase()).collect::<String>().as_bytes())
}
