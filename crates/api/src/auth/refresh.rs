//! `POST /auth/refresh`

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use auth::{AuthError, PasswordPolicy};
use secrecy::{ExposeSecret, SecretString};
use utoipa::ToSchema;

use crate::auth::{SignedInResponse, signed_in};
use crate::extract::caller::Anonymous;
use crate::extract::fields::Fields;
use crate::extract::json_body::{FromFields, JsonBody};
use crate::problem::{Code, Problem, ProblemBody};
use crate::services::Services;

/// A session goes on.
#[derive(ToSchema)]
#[schema(as = Refresh)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshRequest {
    /// As the last answer with `signed_in` had it.
    #[schema(value_type = String)]
    refresh_token: SecretString,
}

impl FromFields for RefreshRequest {
    fn from_fields(fields: &mut Fields, _: PasswordPolicy) -> Option<Self> {
        Some(Self { refresh_token: fields.required("refresh_token")? })
    }
}

/// Gives a new pair of tokens; the old refresh token is spent by that.
///
/// The token just spent gives the same successor again for ten seconds: a lost answer, two tabs. Any older one was
/// stolen, or its owner's was, and ends the session.
#[utoipa::path(post, path = "/auth/refresh", tag = "auth", operation_id = "refresh", security(()),
    request_body = RefreshRequest,
    responses(
        (status = 200, description = "The next pair of tokens.", body = SignedInResponse),
        (status = 400, description = "`malformed_json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`invalid_token`: spent, expired, of an ended session, or not ours", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 413, description = "`payload_too_large`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`", body = ProblemBody, content_type = "application/problem+json")))]
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
