//! `GET /users/`

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use crate::extract::caller::Authenticated;
use crate::problem::Problem;
use crate::services::Services;
use crate::users::query::{UserListParams, user_query};
use crate::users::response::{UserList, people};

/// The people whom the caller may see: for an admin everyone, for a manager
/// themselves and the customers assigned to them.
#[utoipa::path(get, path = "/users/", params(UserListParams),
    responses(
        (status = 200, description = "A page of people. `Link` names the next page.", body = UserList),
        (status = 403, description = "`forbidden`: for customers.")))]
pub(crate) async fn list_users(
    signed_in: Authenticated,
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let actor = &signed_in.0.actor;
    let found = services.accounts.list(actor, async || user_query(request.query_string())).await?;
    Ok(people(&request, &found))
}
