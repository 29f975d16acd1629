//! Which entries of the audit trail a caller asks for.

use domain::ValueError;
use domain::audit::{EventCursor, EventFilter, EventQuery};
use serde_json::json;

use crate::extract::fields::is_storable;
use crate::extract::page::{decode_cursor, invalid_cursor};
use crate::extract::query::PageParams;
use crate::extract::{Fields, query_params};

query_params!(EventListParams = event_query);

pub(super) fn event_query(fields: &mut Fields) -> Option<EventQuery> {
    let actor = fields.user_id("actor_id", "Only what this person did.");
    let subject = fields.user_id("subject_id", "Only what was done to this person.");
    let action = || json!({ "type": "string", "example": "user.updated" });
    let kind = fields.choice("action", "Only this action.", action);
    let from = fields.timestamp("from", "Only what happened at this time or later (RFC 3339).");
    let to = fields.timestamp("to", "Only what happened before this time (RFC 3339).");
    let page = fields.page(cursor);
    let filter = EventFilter { actor: actor?, subject: subject?, kind: kind?, from: from?, to: to? };
    let PageParams { size, after, include_total } = page?;
    Some(EventQuery { filter, after, size, include_total })
}

fn cursor(text: &str) -> Result<EventCursor, ValueError> {
    Some(decode_cursor(text)?).filter(|cursor: &EventCursor| is_storable(cursor.at)).ok_or_else(invalid_cursor)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use domain::audit::EventKind;

    use super::*;
    use crate::extract::page::encode_cursor;
    use crate::extract::query;
    use crate::problem::Result;

    fn read(text: &str) -> Result<EventQuery> {
        query::read(text, event_query)
    }

    #[test]
    fn every_parameter_is_read() {
        let id = "01936f5e-0000-7000-8000-000000000001";
        let at = EventCursor { at: DateTime::UNIX_EPOCH, id: id.parse().unwrap() };
        let query = read(&format!(
            "actor_id={id}&subject_id={id}&action=user.created&from=2026-01-01T00:00:00Z\
             &to=2026-02-01T05:00:00+05:00&limit=200&include_total=true&cursor={}",
            encode_cursor(&at)
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
        let far = format!("cursor={}", encode_cursor(&serde_json::from_str::<serde_json::Value>(far).unwrap()));
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
            assert!(read(text).is_err(), "{text}");
        }
    }
}
