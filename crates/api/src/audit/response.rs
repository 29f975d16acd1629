//! An entry of the audit trail as JSON.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use domain::audit::{Changes, Event, EventPage};
use formats::rfc3339;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::extract::query::{encode_cursor, next_link};

/// Who did what to whom.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEvent)]
pub(crate) struct EventResponse<'a> {
    id: Uuid,
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    at: String,
    /// Who, when it was a person.
    #[schema(required = true)]
    actor_id: Option<Uuid>,
    /// The person's role at that time, `system` or `anonymous`.
    #[schema(example = "admin")]
    actor_role: &'a str,
    /// What; `docs/audit.md` lists all.
    #[schema(example = "user.updated")]
    action: &'static str,
    /// To whom.
    #[schema(required = true)]
    subject_id: Option<Uuid>,
    /// Each field that changed; secrets never.
    #[schema(value_type = std::collections::HashMap<String, ChangeResponse>)]
    changes: &'a Changes,
    /// The `X-Request-Id` of the request that did it.
    #[schema(required = true)]
    request_id: Option<&'a str>,
    /// The address it came from.
    #[schema(required = true, example = "192.0.2.1")]
    address: Option<String>,
}

/// A field before and after.
#[derive(ToSchema)]
#[schema(as = Change)]
#[expect(dead_code, reason = "the shape of the documentation")]
pub(crate) struct ChangeResponse {
    from: serde_json::Value,
    to: serde_json::Value,
}

/// A page of the audit trail.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEventList)]
pub(crate) struct EventListResponse<'a> {
    items: Vec<EventResponse<'a>>,
    /// Send it as `cursor` for the next page; `null` on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
    /// How many there are on all pages, with `include_total=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    total: Option<u64>,
}

impl<'a> From<&'a Event> for EventResponse<'a> {
    fn from(event: &'a Event) -> Self {
        Self {
            id: event.id.as_uuid(),
            at: rfc3339(event.at),
            actor_id: event.actor_id.map(domain::UserId::as_uuid),
            actor_role: &event.actor_role,
            action: event.kind.as_str(),
            subject_id: event.subject_id.map(domain::UserId::as_uuid),
            changes: &event.changes,
            request_id: event.request_id.as_deref(),
            address: event.address.map(|address| address.to_string()),
        }
    }
}

/// A page with the `Link` to the next one (RFC 8288).
pub(super) fn page(request: &HttpRequest, page: &EventPage) -> HttpResponse {
    let next_cursor = page.next.as_ref().map(encode_cursor);
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next_cursor {
        response.insert_header((header::LINK, next_link(request, cursor)));
    }
    let items = page.items.iter().map(EventResponse::from).collect();
    response.json(EventListResponse { items, next_cursor, total: page.total })
}
