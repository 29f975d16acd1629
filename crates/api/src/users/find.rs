//! `GET /users/{id}`

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use domain::UserId;

use crate::extract::caller::Authenticated;
use crate::extract::path_id::PathId;
use crate::problem::Problem;
use crate::services::Services;
use crate::users::response::{UserResponse, rendered};

/// One person whom the caller may see.
#[utoipa::path(get, path = "/users/{id}",
    params(
        ("If-None-Match" = Option<String>, Header, description = "An `ETag`: 304 while it is current.")),
    responses(
        (status = 200, description = "The person.", body = UserResponse),
        (status = 404, description = "`not_found`: nobody, or nobody whom the caller may see.")))]
pub(crate) async fn read_user(
    signed_in: Authenticated,
    services: Data<Services>,
    id: PathId<UserId>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let id = id.without_query(&request)?;
    let user = services.accounts.find(&signed_in.0.actor, id).await?;
    Ok(rendered(&request, &user))
}
