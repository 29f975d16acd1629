//! The audit trail.

use async_trait::async_trait;

use super::{MemoryStore, State, length};
use crate::audit::{Event, EventCursor, EventKind, EventPage, EventQuery};
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::page::PageSize;
use crate::policy::Scope;
use crate::store::{AuditStore, StoreError};

#[async_trait]
impl AuditStore for MemoryStore {
    async fn list_events(&self, scope: Scope, query: &EventQuery) -> Result<EventPage, StoreError> {
        Ok(self.read(|state| {
            let is_listed = |event: &Event| state.is_readable(scope, event) && query.filter.matches(event);
            let total = state.events.iter().filter(|event| is_listed(event)).count() as u64;
            let page = state.page_of_events(is_listed, query.after, query.size);
            EventPage { total: query.include_total.then_some(total), ..page }
        }))
    }

    async fn list_taken_phones(
        &self,
        actor: UserId,
        since: Timestamp,
        limit: u64,
    ) -> Result<Vec<Timestamp>, StoreError> {
        Ok(self.read(|state| state.taken_phones(actor, since, limit)))
    }

    async fn record_taken_phones(
        &self,
        actor: UserId,
        events: &[Event],
        since: Timestamp,
        most: u64,
    ) -> Result<bool, StoreError> {
        Ok(self.change(|state| {
            let earlier = state.taken_phones(actor, since, most).len();
            let is_allowed = earlier + events.len() <= length(most);
            if is_allowed {
                state.events.extend_from_slice(events);
            }
            is_allowed
        }))
    }

    async fn record_event(&self, event: &Event) -> Result<(), StoreError> {
        self.change(|state| state.events.push(event.clone()));
        Ok(())
    }
}

impl State {
    /// Newest first.
    fn taken_phones(&self, actor: UserId, since: Timestamp, limit: u64) -> Vec<Timestamp> {
        let is_told = |event: &&Event| event.actor_id == Some(actor) && event.kind == EventKind::PhoneTakenTold;
        let mut times: Vec<_> = self.events.iter().filter(is_told).map(|event| event.at).collect();
        times.retain(|at| *at > since);
        times.sort_unstable_by_key(|at| std::cmp::Reverse(*at));
        times.truncate(length(limit));
        times
    }

    pub(super) fn page_of_events(
        &self,
        is_listed: impl Fn(&Event) -> bool,
        after: Option<EventCursor>,
        size: PageSize,
    ) -> EventPage {
        let is_after = |event: &Event| after.is_none_or(|after| EventCursor::at(event) < after);
        let listed = self.events.iter().filter(|event| is_listed(event) && is_after(event));
        let mut listed: Vec<_> = listed.cloned().collect();
        listed.sort_by_key(|event| std::cmp::Reverse(EventCursor::at(event)));
        EventPage::cut(listed, size, EventCursor::at)
    }

    fn is_readable(&self, scope: Scope, event: &Event) -> bool {
        let subject = event.subject_id.and_then(|id| self.user(id));
        scope == Scope::All || subject.is_some_and(|subject| scope.contains(subject))
    }
}
