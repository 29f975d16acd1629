//! The audit trail.

use async_trait::async_trait;

use super::{MemoryStore, State};
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
        let recorded = self.write(|state| {
            let earlier = state.taken_phones(actor, since, most).len();
            if earlier + events.len() > usize::try_from(most).unwrap_or(usize::MAX) {
                return Err(());
            }
            state.events.extend_from_slice(events);
            Ok(())
        });
        Ok(recorded.is_ok())
    }

    async fn record_event(&self, event: &Event) -> Result<(), StoreError> {
        self.write(|state| {
            state.events.push(event.clone());
            Ok(())
        })
    }
}

impl State {
    /// Newest first.
    fn taken_phones(&self, actor: UserId, since: Timestamp, limit: u64) -> Vec<Timestamp> {
        let is_told = |event: &&Event| event.actor_id == Some(actor) && event.kind == EventKind::PhoneTakenTold;
        let mut times: Vec<_> = self.events.iter().filter(is_told).map(|event| event.at).collect();
        times.retain(|at| *at > since);
        times.sort_unstable_by_key(|at| std::cmp::Reverse(*at));
        times.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        times
    }

    pub(super) fn page_of_events(
        &self,
        is_listed: impl Fn(&Event) -> bool,
        after: Option<EventCursor>,
        size: PageSize,
    ) -> EventPage {
        let is_after = |event: &Event| after.is_none_or(|after| EventCursor::at(event) < after);
        let mut listed: Vec<_> = self.events.iter().filter(|event| is_listed(event) && is_after(event)).collect();
        listed.sort_by_key(|event| std::cmp::Reverse(EventCursor::at(event)));
        let has_more = listed.len() > size.get();
        let items: Vec<_> = listed.into_iter().take(size.get()).cloned().collect();
        let next = items.last().filter(|_| has_more).map(EventCursor::at);
        EventPage { items, next, total: None }
    }

    fn is_readable(&self, scope: Scope, event: &Event) -> bool {
        let subject = event.subject_id.and_then(|id| self.user(id));
        scope == Scope::All || subject.is_some_and(|subject| scope.contains(subject))
    }
}
