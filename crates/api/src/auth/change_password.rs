//! `POST /auth/password/change`

use actix_web::HttpResponse;
use actix_web::web::Data;
use auth::{Password, PasswordChange, PasswordPolicy};
use secrecy::{ExposeSecret, SecretString};

use crate::extract::caller::Authenticated;
use crate::extract::fields::Fields;
use crate::extract::json_body::{FromFields, JsonBody, body_components};
use crate::problem::Problem;
use crate::schema;
use crate::services::Services;

pub(crate) struct ChangePasswordRequest(PasswordChange);

body_components! { ChangePasswordRequest, "PasswordChange", "A new password for whoever knows the old one."; }

impl FromFields for ChangePasswordRequest {
    fn from_fields(fields: &mut Fields, policy: PasswordPolicy) -> Option<Self> {
        let current: Option<SecretString> = fields.required_as("current_password", "", schema::password);
        // The use-case knows whose e-mail it must not be made of.
        let new = fields.new_password("new_password", policy, None);
        let current = Password::attempt(current?.expose_secret());
        Some(Self(PasswordChange { current, new: new? }))
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
    let sent = async || body.read(&services).await.map(|ChangePasswordRequest(change)| change);
    services.auth.passwords.change(&caller.0, sent).await?;
    Ok(HttpResponse::NoContent().finish())
}
