//! `GET /users/` and `GET /users/managed-customers/`

use actix_web::HttpRequest;
use domain::Accounts;

use super::query::{UserListParams, user_query};
use super::response::{UserList, people};
use crate::extract::Authenticated;
use crate::problem::Result;
use crate::services::Service;

/// The people whom the caller may see: for an admin everyone, for a manager
/// themselves and the customers assigned to them.
#[utoipa::path(get, path = "/users/", params(UserListParams),
    responses(
        (status = 200, description = "A page of people. `Link` names the next page.", body = UserList),
        (status = 403, description = "`forbidden`: for customers.")))]
pub(crate) async fn list_users(caller: Authenticated, accounts: Service<Accounts>, request: HttpRequest) -> Result {
    let found = accounts.list(&caller.actor, async || user_query(request.query_string())).await?;
    Ok(people(&request, &found))
}

/// The customers whom the caller looks after: for a manager the customers
/// assigned to them, for an admin all customers.
#[utoipa::path(get, path = "/users/managed-customers/",
    params(UserListParams),
    responses(
        (status = 200, description = "A page of customers. `Link` names the next page.", body = UserList),
        (status = 403, description = "`forbidden`: for customers.")))]
pub(crate) async fn list_managed_customers(
    caller: Authenticated,
    accounts: Service<Accounts>,
    request: HttpRequest,
) -> Result {
    let query = async || user_query(request.query_string());
    let found = accounts.list_managed_customers(&caller.actor, query).await?;
    Ok(people(&request, &found))
}
