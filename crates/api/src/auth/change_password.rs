//! `POST /auth/password/change`

use actix_web::HttpResponse;
use actix_web::web::Data;
use auth::{Password, PasswordPolicy};
use secrecy::{ExposeSecret, SecretString};
use utoipa::ToSchema;

use crate::extract::caller::Authenticated;
use crate::extract::fields::Fields;
use crate::extract::json_body::{FromFields, JsonBody};
use crate::problem::{Problem, ProblemBody};
use crate::services::Services;

/// A new password for whoever knows the old one.
#[derive(ToSchema)]
#[schema(as = PasswordChange)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePasswordRequest {
    #[schema(value_type = String, format = Password)]
    current_password: SecretString,
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 128)]
    new_password: Password,
}

impl FromFields for ChangePasswordRequest {
    fn from_fields(fields: &mut Fields, policy: PasswordPolicy) -> Option<Self> {
        let current_password = fields.required("current_password");
        // Whose e-mail it must not be made of, the use-case knows.
        let new_password = fields.new_password("new_password", policy, None);
        Some(Self { current_password: current_password?, new_password: new_password? })
    }
}

/// Changes the caller's password. Their other sessions end, and every code that was asked for with the old one is void.
#[utoipa::path(post, path = "/auth/password/change", tag = "auth", operation_id = "change_password",
    request_body = ChangePasswordRequest,
    responses(
        (status = 204, description = "The password is changed."),
        (status = 400, description = "`malformed_json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`invalid_token`, or `invalid_credentials`: the current password is wrong", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: customers have no password", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`payload_too_large`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: too many passwords are waiting", body = ProblemBody,
            content_type = "application/problem+json")))]
pub(crate) async fn change_password(
    caller: Authenticated,
    services: Data<Services>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let auth = &services.auth;
    auth.passwords.check_exists(&caller.0)?;
    let request: ChangePasswordRequest = body.read(&services).await?;
    let current = Password::attempt(request.current_password.expose_secret());
    auth.passwords.change(&caller.0, &current, &request.new_password).await?;
    Ok(HttpResponse::NoContent().finish())
}
