//! `GET /users/{id}`

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use crate::extract::caller::Authenticated;
use crate::extract::query::no_query;
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
    id: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    // What is no UUID is the id of nobody.
    let id = id.parse().map_err(|_| Problem::not_found())?;
    no_query(request.query_string())?;
    let user = services.accounts.find(&signed_in.0.actor, id).await?;
    Ok(rendered(&request, &user))
}
