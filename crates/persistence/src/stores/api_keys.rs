//! API keys.

use async_trait::async_trait;
use domain::audit::Event;
use domain::store::{ApiKeyStore, Generation, StoreError, WriteError};
use domain::{ApiKey, ApiKeyId, Authority, FreshProof, Timestamp, User, UserId};
use sea_orm::sea_query::{Expr, ExprTrait, JoinType};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::entity::{api_key, user};
use crate::store::Store;
use crate::tables::{api_keys, audit_events, authority, people, sessions};

#[async_trait]
impl ApiKeyStore for Store {
    async fn create_api_key(
        &self,
        by: &Authority,
        proof: &FreshProof,
        key: &ApiKey,
        most: u64,
        event: &Event,
    ) -> Result<(), WriteError> {
        self.write(move |txn| async move {
            // As if the owner were written: so that two at once do not both find a place for one.
            authority::hold(&txn, by, Some(key.owner_id)).await?;
            sessions::require_fresh(&txn, proof).await?;
            api_keys::insert(&txn, key, most).await?;
            Ok(audit_events::record(&txn, event).await?)
        })
        .await
    }

    async fn find_key_caller(&self, id: ApiKeyId, now: Timestamp) -> Result<Option<(User, ApiKey)>, StoreError> {
        let column = |column| Expr::col((api_key::Entity, column));
        let is_owner = column(api_key::Column::OwnerId).equals((user::Entity, user::Column::Id));
        let is_of_role = column(api_key::Column::OwnerRole).equals((user::Entity, user::Column::Role));
        let mut select = people::select();
        api_keys::prefixed_columns(&mut select);
        select
            .join(JoinType::InnerJoin, api_key::Entity, is_owner.and(is_of_role))
            .cond_where(api_key::Column::Id.eq(id.as_uuid()))
            .cond_where(api_key::Column::ExpiresAt.gt(now))
            .cond_where(user::Column::IsActive.eq(true));
        let Some(row) = self.one(&select).await? else { return Ok(None) };
        Ok(Some((people::read(&row)?, api_keys::read_prefixed(&row)?)))
    }

    fn key_generation(&self, key: ApiKeyId, owner: UserId) -> Option<Generation> {
        Some(self.changes.generation(key.as_uuid(), owner))
    }

    async fn find_api_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        let mut select = api_keys::select();
        select.cond_where(api_key::Column::Id.eq(id.as_uuid()));
        self.one(&select).await?.as_ref().map(api_keys::read).transpose()
    }

    async fn list_api_keys(&self, owner: Option<UserId>) -> Result<Vec<ApiKey>, StoreError> {
        self.all(&api_keys::of(owner)).await?.iter().map(api_keys::read).collect()
    }

    async fn revoke_api_key(&self, by: &Authority, id: ApiKeyId, event: &Event) -> Result<bool, WriteError> {
        self.write(move |txn| async move {
            authority::hold(&txn, by, None).await?;
            let is_revoked = api_key::Entity::delete_by_id(id.as_uuid()).exec(&*txn).await?.rows_affected > 0;
            if is_revoked {
                audit_events::record(&txn, event).await?;
            }
            Ok(is_revoked)
        })
        .await
    }

    async fn note_key_use(&self, id: ApiKeyId, now: Timestamp, unless_after: Timestamp) -> Result<(), StoreError> {
        let last = api_key::Column::LastUsedAt;
        // Not with `OR`: a statement that names its rows alone is no change of everybody (`changes`).
        let last_or_long_ago = Expr::col(last).if_null(unless_after);
        let update = api_key::Entity::update_many()
            .col_expr(last, now.into())
            .filter(api_key::Column::Id.eq(id.as_uuid()))
            .filter(last_or_long_ago.lte(unless_after));
        self.execute(update).await.map(drop)
    }
}
