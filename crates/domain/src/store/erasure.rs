//! Erasing people, and reading what is kept about them.

use async_trait::async_trait;

use super::error::{StoreError, WriteError};
use crate::audit::{Change, Event, EventCursor, EventPage};
use crate::authority::Authority;
use crate::id::UserId;
use crate::page::PageSize;
use crate::personal_data::PersonalData;
use crate::policy::Scope;
use crate::user::User;

/// A person who goes for good.
#[derive(Clone, Debug)]
pub struct Erasure {
    /// As the caller saw them.
    pub user: User,
    /// Whether they go only in the version that the caller saw.
    pub is_of_version: bool,
    /// Who counts as having entered their customers after this; when nobody is
    /// named, or they are gone, or it is the person, the longest-standing other active admin.
    pub heir: Option<UserId>,
    /// What to record.
    pub event: Event,
}

impl Erasure {
    /// What to record when customers whom the person entered went to the heir, or each to themselves. One entry for all
    /// of them: they may be hundreds of thousands.
    #[must_use]
    pub fn event_of_heir(&self, heir: Option<UserId>) -> Event {
        let mut event = self.event.clone();
        let (from, to) = (self.user.id.to_string().into(), heir.map(|heir| heir.to_string()).into());
        event.changes.insert("created_by".to_owned(), Change { from, to });
        event
    }
}

/// Erasing people.
#[async_trait]
pub trait ErasureStore: Send + Sync {
    /// Does the long part of an erasure before it: customers whom the person entered go to the heir, and the addresses
    /// in the events of what they did are blanked, all but the last thousand or so of each. Refused like the erasure
    /// itself. Not one transaction but many short ones (ADR 17): each is a step of its own and may be the last one.
    /// Called again, it goes on from there.
    async fn prepare_erasure(&self, by: &Authority, erasure: &Erasure) -> Result<(), WriteError>;

    /// Erases a person: their rows, sessions, challenges and messages, and the
    /// personal values in the audit trail. Customers whom they entered count as
    /// entered by the heir. [`WriteError::Stale`] when they are gone, have another role, or are no longer in
    /// the version that is asked for; [`WriteError::HasCustomers`]; [`WriteError::LastAdmin`].
    async fn erase_user(&self, by: &Authority, erasure: &Erasure) -> Result<(), WriteError>;
}

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
