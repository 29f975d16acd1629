//! `POST /auth/verify`

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use auth::PasswordPolicy;
use domain::ChallengeId;
use secrecy::{ExposeSecret, SecretString};

use crate::auth::{ApprovalRequiredResponse, SignedInResponse, answer};
use crate::extract::caller::Anonymous;
use crate::extract::fields::Fields;
use crate::extract::json_body::{FromFields, JsonBody, body_components};
use crate::problem::Problem;
use crate::schema;
use crate::services::Services;

pub(crate) struct VerifyRequest {
    challenge_id: ChallengeId,
    code: SecretString,
}

body_components! { VerifyRequest, "Verify", "A one-time code comes back."; }

impl FromFields for VerifyRequest {
    fn from_fields(fields: &mut Fields, _: PasswordPolicy) -> Option<Self> {
        let challenge_id = fields.required("challenge_id", "As the answer with `code_sent` named it.");
        let about = "Six digits, of any script; white space, dashes and the like between them are passed over.";
        let code = fields.required_as("code", about, schema::code);
        Some(Self { challenge_id: challenge_id?, code: code? })
    }
}

/// Finishes a sign-up or a sign-in with its one-time code.
#[utoipa::path(post, path = "/auth/verify",
    request_body = VerifyRequest,
    responses(
        (status = 200, description = "Signed in.", body = SignedInResponse),
        (status = 202, description = "The contact is proven; an admin has to activate the account.",
            body = ApprovalRequiredResponse),
        (status = 401, description = "`invalid_code`: anything wrong with it, with `tries_left` while the challenge lives"),
        (status = 403, description = "`account_inactive`")))]
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
