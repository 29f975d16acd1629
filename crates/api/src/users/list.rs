//! `GET /users/`

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use crate::extract::caller::Authenticated;
use crate::extract::query::{PageParams, UserFilterParams, user_query};
use crate::problem::{Problem, ProblemBody};
use crate::services::Services;
use crate::users::{UserListResponse, page};

/// The people whom the caller may see: for an admin everyone, for a manager
/// themselves and the customers assigned to them.
#[utoipa::path(get, path = "/users/", tag = "users", operation_id = "list_users", params(UserFilterParams, PageParams),
    responses(
        (status = 200, description = "A page of people. `Link` names the next page.", body = UserListResponse,
            headers(("Link" = String, description = "`<?…>; rel=\"next\"`, relative to the request, when there is a next page"))),
        (status = 401, description = "`invalid_token`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: for customers.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed`: an unknown or wrong parameter.", body = ProblemBody,
            content_type = "application/problem+json")))]
pub(crate) async fn list(
    signed_in: Authenticated,
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let actor = &signed_in.0.actor;
    let found = services.accounts.list(actor, async || user_query(request.query_string())).await?;
    Ok(page(&request, &found))
}
