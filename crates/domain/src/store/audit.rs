//! The audit trail.

use async_trait::async_trait;

use super::error::StoreError;
use crate::audit::{Event, EventPage, EventQuery};
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::policy::Scope;

/// The audit trail. Other ports write most events, with the change that they record.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// A page of the events whose subject is in the scope now, newest first. Events about nobody, and about somebody
    /// who was erased, are only in [`Scope::All`].
    async fn list_events(&self, scope: Scope, query: &EventQuery) -> Result<EventPage, StoreError>;

    /// Records something with which nothing else is written, such as a refused sign-in.
    async fn record_event(&self, event: &Event) -> Result<(), StoreError>;

    /// When the person was told after `since` that a phone is taken: the newest times, at most `limit`.
    async fn list_taken_phones(
        &self,
        actor: UserId,
        since: Timestamp,
        limit: u64,
    ) -> Result<Vec<Timestamp>, StoreError>;

    /// Records that the person is told that phones are taken. Records nothing if, with the earlier ones, there would be
    /// more than `most` such events after `since`. Requests of one person wait for one another here. Answers whether it
    /// did.
    async fn record_taken_phones(
        &self,
        actor: UserId,
        events: &[Event],
        since: Timestamp,
        most: u64,
    ) -> Result<bool, StoreError>;
}
