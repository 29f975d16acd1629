//! `GET /users/managed-customers/`

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use crate::extract::caller::Authenticated;
use crate::extract::query::{PageParams, UserFilterParams, user_query};
use crate::problem::{Problem, ProblemBody};
use crate::services::Services;
use crate::users::{UserListResponse, page};

/// The customers whom the caller looks after: for a manager the customers
/// assigned to them, for an admin all customers.
#[utoipa::path(get, path = "/users/managed-customers/", tag = "users", operation_id = "list_managed_customers",
    params(UserFilterParams, PageParams),
    responses(
        (status = 200, description = "A page of customers. `Link` names the next page.", body = UserListResponse,
            headers(("Link" = String, description = "`<?…>; rel=\"next\"`, relative to the request, when there is a next page"))),
        (status = 401, description = "`invalid_token`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: for customers.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed`: an unknown or wrong parameter.", body = ProblemBody,
            content_type = "application/problem+json")))]
pub(crate) async fn managed_customers(
    signed_in: Authenticated,
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let actor = &signed_in.0.actor;
    let found = services.accounts.list_managed_customers(actor, async || user_query(request.query_string())).await?;
    Ok(page(&request, &found))
}
