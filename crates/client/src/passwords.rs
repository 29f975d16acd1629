//! Passwords: to change, to forget, to set anew.

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use uuid::Uuid;

use crate::auth::{CodeSent, CodeSentBody};
use crate::client::Client;
use crate::error::Error;
use crate::request::Request;

impl Client {
    /// Changes the caller's password. Their other sessions end.
    ///
    /// # Errors
    /// [`Error::Problem`] with `invalid_credentials` when the current one is wrong, `validation_failed` when the new one is
    /// weak.
    pub async fn change_password(&self, current: &SecretString, new: &SecretString) -> Result<(), Error> {
        let body = json!({ "current_password": current.expose_secret(), "new_password": new.expose_secret() });
        self.send(Request::post("auth/password/change").json(&body)).await.map(drop)
    }

    /// Sends a code to a staff member who forgot their password. The answer is the same for an e-mail that nobody has.
    ///
    /// # Errors
    /// [`Error::Problem`] with `validation_failed` or `rate_limited`.
    pub async fn forgot_password(&self, email: &str) -> Result<CodeSent, Error> {
        let sent: CodeSentBody =
            self.read(Request::post("auth/password/forgot").json(&json!({ "email": email }))).await?;
        Ok(sent.into())
    }

    /// Sets a password with the code that was sent, for whoever forgot theirs or was invited. All their sessions end.
    ///
    /// # Errors
    /// [`Error::Problem`] with `invalid_code`, or `validation_failed` when the password is weak.
    pub async fn reset_password(&self, challenge_id: Uuid, code: &str, new: &SecretString) -> Result<(), Error> {
        let body = json!({ "challenge_id": challenge_id, "code": code, "new_password": new.expose_secret() });
        self.send(Request::post("auth/password/reset").json(&body)).await.map(drop)
    }
}
