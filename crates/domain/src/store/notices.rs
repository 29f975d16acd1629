//! Notices to people about their account.

use async_trait::async_trait;

use super::error::StoreError;
use crate::clock::Timestamp;
use crate::id::MessageId;
use crate::notice::Notice;

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
