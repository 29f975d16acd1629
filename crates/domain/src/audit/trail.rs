//! Reading the audit trail.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Event, EventKind};
use crate::actor::Actor;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::id::{EventId, UserId};
use crate::page::{Page, PageSize};
use crate::policy::{self, Action, Scope};
use crate::store::AuditStore;

/// A page of the audit trail, newest first.
pub type EventPage = Page<Event, EventCursor>;

/// The place in the audit trail after which the next page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventCursor {
    /// When the last entry happened.
    pub at: Timestamp,
    /// The last entry.
    pub id: EventId,
}

impl EventCursor {
    /// The place of an entry. Later places are greater.
    #[must_use]
    pub fn at(event: &Event) -> Self {
        Self { at: event.at, id: event.id }
    }
}

/// Which entries a list holds. Every part that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only what this person did.
    pub actor: Option<UserId>,
    /// Only what was done to this person.
    pub subject: Option<UserId>,
    /// Only this.
    pub kind: Option<EventKind>,
    /// Only what happened at this moment or later.
    pub from: Option<Timestamp>,
    /// Only what happened before this moment.
    pub to: Option<Timestamp>,
}

impl EventFilter {
    /// Whether an entry is on the list.
    #[must_use]
    pub fn matches(&self, event: &Event) -> bool {
        self.actor.is_none_or(|id| event.actor_id == Some(id))
            && self.subject.is_none_or(|id| event.subject_id == Some(id))
            && self.kind.is_none_or(|kind| event.kind == kind)
            && self.from.is_none_or(|from| event.at >= from)
            && self.to.is_none_or(|to| event.at < to)
    }
}

/// A part of the audit trail as asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Which entries.
    pub filter: EventFilter,
    /// After which place.
    pub after: Option<EventCursor>,
    /// How many.
    pub size: PageSize,
    /// Whether to count all pages too.
    pub include_total: bool,
}

/// The use-cases on the audit trail.
#[derive(Clone)]
pub struct AuditTrail {
    store: Arc<dyn AuditStore>,
}

impl AuditTrail {
    /// Use-cases over a store.
    #[must_use]
    pub fn new(store: Arc<dyn AuditStore>) -> Self {
        Self { store }
    }

    /// A page of the entries that the caller may read: for an admin all, for a
    /// manager those about the customers who are assigned to them now, what
    /// happened before the assignment included.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for customers; those of the reading.
    pub async fn list<E: From<Error>>(
        &self,
        actor: &Actor,
        query: impl AsyncFnOnce() -> Result<EventQuery, E>,
    ) -> Result<EventPage, E> {
        let scope = match policy::scope(actor, Action::ReadAuditEvents) {
            Scope::Nothing => return Err(Error::Forbidden.into()),
            scope => scope,
        };
        let query = query().await?;
        Ok(self.store.list_events(scope, &query).await.map_err(Error::from)?)
    }
}
