//! `POST /auth/verify`

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use auth::PasswordPolicy;
use domain::ChallengeId;
use secrecy::{ExposeSecret, SecretString};
use utoipa::ToSchema;

use crate::auth::{ApprovalRequiredResponse, SignedInResponse, answer};
use crate::extract::caller::Anonymous;
use crate::extract::fields::Fields;
use crate::extract::json_body::{FromFields, JsonBody};
use crate::problem::{Problem, ProblemBody};
use crate::services::Services;

/// A one-time code comes back.
#[derive(ToSchema)]
#[schema(as = Verify)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifyRequest {
    /// As the answer with `code_sent` named it.
    #[schema(value_type = uuid::Uuid)]
    challenge_id: ChallengeId,
    /// Six digits, of any script; white space, dashes and the like between them are passed over.
    #[schema(value_type = String, example = "123456")]
    code: SecretString,
}

impl FromFields for VerifyRequest {
    fn from_fields(fields: &mut Fields, _: PasswordPolicy) -> Option<Self> {
        let challenge_id = fields.required("challenge_id");
        let code = fields.required("code");
        Some(Self { challenge_id: challenge_id?, code: code? })
    }
}

/// Finishes a sign-up or a sign-in with its one-time code.
#[utoipa::path(post, path = "/auth/verify", tag = "auth", operation_id = "verify", security(()),
    request_body = VerifyRequest,
    responses(
        (status = 200, description = "Signed in.", body = SignedInResponse),
        (status = 202, description = "The contact is proven; an admin has to activate the account.",
            body = ApprovalRequiredResponse),
        (status = 400, description = "`malformed_json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`invalid_code`: anything wrong with it, with `tries_left` while the challenge lives",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`account_inactive`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`payload_too_large`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed`", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn verify(
    anyone: Anonymous,
    services: Data<Services>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let request: VerifyRequest = body.read(&services).await?;
    let code = request.code.expose_secret();
    let done = services.auth.codes.verify(&anyone.0, request.challenge_id, code).await?;
    Ok(answer(&done, StatusCode::OK))
}
