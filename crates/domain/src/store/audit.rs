//! The audit trail.

use async_trait::async_trait;

use super::error::StoreError;
use crate::audit::{Event, EventPage, EventQuery};
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::policy::Scope;

/// Who did what to whom. Most events are written by the other ports, with what they record.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// A page of the events whose subject is in the scope as it is now, newest
    /// first. Events about nobody, or about somebody who is gone, are in [`Scope::All`] only.
    async fn list_events(&self, scope: Scope, query: &EventQuery) -> Result<EventPage, StoreError>;

    /// Records what happened where nothing else is written, such as a refused sign-in.
    async fn record_event(&self, event: &Event) -> Result<(), StoreError>;

    /// When the person was last told that somebody else has a phone, after `since`: the newest, at most `limit`.
    async fn list_taken_phones(
        &self,
        actor: UserId,
        since: Timestamp,
        limit: u64,
    ) -> Result<Vec<Timestamp>, StoreError>;

    /// Records that the person is told so: all of the events, or none if they would be more than `most` after `since`,
    /// with those before. Requests of one person wait for one another here. Answers whether it did.
    async fn record_taken_phones(
        &self,
        actor: UserId,
        events: &[Event],
        since: Timestamp,
        most: u64,
    ) -> Result<bool, StoreError>;
}
