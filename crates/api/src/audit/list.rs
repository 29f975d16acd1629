//! `GET /audit-events`

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use domain::ValueError;
use domain::audit::{EventCursor, EventFilter, EventQuery};
use serde_json::Value;
use utoipa::IntoParams;

use super::response::{EventListResponse, page};
use crate::extract::caller::Authenticated;
use crate::extract::query;
use crate::problem::{Problem, ProblemBody};
use crate::services::Services;

/// The query of the audit trail.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the documentation; `event_query` reads the values")]
pub(crate) struct EventListParams {
    /// Only what this person did.
    #[param(value_type = Option<uuid::Uuid>)]
    actor_id: Option<String>,
    /// Only what was done to this person.
    #[param(value_type = Option<uuid::Uuid>)]
    subject_id: Option<String>,
    /// Only this action.
    #[param(example = "user.updated")]
    action: Option<String>,
    /// Only what happened at this time or later (RFC 3339).
    #[param(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    from: Option<String>,
    /// Only what happened before this time (RFC 3339).
    #[param(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    to: Option<String>,
    /// How many items a page holds.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
    /// Where to go on: the `next_cursor` of the page before.
    cursor: Option<String>,
    /// Whether to count the items of all pages.
    #[param(default = false)]
    include_total: Option<bool>,
}

fn event_query(text: &str) -> Result<EventQuery, Problem> {
    let mut fields = query::fields(text);
    let actor = fields.optional_with("actor_id", query::id);
    let subject = fields.optional_with("subject_id", query::id);
    let kind = fields.optional_with("action", query::choice);
    let from = fields.optional_with("from", query::time);
    let to = fields.optional_with("to", query::time);
    let size = fields.optional_with("limit", query::size);
    let after = fields.optional_with("cursor", cursor);
    let include_total = fields.optional_with("include_total", query::boolean);
    let query = || {
        Some(EventQuery {
            filter: EventFilter { actor: actor?, subject: subject?, kind: kind?, from: from?, to: to? },
            after: after?,
            size: size?.unwrap_or_default(),
            include_total: include_total?.unwrap_or_default(),
        })
    };
    let query = query();
    fields.finish(query)
}

fn cursor(value: Value) -> Result<Option<EventCursor>, ValueError> {
    let cursor: Option<EventCursor> = query::decode_cursor(value)?;
    let is_storable = cursor.is_none_or(|cursor| query::is_storable(cursor.at));
    if is_storable { Ok(cursor) } else { Err(query::invalid_cursor()) }
}

/// Who did what to whom, newest first: for an admin everything, for a manager
/// what is about the customers who are assigned to them now.
#[utoipa::path(get, path = "/audit-events", tag = "audit", operation_id = "list_audit_events", params(EventListParams),
    responses(
        (status = 200, description = "A page of entries. `Link` names the next page.", body = EventListResponse,
            headers(("Link" = String, description = "`<?…>; rel=\"next\"`, relative to the request, when there is a next page"))),
        (status = 401, description = "`invalid_token`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: for customers.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed`: an unknown or wrong parameter.", body = ProblemBody,
            content_type = "application/problem+json")))]
pub(crate) async fn list(
    signed_in: Authenticated,
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let actor = &signed_in.0.actor;
    let found = services.audit.list(actor, async || event_query(request.query_string())).await?;
    Ok(page(&request, &found))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use domain::audit::EventKind;

    use super::*;

    #[test]
    fn every_parameter_is_read() {
        let id = "01936f5e-0000-7000-8000-000000000001";
        let at = EventCursor { at: DateTime::UNIX_EPOCH, id: id.parse().unwrap() };
        let query = event_query(&format!(
            "actor_id={id}&subject_id={id}&action=user.created&from=2026-01-01T00:00:00Z\
             &to=2026-02-01T05:00:00+05:00&limit=200&include_total=true&cursor={}",
            query::encode_cursor(&at)
        ))
        .unwrap();
        assert_eq!(query.filter.actor, Some(id.parse().unwrap()));
        assert_eq!(query.filter.subject, Some(id.parse().unwrap()));
        assert_eq!(query.filter.kind, Some(EventKind::UserCreated));
        assert_eq!(query.filter.to, Some("2026-02-01T00:00:00Z".parse().unwrap()));
        assert_eq!((query.size.get(), query.include_total, query.after), (200, true, Some(at)));
    }

    #[test]
    fn what_is_unknown_repeated_or_wrong_is_refused() {
        let far = r#"{"at":"+200000-01-01T00:00:00Z","id":"01936f5e-0000-7000-8000-000000000001"}"#;
        let far = format!("cursor={}", query::encode_cursor(&serde_json::from_str::<serde_json::Value>(far).unwrap()));
        for text in [
            "q=ann",
            "action=user.deleted",
            "action=",
            "actor_id=7",
            "subject_id=none",
            "from=now",
            "limit=0",
            "cursor=e30",
            &far,
        ] {
            assert!(event_query(text).is_err(), "{text}");
        }
    }
}
