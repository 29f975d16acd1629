//! `POST /auth/password/forgot`

use actix_web::HttpResponse;
use actix_web::web::Data;
use auth::PasswordPolicy;
use domain::Email;

use crate::auth::{CodeSentResponse, code_sent};
use crate::extract::caller::Anonymous;
use crate::extract::fields::Fields;
use crate::extract::json_body::{FromFields, JsonBody, body_components};
use crate::problem::Problem;
use crate::services::Services;

pub(crate) struct ForgotPasswordRequest {
    email: Email,
}

body_components! { ForgotPasswordRequest, "PasswordForgot", "Somebody forgot their password, or never had one."; }

impl FromFields for ForgotPasswordRequest {
    fn from_fields(fields: &mut Fields, _: PasswordPolicy) -> Option<Self> {
        Some(Self { email: fields.required("email", "")? })
    }
}

/// Sends a code for a new password.
///
/// The answer is the same whether or not the account exists, and `channel` always reads `email`; the code goes over the
/// person's own method. It is also the way in for somebody whose invitation has expired.
#[utoipa::path(post, path = "/auth/password/forgot",
    request_body = ForgotPasswordRequest,
    responses(
        (status = 202, description = "A code is on its way, if there is somebody to get it.", body = CodeSentResponse)))]
pub(crate) async fn forgot_password(
    anyone: Anonymous,
    services: Data<Services>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let request: ForgotPasswordRequest = body.read(&services).await?;
    Ok(code_sent(&services.auth.passwords.forgot(&anyone.0, &request.email).await?))
}
