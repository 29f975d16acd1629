//! `POST /auth/refresh`

use actix_web::http::StatusCode;
use auth::{AuthError, Tokens};
use secrecy::{ExposeSecret, SecretString};

use crate::auth::{SignedInResponse, signed_in};
use crate::extract::{Anonymous, Fields, JsonBody, bodies};
use crate::problem::{Code, Problem, Result};
use crate::services::Service;

bodies! { Refresh = refresh_token, "A session goes on."; }

fn refresh_token(fields: &mut Fields) -> Option<SecretString> {
    fields.required("refresh_token", "As the last answer with `signed_in` had it.")
}

/// Gives a new pair of tokens and spends the old refresh token.
///
/// For ten seconds the token that was just spent gives the same pair again, for a lost answer or a second tab. An older
/// token may be stolen, so it ends the session.
#[utoipa::path(post, path = "/auth/refresh",
    request_body = Refresh,
    responses(
        (status = 200, description = "The next pair of tokens.", body = SignedInResponse),
        (status = 401, description = "`invalid_token`: the token is spent, expired, of an ended session, or not ours")))]
pub(crate) async fn refresh(anyone: Anonymous, tokens: Service<Tokens>, body: JsonBody) -> Result {
    let token = body.read(refresh_token).await?;
    let renewed = tokens.renew(&anyone, token.expose_secret()).await.map_err(|error| match error {
        AuthError::InvalidToken => Problem::new(Code::InvalidToken, "the refresh token is not valid: sign in again"),
        error => error.into(),
    })?;
    Ok(signed_in(StatusCode::OK, &renewed))
}
