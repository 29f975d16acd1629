//! `POST /auth/verify`

use actix_web::http::StatusCode;
use auth::Codes;
use domain::ChallengeId;
use secrecy::{ExposeSecret, SecretString};

use crate::auth::{ApprovalRequiredResponse, SignedInResponse, answer};
use crate::extract::{Anonymous, Fields, JsonBody, TokenPlace, bodies};
use crate::problem::Result;
use crate::schema;
use crate::services::Service;

bodies! { Verify = code, "A one-time code comes back."; }

fn code(fields: &mut Fields) -> Option<(ChallengeId, SecretString)> {
    let challenge_id = fields.required("challenge_id", "As the answer with `code_sent` named it.");
    let about = "Six digits, of any script. White space, dashes and the like between them are ignored.";
    let code = fields.required_as("code", about, schema::code);
    Some((challenge_id?, code?))
}

/// Finishes a sign-up or a sign-in with its one-time code.
#[utoipa::path(post, path = "/auth/verify",
    request_body = Verify,
    responses(
        (status = 200, description = "Signed in.", body = SignedInResponse),
        (status = 202, description = "The contact is proven; an admin has to activate the account.",
            body = ApprovalRequiredResponse),
        (status = 401, description = "`invalid_code`: the code is wrong, spent or expired; `tries_left` is there while more can be tried"),
        (status = 403, description = "`account_inactive`")))]
pub(crate) async fn verify(anyone: Anonymous, codes: Service<Codes>, place: TokenPlace, body: JsonBody) -> Result {
    let (challenge_id, code) = body.read(code).await?;
    let done = codes.verify(&anyone, challenge_id, code.expose_secret()).await?;
    Ok(answer(&done, StatusCode::OK, place))
}
