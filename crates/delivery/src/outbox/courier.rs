//! What sending any message needs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use domain::delivery::MessageKeys;
use domain::store::{AttemptStore, CodeQueueStore, MessageStore, NoticeStore};
use domain::{Clock, Timestamp};

use crate::budgets::Budgets;
use crate::sender::Senders;
use crate::withheld::Withheld;

/// How long a claimed message is hidden from other instances. Longer than one attempt may take.
pub(super) const LEASE: TimeDelta = TimeDelta::seconds(30);

/// The ports that the outbox uses.
pub trait OutboxStore: MessageStore + NoticeStore + CodeQueueStore + AttemptStore {}

impl<S: MessageStore + NoticeStore + CodeQueueStore + AttemptStore> OutboxStore for S {}

/// Sends one message at a time. All tasks of the outbox share it.
pub(super) struct Courier {
    pub(super) store: Arc<dyn OutboxStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) keys: Arc<dyn MessageKeys>,
    pub(super) senders: Senders,
    pub(super) budgets: Budgets,
    pub(super) withheld: Withheld,
    /// When the next message that was put off is due, if this instance knows of one.
    pub(super) wake_at: Mutex<Option<Timestamp>>,
}

impl Courier {
    /// How long to wait before the database is asked again: `longest`, or less when a message is due sooner.
    pub(super) fn pause(&self, longest: Duration) -> Duration {
        let mut wake_at = self.wake_at.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(at) = *wake_at else { return longest };
        match (at - self.clock.now()).to_std() {
            Ok(pause) if !pause.is_zero() => pause.min(longest),
            _ => {
                *wake_at = None;
                Duration::ZERO
            }
        }
    }

    /// Makes the outbox look again at this time, unless it looks sooner.
    pub(super) fn wake_at(&self, at: Timestamp) {
        let mut wake_at = self.wake_at.lock().unwrap_or_else(PoisonError::into_inner);
        let sooner = wake_at.filter(|other| *other > self.clock.now() && *other < at);
        *wake_at = Some(sooner.unwrap_or(at));
    }
}
