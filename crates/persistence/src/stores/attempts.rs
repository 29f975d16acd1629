//! Counters of attempts, and known networks.

use async_trait::async_trait;
use domain::limit::{Attempt, Settled};
use domain::session::Digest;
use domain::store::{AttemptStore, StoreError, WriteError};
use domain::{Timestamp, UserId};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};

use crate::entity::{known_network, user};
use crate::error::Failure;
use crate::sql::row_locks::keeping;
use crate::store::Store;
use crate::tables::attempts;
use crate::transaction::Transaction;

#[async_trait]
impl AttemptStore for Store {
    async fn take_attempts(&self, attempts: &[Attempt], now: Timestamp) -> Result<(), WriteError> {
        if attempts.is_empty() {
            return Ok(());
        }
        self.count_and_write(move |txn| async move { attempts::take(&txn, attempts, now).await }).await
    }

    async fn settle_attempts(&self, attempts: &[Attempt], settled: Settled, now: Timestamp) -> Result<(), StoreError> {
        let done = self.count_and_write(move |txn| async move { attempts::settle(&txn, attempts, settled, now).await });
        done.await.map_err(WriteError::into_store_error)
    }

    async fn knows_network(&self, user: UserId, network: &Digest, now: Timestamp) -> Result<bool, StoreError> {
        self.is_known(user, network, known_network::Column::ExpiresAt.gt(now)).await
    }

    async fn remember_network(
        &self,
        user: UserId,
        network: &Digest,
        until: Timestamp,
        enough: Timestamp,
    ) -> Result<(), StoreError> {
        // Written only when it expires soon, because a read is cheaper than a write.
        if self.is_known(user, network, known_network::Column::ExpiresAt.gte(enough)).await? {
            return Ok(());
        }
        let done = self.write(move |txn| async move { remember(&txn, user, network, until).await });
        done.await.map_err(WriteError::into_store_error)
    }
}

impl Store {
    async fn is_known(&self, user: UserId, network: &Digest, so_long: Expr) -> Result<bool, StoreError> {
        let known = known_network::Entity::find_by_id(network.to_vec())
            .filter(known_network::Column::UserId.eq(user.as_uuid()))
            .filter(so_long);
        Ok(self.one(&known.into_query()).await?.is_some())
    }
}

/// Writes nothing for a person who was erased. The lock keeps them until the transaction ends.
async fn remember(txn: &Transaction, user: UserId, network: &Digest, until: Timestamp) -> Result<(), Failure> {
    let owner = user::Entity::find_by_id(user.as_uuid()).lock(keeping(txn)).one(txn).await?;
    if owner.is_none() {
        return Ok(());
    }
    let row = known_network::ActiveModel {
        user_id: Set(user.as_uuid()),
        network_digest: Set(network.to_vec()),
        expires_at: Set(until),
    };
    let renewed = OnConflict::column(known_network::Column::NetworkDigest)
        .update_column(known_network::Column::ExpiresAt)
        .to_owned();
    known_network::Entity::insert(row).on_conflict(renewed).exec_without_returning(txn).await?;
    Ok(())
}
