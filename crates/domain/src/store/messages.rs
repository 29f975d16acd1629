//! Messages that carry codes.

use async_trait::async_trait;

use super::error::StoreError;
use crate::challenge::Message;
use crate::clock::Timestamp;
use crate::id::MessageId;

/// The outbox. Messages are written by the other ports, with their challenge.
#[async_trait]
pub trait MessageStore: Send + Sync {
    /// Takes messages that are due and wait for no other (those that do are the
    /// [`CodeQueueStore`](super::code_queue::CodeQueueStore)'s), hiding them from others until `lease`.
    async fn claim_messages(&self, now: Timestamp, lease: Timestamp, limit: u64) -> Result<Vec<Message>, StoreError>;

    /// Removes a message that was sent or given up.
    async fn remove_message(&self, id: MessageId) -> Result<(), StoreError>;

    /// Puts a claimed message off.
    async fn postpone_message(&self, id: MessageId, until: Timestamp) -> Result<(), StoreError>;
}
