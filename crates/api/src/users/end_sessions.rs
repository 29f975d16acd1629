//! `DELETE /users/{id}/sessions`

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use domain::UserId;

use crate::extract::caller::Authenticated;
use crate::extract::path_id::PathId;
use crate::problem::Problem;
use crate::services::Services;

/// Signs a person out everywhere.
#[utoipa::path(delete, path = "/users/{id}/sessions",
    responses(
        (status = 204, description = "They are signed in nowhere."),
        (status = 403, description = "`forbidden`: for all but admins."),
        (status = 404, description = "`not_found`")))]
pub(crate) async fn end_sessions_of_user(
    signed_in: Authenticated,
    services: Data<Services>,
    id: PathId<UserId>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let actor = &signed_in.0.actor;
    services.auth.sessions.end_all_of(actor, || id.without_query(&request)).await?;
    Ok(HttpResponse::NoContent().finish())
}
