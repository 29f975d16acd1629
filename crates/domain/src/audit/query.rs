//! What is asked of the audit trail, and what it answers.

use serde::{Deserialize, Serialize};

use super::event::{Event, EventKind};
use crate::clock::Timestamp;
use crate::id::{EventId, UserId};
use crate::page::{Page, PageSize};

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
