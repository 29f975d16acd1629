//! `POST /auth/signout`

use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::extract::caller::Authenticated;
use crate::problem::{Problem, ProblemBody};
use crate::services::Services;

/// Ends the session in use. Its tokens are dead at once.
#[utoipa::path(post, path = "/auth/signout", tag = "auth", operation_id = "sign_out",
    responses(
        (status = 204, description = "The session has ended."),
        (status = 401, description = "`invalid_token`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn signout(caller: Authenticated, services: Data<Services>) -> Result<HttpResponse, Problem> {
    services.auth.sessions.sign_out(&caller.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
