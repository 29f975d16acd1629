//! Keys that all instances share.

use std::collections::HashSet;

use async_trait::async_trait;
use domain::Timestamp;
use domain::audit::Event;
use domain::key::{KeyPurpose, StoredKey, TokenAlgorithm};
use domain::store::{KeyStore, StoreError, WriteError};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QueryResult, QuerySelect, QueryTrait,
};

use crate::entity::server_key;
use crate::error::{Inconsistency, store_error};
use crate::store::Store;
use crate::tables::audit_events;
use crate::tables::locks::{self, Lock};

#[async_trait]
impl KeyStore for Store {
    async fn list_keys(&self, now: Timestamp) -> Result<Vec<StoredKey>, StoreError> {
        let in_use =
            Condition::any().add(server_key::Column::RetiredAt.is_null()).add(server_key::Column::RetiredAt.gt(now));
        let keys = server_key::Entity::find()
            .filter(in_use)
            .order_by_asc(server_key::Column::CreatedAt)
            .order_by_asc(server_key::Column::Id);
        self.all(&keys.into_query()).await?.iter().map(read).collect()
    }

    async fn add_missing_keys(&self, keys: &[StoredKey]) -> Result<(), StoreError> {
        let added = self.write(move |txn| async move {
            locks::hold(&txn, Lock::Keys).await?;
            let purposes = server_key::Entity::find().select_only().column(server_key::Column::Purpose).distinct();
            let mut purposes: HashSet<String> = purposes.into_tuple().all(&*txn).await?.into_iter().collect();
            for key in keys {
                if purposes.insert(key.purpose.to_string()) {
                    server_key::Entity::insert(row(key)).exec_without_returning(&*txn).await?;
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
            server_key::Entity::insert(row(key)).exec_without_returning(&*txn).await?;
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

fn row(key: &StoredKey) -> server_key::ActiveModel {
    server_key::ActiveModel {
        id: Set(key.id.clone()),
        purpose: Set(key.purpose.to_string()),
        algorithm: Set(key.algorithm.map(|algorithm| algorithm.to_string())),
        secret: Set(key.secret.clone()),
        is_sealed: Set(key.is_sealed),
        created_at: Set(key.created_at),
        active_from: Set(key.active_from),
        retired_at: Set(key.retired_at),
    }
}

fn read(row: &QueryResult) -> Result<StoredKey, StoreError> {
    let row = server_key::Model::from_query_result(row, "").map_err(|error| store_error(&error))?;
    let wrong = |problem| Inconsistency { table: "server_keys", id: row.id.clone(), problem };
    let purpose = row.purpose.parse().map_err(|_| wrong("unknown purpose"))?;
    let algorithm =
        row.algorithm.map(|algorithm| algorithm.parse().map_err(|_| wrong("unknown algorithm"))).transpose()?;
    // An instance of an older release makes Ed25519 keys, and does not say so.
    let algorithm = algorithm.or_else(|| (purpose == KeyPurpose::AccessToken).then_some(TokenAlgorithm::EdDsa));
    Ok(StoredKey {
        id: row.id,
        purpose,
        algorithm,
        secret: row.secret,
        is_sealed: row.is_sealed,
        created_at: row.created_at,
        active_from: row.active_from,
        retired_at: row.retired_at,
    })
}
