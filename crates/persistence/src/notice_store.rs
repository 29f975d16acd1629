//! Notices: written with what they tell of, and sent later.

use async_trait::async_trait;
use domain::audit::Event;
use domain::store::{NoticeStore, StoreError};
use domain::{MessageId, Notice, PasswordHash, Timestamp, User, UserId};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Order, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, FromQueryResult, Iterable, QueryFilter, QueryOrder,
    QueryResult, QuerySelect,
};

use crate::entity::{admin_manager, notice};
use crate::error::{Failure, Inconsistency, only_store_error, store_error};
use crate::store::Store;

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

async fn claim_due(
    txn: &DatabaseTransaction,
    now: Timestamp,
    lease: Timestamp,
    limit: u64,
) -> Result<Vec<Notice>, Failure> {
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
            claimed.push(read_model(row)?);
        }
    }
    Ok(claimed)
}

/// Takes a notice, unless another instance did since it was seen.
async fn claim(
    txn: &DatabaseTransaction,
    seen: &notice::Model,
    now: Timestamp,
    lease: Timestamp,
) -> Result<bool, DbErr> {
    let update = notice::Entity::update_many()
        .col_expr(notice::Column::Attempts, (seen.attempts + 1).into())
        .col_expr(notice::Column::NextAttemptAt, lease.into())
        .filter(notice::Column::Id.eq(seen.id))
        .filter(notice::Column::Attempts.eq(seen.attempts))
        .filter(notice::Column::NextAttemptAt.lte(now));
    Ok(update.exec(txn).await?.rows_affected == 1)
}

/// Tells a person at their old contacts that they have others.
pub(crate) async fn tell_of_contact(
    txn: &DatabaseTransaction,
    before: &User,
    after: &User,
    events: &[Event],
) -> Result<(), Failure> {
    match events.first() {
        Some(event) => insert(txn, &Notice::of_contact(before, after, event)).await,
        None => Ok(()),
    }
}

/// What the person's password is checked against now, for [`tell_of_password`].
pub(crate) async fn password_before(txn: &DatabaseTransaction, user: UserId) -> Result<Option<PasswordHash>, Failure> {
    let hash = admin_manager::Entity::find_by_id(user.as_uuid())
        .select_only()
        .column(admin_manager::Column::PasswordHash)
        .into_tuple::<String>()
        .one(txn)
        .await?;
    Ok(hash.map(PasswordHash::from_stored))
}

/// Tells a person that the password they had is another. A first password is no change.
pub(crate) async fn tell_of_password(
    txn: &DatabaseTransaction,
    user: UserId,
    old: Option<&PasswordHash>,
    events: &[Event],
) -> Result<(), Failure> {
    let (Some(event), Some(old)) = (events.first(), old) else { return Ok(()) };
    if *old == PasswordHash::unusable() {
        return Ok(());
    }
    match crate::person::find(txn, user).await? {
        Some(user) => insert(txn, &Notice::of_password(&user, event)).await,
        None => Ok(()),
    }
}

async fn insert(txn: &DatabaseTransaction, notices: &[Notice]) -> Result<(), Failure> {
    if notices.is_empty() {
        return Ok(());
    }
    notice::Entity::insert_many(notices.iter().map(row)).exec_without_returning(txn).await?;
    Ok(())
}

fn row(notice: &Notice) -> notice::ActiveModel {
    notice::ActiveModel {
        id: Set(notice.id.as_uuid()),
        user_id: Set(notice.user_id.as_uuid()),
        channel: Set(notice.channel.to_string()),
        recipient: Set(notice.recipient.clone()),
        purpose: Set(notice.purpose.to_string()),
        created_at: Set(notice.created_at),
        expires_at: Set(notice.expires_at),
        attempts: Set(notice.attempts),
        next_attempt_at: Set(notice.created_at),
    }
}

/// Those of a person, newest first.
pub(crate) fn of(user: UserId) -> SelectStatement {
    Query::select()
        .columns(notice::Column::iter())
        .from(notice::Entity)
        .cond_where(notice::Column::UserId.eq(user.as_uuid()))
        .order_by(notice::Column::Id, Order::Desc)
        .take()
}

/// Reads a row with all columns.
pub(crate) fn read(row: &QueryResult) -> Result<Notice, StoreError> {
    Ok(read_model(notice::Model::from_query_result(row, "").map_err(|error| store_error(&error))?)?)
}

fn read_model(row: notice::Model) -> Result<Notice, Inconsistency> {
    let id = row.id;
    let wrong = |problem| Inconsistency { table: "notices", id: id.to_string(), problem };
    Ok(Notice {
        id: id.into(),
        user_id: row.user_id.into(),
        channel: row.channel.parse().map_err(|_| wrong("unknown channel"))?,
        recipient: row.recipient,
        purpose: row.purpose.parse().map_err(|_| wrong("unknown purpose"))?,
        created_at: row.created_at,
        expires_at: row.expires_at,
        attempts: row.attempts,
    })
}
