//! Erasing people, reading what is stored about them, and removing what has expired.

use async_trait::async_trait;

use super::error::{StoreError, WriteError};
use crate::actor::Authority;
use crate::audit::{Change, Event, EventCursor, EventPage};
use crate::clock::Timestamp;
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

/// What is of no use once it has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expirable {
    /// One-time codes, used or not, with their messages.
    Challenges,
    /// First answers to requests that came under a key.
    StoredAnswers,
    /// Sign-ins that were not renewed.
    Sessions,
    /// Counters of attempts.
    Attempts,
    /// Networks from which somebody was signed in.
    Networks,
}

impl Expirable {
    /// Every kind.
    pub const ALL: &'static [Self] =
        &[Self::Challenges, Self::StoredAnswers, Self::Sessions, Self::Attempts, Self::Networks];
}

/// Clearing away what has expired.
#[async_trait]
pub trait HousekeepingStore: Send + Sync {
    /// Takes the housekeeping until `until`, unless another instance has it at
    /// `now`. Answers whether it did.
    async fn take_housekeeping(&self, now: Timestamp, until: Timestamp) -> Result<bool, StoreError>;

    /// Removes at most `limit` rows that expired before `before`, the longest
    /// expired first. Answers how many.
    async fn remove_expired(&self, kind: Expirable, before: Timestamp, limit: u64) -> Result<u64, StoreError>;

    /// How many messages wait in the outbox.
    async fn count_messages(&self) -> Result<u64, StoreError>;

    /// At most `limit` sign-ups from before `before` that nobody has approved, the oldest first.
    async fn list_unapproved(&self, before: Timestamp, limit: u64) -> Result<Vec<User>, StoreError>;

    /// Erases somebody as [`ErasureStore::erase_user`] does, if nobody has approved their sign-up until then;
    /// [`WriteError::Stale`] otherwise.
    async fn forget_signup(&self, erasure: &Erasure) -> Result<(), WriteError>;
}

/// The state of the database.
#[async_trait]
pub trait HealthStore: Send + Sync {
    /// Whether the database answers and its schema has all that this program needs.
    async fn check_ready(&self) -> Result<(), StoreError>;
}
