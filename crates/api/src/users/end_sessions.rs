//! `DELETE /users/{id}/sessions`

use actix_web::{HttpRequest, HttpResponse};
use auth::Sessions;
use domain::UserId;

use crate::extract::{Authenticated, PathId};
use crate::problem::Result;
use crate::services::Service;

/// Signs a person out everywhere.
#[utoipa::path(delete, path = "/users/{id}/sessions",
    responses(
        (status = 204, description = "They are signed in nowhere."),
        (status = 403, description = "`forbidden`: for all but admins."),
        (status = 404, description = "`not_found`")))]
pub(crate) async fn end_sessions_of_user(
    caller: Authenticated,
    sessions: Service<Sessions>,
    id: PathId<UserId>,
    request: HttpRequest,
) -> Result {
    sessions.end_all_of(&caller.actor, || id.without_query(&request)).await?;
    Ok(HttpResponse::NoContent().finish())
}
