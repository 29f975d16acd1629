//! `DELETE /users/{id}`

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use domain::UserId;

use crate::extract::caller::Authenticated;
use crate::extract::if_match::expected;
use crate::extract::path_id::PathId;
use crate::problem::Problem;
use crate::services::Services;

/// Erases a person for good: their record, sessions and codes, and the personal
/// values in the audit events about them. Customers whom they entered count as
/// entered by the deleting admin.
#[utoipa::path(delete, path = "/users/{id}",
    params(
        ("If-Match" = Option<String>, Header, description = "An `ETag`: 412 when it is no longer current.")),
    responses(
        (status = 204, description = "Gone."),
        (status = 403, description = "`forbidden`: for all but admins."),
        (status = 404, description = "`not_found`"),
        (status = 409, description = "`has_customers`: hand them over first; `last_admin`; `conflict`")))]
pub(crate) async fn erase_user(
    signed_in: Authenticated,
    services: Data<Services>,
    id: PathId<UserId>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let actor = &signed_in.0.actor;
    let whom = || id.without_query(&request).map(|id| (id, expected(&request, id)));
    services.accounts.erase::<Problem>(actor, whom).await?;
    Ok(HttpResponse::NoContent().finish())
}
