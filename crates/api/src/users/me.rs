//! `GET /users/me`

use actix_web::{HttpRequest, HttpResponse};

use crate::extract::caller::Authenticated;
use crate::extract::query::no_query;
use crate::problem::Problem;
use crate::users::response::{UserResponse, rendered};

/// The caller's own profile.
#[utoipa::path(get, path = "/users/me",
    params(("If-None-Match" = Option<String>, Header, description = "An `ETag`: 304 while it is current.")),
    responses(
        (status = 200, description = "The caller.", body = UserResponse)))]
pub(crate) async fn read_me(signed_in: Authenticated, request: HttpRequest) -> Result<HttpResponse, Problem> {
    no_query(request.query_string())?;
    // The gate has just read the caller from the database; there is nothing to ask again.
    Ok(rendered(&request, &signed_in.0.user))
}
