//! Keys that all instances share.

use std::collections::HashSet;

use async_trait::async_trait;
use domain::Timestamp;
use domain::audit::Event;
use domain::key::StoredKey;
use domain::store::{KeyStore, StoreError, WriteError};
use sea_orm::sea_query::{Order, Query};
use sea_orm::{ColumnTrait, Condition, EntityTrait, Iterable, QueryFilter, QuerySelect};

use crate::entity::server_key;
use crate::store::Store;
use crate::tables::locks::{self, Lock};
use crate::tables::{audit_events, server_keys};

#[async_trait]
impl KeyStore for Store {
    async fn list_keys(&self, now: Timestamp) -> Result<Vec<StoredKey>, StoreError> {
        let in_use =
            Condition::any().add(server_key::Column::RetiredAt.is_null()).add(server_key::Column::RetiredAt.gt(now));
        let select = Query::select()
            .columns(server_key::Column::iter())
            .from(server_key::Entity)
            .cond_where(in_use)
            .order_by(server_key::Column::CreatedAt, Order::Asc)
            .order_by(server_key::Column::Id, Order::Asc)
            .take();
        self.all(&select).await?.iter().map(server_keys::read).collect()
    }

    async fn add_missing_keys(&self, keys: &[StoredKey]) -> Result<(), StoreError> {
        let added = self.write(move |txn| async move {
            locks::hold(&txn, Lock::Keys).await?;
            let purposes = server_key::Entity::find().select_only().column(server_key::Column::Purpose).distinct();
            let mut purposes: HashSet<String> = purposes.into_tuple().all(&*txn).await?.into_iter().collect();
            for key in keys {
                if purposes.insert(key.purpose.to_string()) {
                    server_key::Entity::insert(server_keys::row(key)).exec_without_returning(&*txn).await?;
                }
            }
            Ok(())
        });
        added.await.map_err(WriteError::into_store_error)
    }

    async fn rotate_key(&self, key: &StoredKey, retire_at: Timestamp, event: &Event) -> Result<(), StoreError> {
        let rotated = self.write(move |txn| async move {
            locks::hold(&txn, Lock::Keys).await?;
            server_key::Entity::update_many()
                .col_expr(server_key::Column::RetiredAt, retire_at.into())
                .filter(server_key::Column::Purpose.eq(key.purpose.as_str()))
                .filter(server_key::Column::RetiredAt.is_null())
                .exec(&*txn)
                .await?;
            server_key::Entity::insert(server_keys::row(key)).exec_without_returning(&*txn).await?;
            Ok(audit_events::record(&txn, event).await?)
        });
        rotated.await.map_err(WriteError::into_store_error)
    }

    async fn seal_keys(&self, keys: &[StoredKey]) -> Result<(), StoreError> {
        let sealed = self.write(move |txn| async move {
            locks::hold(&txn, Lock::Keys).await?;
            for key in keys {
                server_key::Entity::update_many()
                    .col_expr(server_key::Column::Secret, key.secret.clone().into())
                    .col_expr(server_key::Column::IsSealed, true.into())
                    .filter(server_key::Column::Id.eq(key.id.as_str()))
                    .filter(server_key::Column::IsSealed.eq(false))
                    .exec(&*txn)
                    .await?;
            }
            Ok(())
        });
        sealed.await.map_err(WriteError::into_store_error)
    }
}
