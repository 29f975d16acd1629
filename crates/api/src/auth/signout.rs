//! `POST /auth/signout`

use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::extract::caller::Authenticated;
use crate::problem::Problem;
use crate::services::Services;

/// Ends the session in use. Its tokens are dead at once.
#[utoipa::path(post, path = "/auth/signout",
    responses(
        (status = 204, description = "The session has ended.")))]
pub(crate) async fn sign_out(caller: Authenticated, services: Data<Services>) -> Result<HttpResponse, Problem> {
    services.auth.sessions.sign_out(&caller.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
