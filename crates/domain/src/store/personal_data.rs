//! Everything that is kept about one person.

use async_trait::async_trait;

use super::error::StoreError;
use crate::audit::{EventCursor, EventPage};
use crate::id::UserId;
use crate::page::PageSize;
use crate::personal_data::PersonalData;
use crate::policy::Scope;

/// Reading what is kept about a person.
#[async_trait]
pub trait PersonalDataStore: Send + Sync {
    /// Everything that is kept about a person in the scope but for the audit trail.
    async fn find_personal_data(&self, scope: Scope, id: UserId) -> Result<Option<PersonalData>, StoreError>;

    /// A page of the audit events about a person in the scope and of what they did to others, newest first. `None`
    /// when there is no such person.
    async fn find_personal_events(
        &self,
        scope: Scope,
        id: UserId,
        after: Option<EventCursor>,
        size: PageSize,
    ) -> Result<Option<EventPage>, StoreError>;
}
