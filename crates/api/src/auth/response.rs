//! The three answers to a sign-in, a sign-up and a code.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use auth::{Answer, CodeSent, SignedIn};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};
use uuid::Uuid;

use crate::extract::{TokenPlace, session_cookie};
use crate::schema::{VerificationMethod, one_of, only};
use crate::users::response::UserResponse;

/// Signed in.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedIn)]
pub(crate) struct SignedInResponse<'u> {
    #[schema(schema_with = signed_in_status)]
    status: &'static str,
    /// A JWT (RFC 9068): send it as `Authorization: Bearer`.
    access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// How long the access token is valid, in seconds.
    expires_in: i64,
    /// Opaque; valid once, for a new pair. Not there when it is in the cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    refresh_token: Option<String>,
    /// How long the refresh token is valid, in seconds.
    refresh_expires_in: i64,
    /// Who signed in.
    user: UserResponse<'u>,
}

/// A one-time code is on its way: send it to `POST /auth/verify`.
#[derive(Serialize, ToSchema)]
#[schema(as = CodeSent)]
pub(crate) struct CodeSentResponse {
    #[schema(schema_with = code_sent_status)]
    status: &'static str,
    /// Names the challenge when the code comes back.
    challenge_id: Uuid,
    /// Over which channel the code goes.
    #[schema(value_type = VerificationMethod)]
    channel: &'static str,
    /// How long the code is valid, in seconds.
    expires_in: i64,
}

/// An admin has to activate the account.
#[derive(Serialize, ToSchema)]
#[schema(as = ApprovalRequired)]
pub(crate) struct ApprovalRequiredResponse {
    #[schema(schema_with = approval_required_status)]
    status: &'static str,
}

one_of!(SignupAccepted = [CodeSentResponse, ApprovalRequiredResponse], "A sign-up that is not finished yet.");

/// What tells the answers apart.
fn signed_in_status() -> RefOr<Schema> {
    only("signed_in")
}

fn code_sent_status() -> RefOr<Schema> {
    only("code_sent")
}

fn approval_required_status() -> RefOr<Schema> {
    only("approval_required")
}

pub(crate) fn signed_in(status: StatusCode, answer: &SignedIn, place: TokenPlace) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    if place == TokenPlace::Cookie {
        response.cookie(session_cookie::holding(answer));
    }
    let in_body = place == TokenPlace::Body;
    response.json(SignedInResponse {
        status: "signed_in",
        access_token: answer.access_token.expose_secret().to_owned(),
        token_type: "Bearer",
        expires_in: answer.expires_in,
        refresh_token: in_body.then(|| answer.refresh_token.expose_secret().to_owned()),
        refresh_expires_in: answer.refresh_expires_in,
        user: UserResponse::from(&answer.user),
    })
}

pub(crate) fn code_sent(answer: &CodeSent) -> HttpResponse {
    HttpResponse::Accepted().json(CodeSentResponse {
        status: "code_sent",
        challenge_id: answer.challenge_id.as_uuid(),
        channel: answer.channel.as_str(),
        expires_in: answer.expires_in,
    })
}

/// The answer of every way in; `done` is the status of one that leads to a session.
pub(crate) fn answer(answer: &Answer, done: StatusCode, place: TokenPlace) -> HttpResponse {
    match answer {
        Answer::SignedIn(answer) => signed_in(done, answer, place),
        Answer::CodeSent(answer) => code_sent(answer),
        Answer::ApprovalRequired => {
            HttpResponse::Accepted().json(ApprovalRequiredResponse { status: "approval_required" })
        }
    }
}
