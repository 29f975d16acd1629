//! Messages to contacts that wait for others to the same contact.

use async_trait::async_trait;

use super::error::{StoreError, WriteError};
use crate::challenge::Message;
use crate::clock::Timestamp;
use crate::code_queue::Waiting;
use crate::limit::Attempt;
use crate::session::Digest;

/// Messages that take turns, one contact at a time.
#[async_trait]
pub trait CodeQueueStore: Send + Sync {
    /// At most `limit` contacts for which a message is due, the one that waits for the longest first.
    async fn contacts_due(&self, now: Timestamp, limit: u64) -> Result<Vec<Digest>, StoreError>;

    /// At most `limit` messages to this contact that nobody is sending: those never tried, due or not, and those that
    /// are due again. The oldest first.
    async fn waiting_for(&self, contact: &Digest, now: Timestamp, limit: u64) -> Result<Vec<Waiting>, StoreError>;

    /// Takes a message if it still is as it was seen and `attempts` are allowed, in one transaction; hides it from
    /// others until `lease`. Answers whether it did; [`WriteError::TooMany`] names the attempt that was refused.
    async fn claim_turn(
        &self,
        seen: &Message,
        attempts: &[Attempt],
        now: Timestamp,
        lease: Timestamp,
    ) -> Result<bool, WriteError>;

    /// Puts off all messages to this contact that are due.
    async fn postpone_turns(&self, contact: &Digest, now: Timestamp, until: Timestamp) -> Result<(), StoreError>;

    /// Removes a message that is never to be sent, if it still is as it was seen. Its challenge becomes a decoy, whose
    /// code nobody can guess. Answers whether it did.
    async fn withhold_message(&self, seen: &Message) -> Result<bool, StoreError>;
}
