//! `POST /auth/password/reset`

use actix_web::HttpResponse;
use actix_web::web::Data;
use auth::{Password, PasswordPolicy};
use domain::ChallengeId;
use secrecy::{ExposeSecret, SecretString};
use utoipa::ToSchema;

use crate::extract::caller::Anonymous;
use crate::extract::fields::Fields;
use crate::extract::json_body::{FromFields, JsonBody};
use crate::problem::{Problem, ProblemBody};
use crate::services::Services;

/// A new password for whoever has the code.
#[derive(ToSchema)]
#[schema(as = PasswordReset)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResetPasswordRequest {
    /// As the answer with `code_sent` named it, or the message of an invitation.
    #[schema(value_type = uuid::Uuid)]
    challenge_id: ChallengeId,
    /// Six digits.
    #[schema(value_type = String, example = "123456")]
    code: SecretString,
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 128)]
    new_password: Password,
}

impl FromFields for ResetPasswordRequest {
    fn from_fields(fields: &mut Fields, policy: PasswordPolicy) -> Option<Self> {
        let challenge_id = fields.required("challenge_id");
        let code = fields.required("code");
        let new_password = fields.new_password("new_password", policy, None);
        Some(Self { challenge_id: challenge_id?, code: code?, new_password: new_password? })
    }
}

/// Sets a new password by code, the first one of the invited too. All sessions end.
///
/// A password that is refused spends no try. That it is made of the account's own e-mail is told only with the right code.
#[utoipa::path(post, path = "/auth/password/reset", tag = "auth", operation_id = "reset_password", security(()),
    request_body = ResetPasswordRequest,
    responses(
        (status = 204, description = "The password is set: sign in with it."),
        (status = 400, description = "`malformed_json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`invalid_code`: anything wrong with it, with `tries_left` while the challenge lives",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`account_inactive`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`payload_too_large`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: too many passwords are waiting", body = ProblemBody,
            content_type = "application/problem+json")))]
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
