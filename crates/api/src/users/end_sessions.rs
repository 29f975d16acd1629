//! `DELETE /users/{id}/sessions`

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use domain::Action;

use crate::extract::caller::Authenticated;
use crate::extract::query::no_query;
use crate::problem::{Problem, ProblemBody};
use crate::services::Services;

/// Signs a person out everywhere.
#[utoipa::path(delete, path = "/users/{id}/sessions", tag = "users", operation_id = "end_sessions_of_user",
    params(("id" = uuid::Uuid, Path, description = "The person.")),
    responses(
        (status = 204, description = "They are signed in nowhere."),
        (status = 401, description = "`invalid_token`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: for all but admins.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn end_sessions(
    signed_in: Authenticated,
    services: Data<Services>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let actor = &signed_in.0.actor;
    services.accounts.check_may(actor, Action::EndSessions)?;
    let id = id.parse().map_err(|_| Problem::not_found())?;
    no_query(request.query_string())?;
    services.auth.sessions.end_all_of(actor, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
