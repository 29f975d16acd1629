//! The outbox: messages and notices that are to be sent.

use async_trait::async_trait;

use super::error::{StoreError, WriteError};
use crate::challenge::Message;
use crate::clock::Timestamp;
use crate::code_queue::Waiting;
use crate::id::MessageId;
use crate::limit::Attempt;
use crate::notice::Notice;
use crate::session::Digest;

/// Messages in the outbox. Other ports write them, with their challenges.
#[async_trait]
pub trait MessageStore: Send + Sync {
    /// Takes messages that are due and do not take turns, and hides them from others until `lease`. [`CodeQueueStore`]
    /// has the messages that take turns.
    async fn claim_messages(&self, now: Timestamp, lease: Timestamp, limit: u64) -> Result<Vec<Message>, StoreError>;

    /// Removes a message that was sent or given up.
    async fn remove_message(&self, id: MessageId) -> Result<(), StoreError>;

    /// Makes a claimed message due again at `until`.
    async fn postpone_message(&self, id: MessageId, until: Timestamp) -> Result<(), StoreError>;
}

/// Messages that take turns, one contact at a time.
#[async_trait]
pub trait CodeQueueStore: Send + Sync {
    /// At most `limit` contacts for which a message is due, the one that waits for the longest first.
    async fn contacts_due(&self, now: Timestamp, limit: u64) -> Result<Vec<Digest>, StoreError>;

    /// At most `limit` messages to this contact that nobody is sending, the oldest first. These are the messages that
    /// were never tried, due or not, and the messages that are due again.
    async fn waiting_for(&self, contact: &Digest, now: Timestamp, limit: u64) -> Result<Vec<Waiting>, StoreError>;

    /// Takes a message if it is still as it was seen and `attempts` are allowed, and hides it from others until
    /// `lease`, in one transaction. Answers whether it did. [`WriteError::TooMany`] names the attempt that was refused.
    async fn claim_turn(
        &self,
        seen: &Message,
        attempts: &[Attempt],
        now: Timestamp,
        lease: Timestamp,
    ) -> Result<bool, WriteError>;

    /// Makes all due messages to this contact due again at `until`.
    async fn postpone_turns(&self, contact: &Digest, now: Timestamp, until: Timestamp) -> Result<(), StoreError>;

    /// Removes a message that must not be sent, if it is still as it was seen. Its challenge becomes a decoy, for which
    /// no code is right. Answers whether it did.
    async fn withhold_message(&self, seen: &Message) -> Result<bool, StoreError>;
}

/// Notices in the outbox. Other ports write them, with the change that they are about.
#[async_trait]
pub trait NoticeStore: Send + Sync {
    /// Takes notices that are due, and hides them from others until `lease`.
    async fn claim_notices(&self, now: Timestamp, lease: Timestamp, limit: u64) -> Result<Vec<Notice>, StoreError>;

    /// Removes a notice that was sent or given up.
    async fn remove_notice(&self, id: MessageId) -> Result<(), StoreError>;

    /// Makes a claimed notice due again at `until`.
    async fn postpone_notice(&self, id: MessageId, until: Timestamp) -> Result<(), StoreError>;
}
