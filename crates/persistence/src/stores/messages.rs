//! Messages that carry codes.

use async_trait::async_trait;
use domain::challenge::Message;
use domain::store::{MessageStore, StoreError};
use domain::{MessageId, Timestamp};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::outbox;
use crate::error::only_store_error;
use crate::store::Store;
use crate::tables::messages;

#[async_trait]
impl MessageStore for Store {
    async fn claim_messages(&self, now: Timestamp, lease: Timestamp, limit: u64) -> Result<Vec<Message>, StoreError> {
        let claimed = self.write(move |txn| async move {
            let due = outbox::Entity::find()
                .filter(outbox::Column::NextAttemptAt.lte(now))
                .filter(outbox::Column::Contact.is_null())
                .order_by_asc(outbox::Column::NextAttemptAt)
                .order_by_asc(outbox::Column::Id)
                .limit(limit)
                .all(&*txn)
                .await?;
            let mut claimed = Vec::with_capacity(due.len());
            for mut row in due {
                if messages::claim(&txn, &row, now, lease).await? {
                    row.attempts += 1;
                    claimed.push(messages::read(row)?);
                }
            }
            Ok(claimed)
        });
        claimed.await.map_err(only_store_error)
    }

    async fn remove_message(&self, id: MessageId) -> Result<(), StoreError> {
        let removed = self.write(move |txn| async move {
            outbox::Entity::delete_by_id(id.as_uuid()).exec(&*txn).await?;
            Ok(())
        });
        removed.await.map_err(only_store_error)
    }

    async fn postpone_message(&self, id: MessageId, until: Timestamp) -> Result<(), StoreError> {
        let postponed = self.write(move |txn| async move {
            outbox::Entity::update_many()
                .col_expr(outbox::Column::NextAttemptAt, until.into())
                .filter(outbox::Column::Id.eq(id.as_uuid()))
                .exec(&*txn)
                .await?;
            Ok(())
        });
        postponed.await.map_err(only_store_error)
    }
}
