//! `GET /users/me`

use actix_web::{HttpRequest, HttpResponse};

use crate::extract::caller::Authenticated;
use crate::extract::query::no_query;
use crate::problem::{Problem, ProblemBody};
use crate::users::{UserResponse, rendered};

/// The caller's own profile.
#[utoipa::path(get, path = "/users/me", tag = "users", operation_id = "read_me",
    params(("If-None-Match" = Option<String>, Header, description = "An `ETag`: 304 while it is current.")),
    responses(
        (status = 200, description = "The caller.", body = UserResponse,
            headers(("ETag" = String, description = "The state of the record"))),
        (status = 304, description = "The state is still that of `If-None-Match`."),
        (status = 401, description = "`invalid_token`", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn me(signed_in: Authenticated, request: HttpRequest) -> Result<HttpResponse, Problem> {
    no_query(request.query_string())?;
    // The gate has just read the caller from the database; there is nothing to ask again.
    Ok(rendered(&request, &signed_in.0.user))
}
