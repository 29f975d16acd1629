//! Who did what to whom.

use async_trait::async_trait;

use super::{MemoryStore, State};
use crate::audit::{Event, EventCursor, EventPage, EventQuery};
use crate::policy::Scope;
use crate::store::{AuditStore, StoreError};

#[async_trait]
impl AuditStore for MemoryStore {
    async fn list_events(&self, scope: Scope, query: &EventQuery) -> Result<EventPage, StoreError> {
        Ok(self.read(|state| {
            let mut listed: Vec<_> = state
                .events
                .iter()
                .filter(|event| state.is_readable(scope, event) && query.filter.matches(event))
                .collect();
            let total = query.include_total.then_some(listed.len() as u64);
            listed.sort_by_key(|event| std::cmp::Reverse(EventCursor::at(event)));
            if let Some(after) = query.after {
                listed.retain(|event| EventCursor::at(event) < after);
            }
            let has_more = listed.len() > query.size.get();
            let items: Vec<_> = listed.into_iter().take(query.size.get()).cloned().collect();
            let next = items.last().filter(|_| has_more).map(EventCursor::at);
            EventPage { items, next, total }
        }))
    }
}

impl State {
    fn is_readable(&self, scope: Scope, event: &Event) -> bool {
        let subject = event.subject_id.and_then(|id| self.user(id));
        scope == Scope::All || subject.is_some_and(|subject| scope.contains(subject))
    }
}
