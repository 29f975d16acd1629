//! `GET /users/{id}` and `GET /users/me`

use actix_web::HttpRequest;
use domain::{Accounts, Action, UserId, policy};

use super::response::{UserResponse, rendered};
use crate::extract::{Authenticated, PathId, no_query};
use crate::problem::Result;
use crate::services::Service;

/// One person whom the caller may see.
#[utoipa::path(get, path = "/users/{id}",
    params(
        ("If-None-Match" = Option<String>, Header, description = "An `ETag`: 304 while it is current.")),
    responses(
        (status = 200, description = "The person.", body = UserResponse),
        (status = 404, description = "`not_found`: nobody, or nobody whom the caller may see.")))]
pub(crate) async fn read_user(
    caller: Authenticated,
    accounts: Service<Accounts>,
    id: PathId<UserId>,
    request: HttpRequest,
) -> Result {
    let user = accounts.find(&caller.actor, id.without_query(&request)?).await?;
    Ok(rendered(&request, &user))
}

/// The caller's own profile.
#[utoipa::path(get, path = "/users/me",
    params(("If-None-Match" = Option<String>, Header, description = "An `ETag`: 304 while it is current.")),
    responses(
        (status = 200, description = "The caller.", body = UserResponse)))]
pub(crate) async fn read_me(caller: Authenticated, request: HttpRequest) -> Result {
    no_query(request.query_string())?;
    policy::allowed(&caller.actor, Action::ReadUser)?;
    // The authentication has just found the caller.
    Ok(rendered(&request, &caller.user))
}
