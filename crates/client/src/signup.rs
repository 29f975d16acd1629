//! To sign up.

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::json;

use crate::auth::SignInAnswer;
use crate::client::Client;
use crate::error::Error;
use crate::names::Channel;
use crate::new_user::exposed;

/// A staff member who signs up.
///
/// ```
/// use clientele_client::StaffSignUp;
///
/// let ada = StaffSignUp::new("ada@example.com", "correct horse battery".into()).display_name("Ada");
/// assert!(!format!("{ada:?}").contains("horse"));
/// ```
#[derive(Clone, Debug, Serialize)]
#[must_use]
pub struct StaffSignUp {
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    setup_token: Option<SecretString>,
    email: String,
    #[serde(serialize_with = "exposed")]
    password: Option<SecretString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tin_trunk_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_method: Option<Channel>,
}

impl StaffSignUp {
    /// Somebody who will sign in with this e-mail and password.
    pub fn new(email: impl Into<String>, password: SecretString) -> Self {
        Self {
            setup_token: None,
            email: email.into(),
            password: Some(password),
            display_name: None,
            phone: None,
            tin_trunk_number: None,
            verification_method: None,
        }
    }

    /// What they are called.
    pub fn display_name(self, name: impl Into<String>) -> Self {
        Self { display_name: Some(name.into()), ..self }
    }

    /// Their phone in international form. Channels other than e-mail need it.
    pub fn phone(self, phone: impl Into<String>) -> Self {
        Self { phone: Some(phone.into()), ..self }
    }

    /// The company's own reference.
    pub fn tin_trunk_number(self, number: impl Into<String>) -> Self {
        Self { tin_trunk_number: Some(number.into()), ..self }
    }

    /// Over which channel they get codes: e-mail unless said otherwise.
    pub fn verification_method(self, channel: Channel) -> Self {
        Self { verification_method: Some(channel), ..self }
    }
}

impl Client {
    /// Signs up a staff member, who becomes a manager. What comes of it is the service's policy: signed in, a code to the
    /// e-mail, or the approval of an admin.
    ///
    /// # Errors
    /// [`Error::Problem`] with `signup_closed`, `validation_failed`, `email_taken` (with open sign-up) or `rate_limited`.
    pub async fn sign_up_staff(&self, account: &StaffSignUp) -> Result<SignInAnswer, Error> {
        self.sign("auth/signup", account).await
    }

    /// Signs up a customer, or signs them in when they are one already: a code goes to their phone.
    ///
    /// # Errors
    /// [`Error::Problem`] with `signup_closed`, `validation_failed` or `rate_limited`.
    pub async fn sign_up_customer(&self, phone: &str, display_name: Option<&str>) -> Result<SignInAnswer, Error> {
        self.sign("auth/signup", &json!({ "phone": phone, "display_name": display_name })).await
    }

    /// Makes the first admin, with the setup token that the service printed at its start.
    ///
    /// # Errors
    /// [`Error::Problem`] with `invalid_setup_token` or `validation_failed`.
    pub async fn sign_up_first_admin(
        &self,
        setup_token: &SecretString,
        account: &StaffSignUp,
    ) -> Result<SignInAnswer, Error> {
        let setup_token = Some(SecretString::from(setup_token.expose_secret()));
        self.sign("auth/signup", &StaffSignUp { setup_token, ..account.clone() }).await
    }
}
