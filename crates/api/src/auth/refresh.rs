//! `POST /auth/refresh`

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use auth::{AuthError, PasswordPolicy};
use secrecy::{ExposeSecret, SecretString};

use crate::auth::{SignedInResponse, signed_in};
use crate::extract::caller::Anonymous;
use crate::extract::fields::Fields;
use crate::extract::json_body::{FromFields, JsonBody, body_components};
use crate::problem::{Code, Problem};
use crate::services::Services;

pub(crate) struct RefreshRequest {
    refresh_token: SecretString,
}

body_components! { RefreshRequest, "Refresh", "A session goes on."; }

impl FromFields for RefreshRequest {
    fn from_fields(fields: &mut Fields, _: PasswordPolicy) -> Option<Self> {
        let about = "As the last answer with `signed_in` had it.";
        Some(Self { refresh_token: fields.required("refresh_token", about)? })
    }
}

/// Gives a new pair of tokens; the old refresh token is spent by that.
///
/// The token just spent gives the same successor again for ten seconds: a lost answer, two tabs. Any older one was
/// stolen, or its owner's was, and ends the session.
#[utoipa::path(post, path = "/auth/refresh",
    request_body = RefreshRequest,
    responses(
        (status = 200, description = "The next pair of tokens.", body = SignedInResponse),
        (status = 401, description = "`invalid_token`: spent, expired, of an ended session, or not ours")))]
pub(crate) async fn refresh(
    anyone: Anonymous,
    services: Data<Services>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let request: RefreshRequest = body.read(&services).await?;
    let renewed = services.auth.tokens.renew(&anyone.0, request.refresh_token.expose_secret()).await;
    let renewed = renewed.map_err(|error| match error {
        AuthError::InvalidToken => Problem::new(Code::InvalidToken, "the refresh token is not valid: sign in again"),
        error => error.into(),
    })?;
    Ok(signed_in(StatusCode::OK, &renewed))
}
