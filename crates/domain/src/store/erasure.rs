//! Erasing people, reading what is stored about them, and removing what has expired.

use async_trait::async_trait;

use super::error::{StoreError, WriteError};
use crate::actor::Authority;
use crate::api_key::ApiKey;
use crate::audit::{Change, Event, EventCursor, EventPage};
use crate::challenge::Challenge;
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::idempotency::StoredAnswer;
use crate::notice::Notice;
use crate::page::PageSize;
use crate::policy::Scope;
use crate::session::Session;
use crate::user::User;

/// The erasure of a person.
#[derive(Clone, Debug)]
pub struct Erasure {
    /// As the caller saw them.
    pub user: User,
    /// Whether they are erased only in the version that the caller saw.
    pub is_of_version: bool,
    /// Who counts afterwards as having entered their customers. If nobody is named, or this person is the erased one or
    /// was erased too, it is the other active admin who was entered first.
    pub heir: Option<UserId>,
    /// What to record.
    pub event: Event,
}

impl Erasure {
    /// What to record when customers whom the person entered go to the heir, or each to themselves. All of them share
    /// one entry, since they may be hundreds of thousands.
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
    /// Does the long part of an erasure in advance. Customers whom the person entered go to the heir, and addresses in
    /// the events of what the person did are blanked, all but the last thousand or so of each. It is refused like the
    /// erasure itself. It uses many short transactions instead of one (ADR 17). After an interruption, another call
    /// continues.
    async fn prepare_erasure(&self, by: &Authority, erasure: &Erasure) -> Result<(), WriteError>;

    /// Erases a person: their rows, sessions, challenges and messages, and the personal values in the audit trail.
    /// Customers whom they entered count as entered by the heir. [`WriteError::Stale`] when they are gone, have another
    /// role, or are not in the required version; [`WriteError::HasCustomers`]; [`WriteError::LastAdmin`].
    async fn erase_user(&self, by: &Authority, erasure: &Erasure) -> Result<(), WriteError>;
}

/// Everything that is stored about one person, without the audit trail, which may be long.
#[derive(Clone, Debug)]
pub struct PersonalData {
    /// Who, with their profile.
    pub user: User,
    /// Their sessions, newest first.
    pub sessions: Vec<Session>,
    /// Their API keys, newest first.
    pub api_keys: Vec<ApiKey>,
    /// Their challenges, newest first: those of their account and, for customers who have proven their phone, those of
    /// sign-ups with it. A contact that the person only claims shows no challenges of others.
    pub challenges: Vec<Challenge>,
    /// Notices that wait to be sent to them, newest first.
    pub notices: Vec<Notice>,
    /// The stored answer to the request that entered them, until it expires.
    pub stored_answer: Option<StoredAnswer>,
    /// How many customers they entered.
    pub created_customers: u64,
    /// How many customers they look after.
    pub assigned_customers: u64,
}

/// Reading what is stored about a person.
#[async_trait]
pub trait PersonalDataStore: Send + Sync {
    /// Everything that is stored about a person in the scope, without the audit trail.
    async fn find_personal_data(&self, scope: Scope, id: UserId) -> Result<Option<PersonalData>, StoreError>;

    /// A page of the events about a person in the scope and of what they did to others, newest first. `None` when there
    /// is no such person.
    async fn find_personal_events(
        &self,
        scope: Scope,
        id: UserId,
        after: Option<EventCursor>,
        size: PageSize,
    ) -> Result<Option<EventPage>, StoreError>;
}

/// What is removed once it has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expirable {
    /// One-time codes, used or not, with their messages.
    Challenges,
    /// Stored answers to idempotent requests.
    StoredAnswers,
    /// Sessions that were not renewed.
    Sessions,
    /// Counters of attempts.
    Attempts,
    /// Networks from which somebody was signed in.
    Networks,
    /// API keys.
    ApiKeys,
}

impl Expirable {
    /// Every kind.
    pub const ALL: &'static [Self] =
        &[Self::Challenges, Self::StoredAnswers, Self::Sessions, Self::Attempts, Self::Networks, Self::ApiKeys];
}

/// Removing what has expired.
#[async_trait]
pub trait HousekeepingStore: Send + Sync {
    /// Takes the housekeeping until `until`, unless another instance has it at `now`. Answers whether it did.
    async fn take_housekeeping(&self, now: Timestamp, until: Timestamp) -> Result<bool, StoreError>;

    /// Removes at most `limit` rows that expired before `before`, the oldest first. Answers how many.
    async fn remove_expired(&self, kind: Expirable, before: Timestamp, limit: u64) -> Result<u64, StoreError>;

    /// How many messages wait in the outbox.
    async fn count_messages(&self) -> Result<u64, StoreError>;

    /// At most `limit` sign-ups from before `before` that nobody has approved, the oldest first.
    async fn list_unapproved(&self, before: Timestamp, limit: u64) -> Result<Vec<User>, StoreError>;

    /// Erases somebody as [`ErasureStore::erase_user`] does, if nobody has approved their sign-up meanwhile;
    /// [`WriteError::Stale`] otherwise.
    async fn forget_signup(&self, erasure: &Erasure) -> Result<(), WriteError>;
}

/// The state of the database.
#[async_trait]
pub trait HealthStore: Send + Sync {
    /// Whether the database answers and its schema has all that this program needs.
    async fn check_ready(&self) -> Result<(), StoreError>;
}
