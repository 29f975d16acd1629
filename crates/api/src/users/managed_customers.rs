//! `GET /users/managed-customers/`

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use crate::extract::caller::Authenticated;
use crate::problem::Problem;
use crate::services::Services;
use crate::users::query::{UserListParams, user_query};
use crate::users::response::{UserList, people};

/// The customers whom the caller looks after: for a manager the customers
/// assigned to them, for an admin all customers.
#[utoipa::path(get, path = "/users/managed-customers/",
    params(UserListParams),
    responses(
        (status = 200, description = "A page of customers. `Link` names the next page.", body = UserList),
        (status = 403, description = "`forbidden`: for customers.")))]
pub(crate) async fn list_managed_customers(
    signed_in: Authenticated,
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let actor = &signed_in.0.actor;
    let found = services.accounts.list_managed_customers(actor, async || user_query(request.query_string())).await?;
    Ok(people(&request, &found))
}
