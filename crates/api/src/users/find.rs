//! `GET /users/{id}`

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use domain::UserId;

use crate::extract::caller::Authenticated;
use crate::extract::path_id::PathId;
use crate::problem::{Problem, ProblemBody};
use crate::services::Services;
use crate::users::{UserResponse, rendered};

/// One person whom the caller may see.
#[utoipa::path(get, path = "/users/{id}", tag = "users", operation_id = "read_user",
    params(
        ("id" = uuid::Uuid, Path, description = "The person."),
        ("If-None-Match" = Option<String>, Header, description = "An `ETag`: 304 while it is current.")),
    responses(
        (status = 200, description = "The person.", body = UserResponse,
            headers(("ETag" = String, description = "The state of the record"))),
        (status = 304, description = "The state is still that of `If-None-Match`."),
        (status = 401, description = "`invalid_token`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: nobody, or nobody whom the caller may see.", body = ProblemBody,
            content_type = "application/problem+json")))]
pub(crate) async fn find(
    signed_in: Authenticated,
    services: Data<Services>,
    id: PathId<UserId>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let id = id.without_query(&request)?;
    let user = services.accounts.find(&signed_in.0.actor, id).await?;
    Ok(rendered(&request, &user))
}
