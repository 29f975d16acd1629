//! The audit trail.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::Timestamp;
use crate::client::Client;
use crate::error::Error;
use crate::pages::{Items, Page, PageRequest};
use crate::request::Query;
use crate::user_query::time;

/// Who did what to whom.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct AuditEvent {
    /// Names it.
    pub id: Uuid,
    /// When it happened.
    pub at: Timestamp,
    /// Who did it, when it was a person.
    pub actor_id: Option<Uuid>,
    /// The API key by which they did it.
    #[serde(default)]
    pub key_id: Option<Uuid>,
    /// The person's role at that time, `system` or `anonymous`.
    pub actor_role: String,
    /// What was done, such as `user.updated`; `docs/audit.md` lists all actions.
    pub action: String,
    /// To whom it was done.
    pub subject_id: Option<Uuid>,
    /// Each field that changed, without secrets.
    pub changes: BTreeMap<String, Change>,
    /// The name of the request that did it.
    pub request_id: Option<String>,
    /// The address it came from.
    pub address: Option<IpAddr>,
}

/// A field before and after.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Change {
    /// Before.
    pub from: Value,
    /// After.
    pub to: Value,
}

/// Which events. Nothing is left out unless a filter says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Only what this person did.
    pub actor: Option<Uuid>,
    /// Only what was done to this person.
    pub subject: Option<Uuid>,
    /// Only this, such as `user.updated`.
    pub action: Option<String>,
    /// Only what happened at this moment or later.
    pub from: Option<Timestamp>,
    /// Only what happened before this moment.
    pub to: Option<Timestamp>,
}

impl AuditQuery {
    fn query(&self) -> Query {
        let parameters = [
            ("actor_id", self.actor.map(|id| id.to_string())),
            ("subject_id", self.subject.map(|id| id.to_string())),
            ("action", self.action.clone()),
            ("from", self.from.map(time)),
            ("to", self.to.map(time)),
        ];
        parameters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

impl Client {
    /// Who did what to whom, the newest first, page after page. A manager reads what is about their customers.
    pub fn audit_events(&self, query: &AuditQuery) -> Items<AuditEvent> {
        self.items("audit-events", query.query())
    }

    /// One page of who did what to whom.
    ///
    /// # Errors
    /// [`Error::Problem`] with `forbidden` for customers.
    pub async fn audit_events_page(&self, query: &AuditQuery, page: &PageRequest) -> Result<Page<AuditEvent>, Error> {
        self.page("audit-events", query.query(), page).await
    }
}
