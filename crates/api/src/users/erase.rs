//! `DELETE /users/{id}`

use actix_web::{HttpRequest, HttpResponse};
use domain::{Accounts, UserId};

use crate::extract::{Authenticated, PathId, expected};
use crate::problem::{Problem, Result};
use crate::services::Service;

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
    caller: Authenticated,
    accounts: Service<Accounts>,
    id: PathId<UserId>,
    request: HttpRequest,
) -> Result {
    let whom = || id.without_query(&request).map(|id| (id, expected(&request, id)));
    accounts.erase::<Problem>(&caller.actor, whom).await?;
    Ok(HttpResponse::NoContent().finish())
}
