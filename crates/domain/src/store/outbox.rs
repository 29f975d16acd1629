//! Messages and notices on their way.

use async_trait::async_trait;

use super::error::{StoreError, WriteError};
use crate::challenge::Message;
use crate::clock::Timestamp;
use crate::code_queue::Waiting;
use crate::id::MessageId;
use crate::limit::Attempt;
use crate::notice::Notice;
use crate::session::Digest;

/// The outbox. Messages are written by the other ports, with their challenge.
#[async_trait]
pub trait MessageStore: Send + Sync {
    /// Takes messages that are due and wait for no other (those that do are the
    /// [`CodeQueueStore`]'s), hiding them from others until `lease`.
    async fn claim_messages(&self, now: Timestamp, lease: Timestamp, limit: u64) -> Result<Vec<Message>, StoreError>;

    /// Removes a message that was sent or given up.
    async fn remove_message(&self, id: MessageId) -> Result<(), StoreError>;

    /// Puts a claimed message off.
    async fn postpone_message(&self, id: MessageId, until: Timestamp) -> Result<(), StoreError>;
}

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

/// Notices on their way. They are written with what they tell of, by the other stores.
#[async_trait]
pub trait NoticeStore: Send + Sync {
    /// Takes notices that are due, hiding them from others until `lease`.
    async fn claim_notices(&self, now: Timestamp, lease: Timestamp, limit: u64) -> Result<Vec<Notice>, StoreError>;

    /// Removes a notice that was sent or given up.
    async fn remove_notice(&self, id: MessageId) -> Result<(), StoreError>;

    /// Puts a claimed notice off.
    async fn postpone_notice(&self, id: MessageId, until: Timestamp) -> Result<(), StoreError>;
}
