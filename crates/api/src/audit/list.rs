//! `GET /audit-events`

use actix_web::HttpRequest;
use domain::Accounts;

use super::query::{EventListParams, event_query};
use super::response::{AuditEventList, EventResponse};
use crate::extract::{Authenticated, page, query};
use crate::problem::Result;
use crate::services::Service;

/// Who did what to whom, newest first. An admin sees everything. A manager sees what is about the customers who are
/// assigned to them now.
#[utoipa::path(get, path = "/audit-events", params(EventListParams),
    responses(
        (status = 200, description = "A page of entries. `Link` names the next page.", body = AuditEventList),
        (status = 403, description = "`forbidden`: for customers.")))]
pub(crate) async fn list_audit_events(
    caller: Authenticated,
    accounts: Service<Accounts>,
    request: HttpRequest,
) -> Result {
    let query = async || query::read(request.query_string(), event_query);
    let found = accounts.list_events(&caller.actor, query).await?;
    Ok(page(&request, found.items.iter().map(EventResponse::from).collect(), found.next.as_ref(), found.total))
}
