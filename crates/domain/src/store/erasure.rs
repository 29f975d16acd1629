//! The end of a person's record.

use async_trait::async_trait;

use super::error::WriteError;
use crate::audit::{Change, Event};
use crate::authority::Authority;
use crate::id::UserId;
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
