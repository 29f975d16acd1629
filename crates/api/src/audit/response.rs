//! An entry of the audit trail as JSON.

use domain::UserId;
use domain::audit::{Changes, Event};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::ObjectBuilder;
use utoipa::openapi::schema::SchemaType;
use uuid::Uuid;

use crate::extract::list;
use crate::schema::{DateTime, component};

/// Who did what to whom.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEvent)]
pub(crate) struct EventResponse<'a> {
    id: Uuid,
    at: DateTime,
    /// Who did it, when it was a person.
    #[schema(required = true)]
    actor_id: Option<Uuid>,
    /// The API key by which they did it; only in events that were done by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    key_id: Option<Uuid>,
    /// The person's role at that time, `system` or `anonymous`.
    #[schema(example = "admin")]
    actor_role: &'a str,
    /// What was done; `docs/audit.md` lists all actions.
    #[schema(example = "user.updated")]
    action: &'static str,
    /// To whom it was done.
    #[schema(required = true)]
    subject_id: Option<Uuid>,
    /// Each field that changed, without secrets.
    #[schema(value_type = std::collections::HashMap<String, Change>)]
    changes: &'a Changes,
    /// The `X-Request-Id` of the request that did it.
    #[schema(required = true)]
    request_id: Option<&'a str>,
    /// The address it came from.
    #[schema(required = true, example = "192.0.2.1")]
    address: Option<String>,
}

component!(Change, [], {
    let anything = || ObjectBuilder::new().schema_type(SchemaType::AnyValue).description(Some("Any JSON value."));
    let change = ObjectBuilder::new().description(Some("A field before and after."));
    change.property("from", anything()).required("from").property("to", anything()).required("to").into()
});

list!(AuditEventList of EventResponse<'_>, "A page of the audit trail.");

impl<'a> From<&'a Event> for EventResponse<'a> {
    fn from(event: &'a Event) -> Self {
        Self {
            id: event.id.as_uuid(),
            at: event.at.into(),
            actor_id: event.actor_id.map(UserId::as_uuid),
            key_id: event.key_id.map(domain::ApiKeyId::as_uuid),
            actor_role: &event.actor_role,
            action: event.kind.as_str(),
            subject_id: event.subject_id.map(UserId::as_uuid),
            changes: &event.changes,
            request_id: event.request_id.as_deref(),
            address: event.address.map(|address| address.to_string()),
        }
    }
}
