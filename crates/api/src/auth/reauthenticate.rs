//! `POST /auth/reauthenticate`

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

/// The caller's password.
#[derive(ToSchema)]
#[schema(as = Reauthentication)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReauthenticateRequest {
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

impl FromFields for ReauthenticateRequest {
    fn from_fields(fields: &mut Fields, _: PasswordPolicy) -> Option<Self> {
        Some(Self { password: fields.required("password")? })
    }
}

/// Makes the caller's session fresh for five minutes. Staff need that to change their own `email`, `phone` or
/// `verification_method`, and to end their other sessions. A sign-in and a changed password do the same.
#[utoipa::path(post, path = "/auth/reauthenticate", tag = "auth", operation_id = "reauthenticate",
    request_body = ReauthenticateRequest,
    responses(
        (status = 204, description = "The session is fresh."),
        (status = 400, description = "`malformed_json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`invalid_token`, or `invalid_credentials`: the password is wrong", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: customers have no password", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`payload_too_large`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: too many passwords are waiting", body = ProblemBody,
            content_type = "application/problem+json")))]
pub(crate) async fn reauthenticate(
    caller: Authenticated,
    services: Data<Services>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let auth = &services.auth;
    auth.passwords.check_exists(&caller.0)?;
    let request: ReauthenticateRequest = body.read(&services).await?;
    let password = Password::attempt(request.password.expose_secret());
    auth.passwords.reauthenticate(&caller.0, &password).await?;
    Ok(HttpResponse::NoContent().finish())
}
