//! `POST /auth/password/reset`

use actix_web::HttpResponse;
use actix_web::web::Data;
use auth::{Password, PasswordPolicy};
use domain::ChallengeId;
use secrecy::{ExposeSecret, SecretString};

use crate::extract::caller::Anonymous;
use crate::extract::fields::Fields;
use crate::extract::json_body::{FromFields, JsonBody, body_components};
use crate::problem::Problem;
use crate::schema;
use crate::services::Services;

pub(crate) struct ResetPasswordRequest {
    challenge_id: ChallengeId,
    code: SecretString,
    new_password: Password,
}

body_components! { ResetPasswordRequest, "PasswordReset", "A new password for whoever has the code."; }

impl FromFields for ResetPasswordRequest {
    fn from_fields(fields: &mut Fields, policy: PasswordPolicy) -> Option<Self> {
        let about = "As the answer with `code_sent` named it, or the message of an invitation.";
        let challenge_id = fields.required("challenge_id", about);
        let code = fields.required_as("code", "Six digits.", schema::code);
        let new_password = fields.new_password("new_password", policy, None);
        Some(Self { challenge_id: challenge_id?, code: code?, new_password: new_password? })
    }
}

/// Sets a new password by code, the first one of the invited too. All sessions end.
///
/// A password that is refused spends no try. That it is made of the account's own e-mail is told only with the right code.
#[utoipa::path(post, path = "/auth/password/reset",
    request_body = ResetPasswordRequest,
    responses(
        (status = 204, description = "The password is set: sign in with it."),
        (status = 401, description = "`invalid_code`: anything wrong with it, with `tries_left` while the challenge lives"),
        (status = 403, description = "`account_inactive`"),
        (status = 503, description = "`unavailable`: too many passwords are waiting")))]
pub(crate) async fn reset_password(
    anyone: Anonymous,
    services: Data<Services>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let ResetPasswordRequest { challenge_id, code, new_password } = body.read(&services).await?;
    let auth = &services.auth;
    auth.passwords.reset(&anyone.0, challenge_id, code.expose_secret(), &new_password).await?;
    Ok(HttpResponse::NoContent().finish())
}
