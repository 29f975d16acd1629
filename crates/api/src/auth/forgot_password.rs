//! `POST /auth/password/forgot`

use actix_web::HttpResponse;
use actix_web::web::Data;
use auth::PasswordPolicy;
use domain::Email;
use utoipa::ToSchema;

use crate::auth::{CodeSentResponse, code_sent};
use crate::extract::caller::Anonymous;
use crate::extract::fields::Fields;
use crate::extract::json_body::{FromFields, JsonBody};
use crate::problem::{Problem, ProblemBody};
use crate::services::Services;

/// Somebody forgot their password, or never had one.
#[derive(ToSchema)]
#[schema(as = PasswordForgot)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForgotPasswordRequest {
    #[schema(value_type = String, format = Email)]
    email: Email,
}

impl FromFields for ForgotPasswordRequest {
    fn from_fields(fields: &mut Fields, _: PasswordPolicy) -> Option<Self> {
        Some(Self { email: fields.required("email")? })
    }
}

/// Sends a code for a new password.
///
/// The answer is the same whether or not the account exists, and `channel` always reads `email`; the code goes over the
/// person's own method. It is also the way in for somebody whose invitation has expired.
#[utoipa::path(post, path = "/auth/password/forgot", tag = "auth", operation_id = "forgot_password", security(()),
    request_body = ForgotPasswordRequest,
    responses(
        (status = 202, description = "A code is on its way, if there is somebody to get it.", body = CodeSentResponse),
        (status = 400, description = "`malformed_json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`payload_too_large`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn forgot_password(
    anyone: Anonymous,
    services: Data<Services>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let request: ForgotPasswordRequest = body.read(&services).await?;
    Ok(code_sent(&services.auth.passwords.forgot(&anyone.0, &request.email).await?))
}
