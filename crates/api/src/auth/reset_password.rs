//! `POST /auth/password/reset`

use actix_web::HttpResponse;
use auth::{Password, Passwords};
use domain::ChallengeId;
use secrecy::{ExposeSecret, SecretString};

use crate::extract::{Anonymous, Fields, JsonBody, bodies};
use crate::problem::Result;
use crate::schema;
use crate::services::Service;

bodies! { PasswordReset = reset, "A new password for whoever has the code."; }

fn reset(fields: &mut Fields) -> Option<(ChallengeId, SecretString, Password)> {
    let about = "As the answer with `code_sent` named it, or the message of an invitation.";
    let challenge_id = fields.required("challenge_id", about);
    let code = fields.required_as("code", "Six digits.", schema::code);
    let new_password = fields.new_password("new_password", None);
    Some((challenge_id?, code?, new_password?))
}

/// Sets a new password by code, and the first one of somebody who was invited. All their sessions end.
///
/// A refused password costs no try. Whether it is made of the account's own e-mail is checked only with the right code.
#[utoipa::path(post, path = "/auth/password/reset",
    request_body = PasswordReset,
    responses(
        (status = 204, description = "The password is set: sign in with it."),
        (status = 401, description = "`invalid_code`: the code is wrong, spent or expired; `tries_left` is there while more can be tried"),
        (status = 403, description = "`account_inactive`"),
        (status = 503, description = "`unavailable`: too many passwords are waiting")))]
pub(crate) async fn reset_password(anyone: Anonymous, passwords: Service<Passwords>, body: JsonBody) -> Result {
    let (challenge_id, code, new_password) = body.read(reset).await?;
    passwords.reset(&anyone, challenge_id, code.expose_secret(), &new_password).await?;
    Ok(HttpResponse::NoContent().finish())
}
