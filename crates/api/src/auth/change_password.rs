//! `POST /auth/password/change`

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

pub(crate) struct ChangePasswordRequest {
    current_password: SecretString,
    new_password: Password,
}

body_components! { ChangePasswordRequest, "PasswordChange", "A new password for whoever knows the old one."; }

impl FromFields for ChangePasswordRequest {
    fn from_fields(fields: &mut Fields, policy: PasswordPolicy) -> Option<Self> {
        let current_password = fields.required_as("current_password", "", schema::password);
        // The use-case knows whose e-mail it must not be made of.
        let new_password = fields.new_password("new_password", policy, None);
        Some(Self { current_password: current_password?, new_password: new_password? })
    }
}

/// Changes the caller's password. Their other sessions end, and every code that was asked for with the old one is void.
#[utoipa::path(post, path = "/auth/password/change",
    request_body = ChangePasswordRequest,
    responses(
        (status = 204, description = "The password is changed."),
        (status = 401, description = "`invalid_token`, or `invalid_credentials`: the current password is wrong"),
        (status = 403, description = "`forbidden`: customers have no password"),
        (status = 503, description = "`unavailable`: too many passwords are waiting")))]
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
