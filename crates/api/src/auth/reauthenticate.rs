//! `POST /auth/reauthenticate`

use actix_web::HttpResponse;
use actix_web::web::Data;
use auth::{Password, PasswordPolicy};
use secrecy::{ExposeSecret, SecretString};

use crate::extract::caller::Authenticated;
use crate::extract::fields::Fields;
use crate::extract::json_body::{FromFields, JsonBody, body_components};
use crate::problem::Problem;
use crate::schema;
use crate::services::Services;

pub(crate) struct ReauthenticateRequest(Password);

body_components! { ReauthenticateRequest, "Reauthentication", "The caller's password."; }

impl FromFields for ReauthenticateRequest {
    fn from_fields(fields: &mut Fields, _: PasswordPolicy) -> Option<Self> {
        let password: SecretString = fields.required_as("password", "", schema::password)?;
        Some(Self(Password::attempt(password.expose_secret())))
    }
}

/// Makes the caller's session fresh for five minutes. Staff need that to change their own `email`, `phone` or
/// `verification_method`, and to end their other sessions. A sign-in and a changed password do the same.
#[utoipa::path(post, path = "/auth/reauthenticate",
    request_body = ReauthenticateRequest,
    responses(
        (status = 204, description = "The session is fresh."),
        (status = 401, description = "`invalid_token`, or `invalid_credentials`: the password is wrong"),
        (status = 403, description = "`forbidden`: customers have no password"),
        (status = 503, description = "`unavailable`: too many passwords are waiting")))]
pub(crate) async fn reauthenticate(
    caller: Authenticated,
    services: Data<Services>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let password = async || body.read(&services).await.map(|ReauthenticateRequest(password)| password);
    services.auth.passwords.reauthenticate(&caller.0, password).await?;
    Ok(HttpResponse::NoContent().finish())
}
