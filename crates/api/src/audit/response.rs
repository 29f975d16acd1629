//! An entry of the audit trail as JSON.

use domain::audit::{Changes, Event};
use formats::rfc3339;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::extract::page::list_schema;
use crate::schema::{anything, component, schema};

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
    #[schema(value_type = std::collections::HashMap<String, Change>)]
    changes: &'a Changes,
    /// The `X-Request-Id` of the request that did it.
    #[schema(required = true)]
    request_id: Option<&'a str>,
    /// The address it came from.
    #[schema(required = true, example = "192.0.2.1")]
    address: Option<String>,
}

/// A field before and after.
pub(crate) struct Change;
component!(Change, "Change", [], {
    schema(json!({
        "type": "object",
        "description": "A field before and after.",
        "required": ["from", "to"],
        "properties": { "from": anything(), "to": anything() },
    }))
});

/// A page of the audit trail.
pub(crate) struct EventList;
component!(EventList, "AuditEventList", [EventResponse<'_>], list_schema("A page of the audit trail.", "AuditEvent"));

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
