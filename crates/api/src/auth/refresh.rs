//! `POST /auth/refresh`

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use auth::{AuthError, Tokens};
use secrecy::{ExposeSecret, SecretString};

use crate::auth::{SignedInResponse, signed_in};
use crate::extract::{Anonymous, Fields, JsonBody, TokenPlace, bodies, session_cookie};
use crate::problem::{Code, Problem, Result};
use crate::public_url::PublicUrl;
use crate::services::Service;

bodies! { Refresh = token_or_cookie, "A session goes on. Without a token, that of the cookie counts."; }

const ABOUT: &str = "As the last answer with `signed_in` had it.";

fn token(fields: &mut Fields) -> Option<SecretString> {
    fields.required("refresh_token", ABOUT)
}

fn token_or_cookie(fields: &mut Fields) -> Option<Option<SecretString>> {
    fields.optional("refresh_token", ABOUT)
}

/// Gives a new pair of tokens and spends the old refresh token.
///
/// For ten seconds the token that was just spent gives the same pair again, for a lost answer or a second tab. An older
/// token may be stolen, so it ends the session. The cookie is read only from a page of the same origin
/// (`Sec-Fetch-Site` or `Origin`), and its successor is a cookie again.
#[utoipa::path(post, path = "/auth/refresh",
    request_body = Refresh,
    responses(
        (status = 200, description = "The next pair of tokens.", body = SignedInResponse),
        (status = 401, description = "`invalid_token`: the token is spent, expired, of an ended session, or not ours")))]
pub(crate) async fn refresh(
    anyone: Anonymous,
    tokens: Service<Tokens>,
    own: Service<PublicUrl>,
    request: HttpRequest,
    body: JsonBody,
) -> Result {
    let refused = || Problem::new(Code::InvalidToken, "the refresh token is not valid: sign in again");
    let (token, place) = if session_cookie::is_sent(&request) {
        match body.read(token_or_cookie).await? {
            Some(token) => (token, TokenPlace::Body),
            None => (session_cookie::refresh_token(&request, &own).ok_or_else(refused)?, TokenPlace::Cookie),
        }
    } else {
        (body.read(token).await?, TokenPlace::Body)
    };
    let renewed = tokens.renew(&anyone, token.expose_secret()).await.map_err(|error| match error {
        AuthError::InvalidToken => refused(),
        error => error.into(),
    })?;
    Ok(signed_in(StatusCode::OK, &renewed, place))
}
