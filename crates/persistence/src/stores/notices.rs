//! Notices on their way.

use async_trait::async_trait;
use domain::store::{NoticeStore, StoreError};
use domain::{MessageId, Notice, Timestamp};
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, Iterable, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::notice;
use crate::error::{Failure, only_store_error};
use crate::store::Store;
use crate::tables::notices;
use crate::transaction::Transaction;

#[async_trait]
impl NoticeStore for Store {
    async fn claim_notices(&self, now: Timestamp, lease: Timestamp, limit: u64) -> Result<Vec<Notice>, StoreError> {
        let due = Query::select()
            .columns(notice::Column::iter())
            .from(notice::Entity)
            .cond_where(notice::Column::NextAttemptAt.lte(now))
            .limit(1)
            .take();
        // Notices are rare, and this is asked all the time: without one, nothing is written.
        if self.one(&due).await?.is_none() {
            return Ok(Vec::new());
        }
        let claimed = self.write(move |txn| async move { claim_due(&txn, now, lease, limit).await });
        claimed.await.map_err(only_store_error)
    }

    async fn remove_notice(&self, id: MessageId) -> Result<(), StoreError> {
        let removed = self.write(move |txn| async move {
            notice::Entity::delete_by_id(id.as_uuid()).exec(&*txn).await?;
            Ok(())
        });
        removed.await.map_err(only_store_error)
    }

    async fn postpone_notice(&self, id: MessageId, until: Timestamp) -> Result<(), StoreError> {
        let postponed = self.write(move |txn| async move {
            notice::Entity::update_many()
                .col_expr(notice::Column::NextAttemptAt, until.into())
                .filter(notice::Column::Id.eq(id.as_uuid()))
                .exec(&*txn)
                .await?;
            Ok(())
        });
        postponed.await.map_err(only_store_error)
    }
}

async fn claim_due(txn: &Transaction, now: Timestamp, lease: Timestamp, limit: u64) -> Result<Vec<Notice>, Failure> {
    let due = notice::Entity::find()
        .filter(notice::Column::NextAttemptAt.lte(now))
        .order_by_asc(notice::Column::NextAttemptAt)
        .order_by_asc(notice::Column::Id)
        .limit(limit)
        .all(txn)
        .await?;
    let mut claimed = Vec::with_capacity(due.len());
    for mut row in due {
        if claim(txn, &row, now, lease).await? {
            row.attempts += 1;
            claimed.push(notices::read_model(row)?);
        }
    }
    Ok(claimed)
}

/// Takes a notice, unless another instance did since it was seen.
async fn claim(txn: &Transaction, seen: &notice::Model, now: Timestamp, lease: Timestamp) -> Result<bool, DbErr> {
    let update = notice::Entity::update_many()
        .col_expr(notice::Column::Attempts, (seen.attempts + 1).into())
        .col_expr(notice::Column::NextAttemptAt, lease.into())
        .filter(notice::Column::Id.eq(seen.id))
        .filter(notice::Column::Attempts.eq(seen.attempts))
        .filter(notice::Column::NextAttemptAt.lte(now));
    Ok(update.exec(txn).await?.rows_affected == 1)
}
