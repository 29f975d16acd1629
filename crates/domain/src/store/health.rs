//! Whether the database can be used.

use async_trait::async_trait;

use super::error::StoreError;

/// The state of the database.
#[async_trait]
pub trait HealthStore: Send + Sync {
    /// Whether the database answers and its schema has all that this program needs.
    async fn check_ready(&self) -> Result<(), StoreError>;
}
