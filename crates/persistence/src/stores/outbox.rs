//! Messages and notices that wait to be sent.

use std::collections::HashMap;

use async_trait::async_trait;
use domain::challenge::{Message, Turn};
use domain::code_queue::Waiting;
use domain::limit::Attempt;
use domain::session::Digest;
use domain::store::{CodeQueueStore, MessageStore, NoticeStore, StoreError, WriteError};
use domain::{MessageId, Notice, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use sea_orm::{
    ColumnTrait, Condition, DbErr, EntityTrait, ModelTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
};

use crate::entity::outbox::{self, Column};
use crate::entity::{attempt, challenge, notice};
use crate::error::{Failure, Inconsistency, store_error};
use crate::store::Store;
use crate::tables::{attempts, messages, notices};
use crate::transaction::Transaction;

#[async_trait]
impl MessageStore for Store {
    async fn claim_messages(&self, now: Timestamp, lease: Timestamp, limit: u64) -> Result<Vec<Message>, StoreError> {
        let columns = (Column::Id, Column::Attempts, Column::NextAttemptAt);
        let read = |row: outbox::Model| messages::read(outbox::Model { attempts: row.attempts + 1, ..row });
        let claimed = self.write(move |txn| async move {
            let due = outbox::Entity::find().filter(Column::Contact.is_null()).limit(limit);
            claim_due(&txn, due, columns, (now, lease), read).await
        });
        claimed.await.map_err(WriteError::into_store_error)
    }

    async fn remove_message(&self, id: MessageId) -> Result<(), StoreError> {
        self.execute(outbox::Entity::delete_by_id(id.as_uuid())).await.map(drop)
    }

    async fn postpone_message(&self, id: MessageId, until: Timestamp) -> Result<(), StoreError> {
        let update = outbox::Entity::update_many().col_expr(Column::NextAttemptAt, until.into());
        self.execute(update.filter(Column::Id.eq(id.as_uuid()))).await.map(drop)
    }
}

#[async_trait]
impl CodeQueueStore for Store {
    async fn contacts_due(&self, now: Timestamp, limit: u64) -> Result<Vec<Digest>, StoreError> {
        let select = Query::select()
            .column(Column::Contact)
            .from(outbox::Entity)
            .and_where(Column::NextAttemptAt.lte(now))
            .and_where(Column::Contact.is_not_null())
            .group_by_col(Column::Contact)
            .order_by_expr(Expr::col(Column::CreatedAt).min(), Order::Asc)
            .limit(limit)
            .take();
        let contact = |row: &sea_orm::QueryResult| row.try_get::<Vec<u8>>("", "contact");
        let rows = self.all(&select).await?;
        let contacts: Result<Vec<_>, DbErr> = rows.iter().map(contact).collect();
        let contacts = contacts.map_err(|error| store_error(&error))?;
        Ok(contacts.into_iter().filter_map(|contact| contact.try_into().ok()).collect())
    }

    async fn waiting_for(&self, contact: &Digest, now: Timestamp, limit: u64) -> Result<Vec<Waiting>, StoreError> {
        let waiting = self.write(move |txn| async move {
            let idle = Condition::any().add(Column::Attempts.eq(0)).add(Column::NextAttemptAt.lte(now));
            let rows = outbox::Entity::find()
                .filter(Column::Contact.eq(contact.to_vec()))
                .filter(idle)
                .order_by_asc(Column::Id)
                .limit(limit)
                .all(&*txn)
                .await?;
            let messages = rows.into_iter().map(messages::read).collect::<Result<Vec<_>, _>>()?;
            let turns: Vec<_> = messages.into_iter().filter_map(|message| Some((message.turn?, message))).collect();
            let served = served(&txn, &turns).await?;
            let waiting =
                |(turn, message): (Turn, Message)| Waiting { message, turn, served: served.get(&turn.asker).copied() };
            Ok(turns.into_iter().map(waiting).collect())
        });
        waiting.await.map_err(WriteError::into_store_error)
    }

    async fn claim_turn(
        &self,
        seen: &Message,
        attempts: &[Attempt],
        now: Timestamp,
        lease: Timestamp,
    ) -> Result<bool, WriteError> {
        self.count_and_write(move |txn| async move {
            let update = outbox::Entity::update_many()
                .col_expr(Column::Attempts, (seen.attempts + 1).into())
                .col_expr(Column::NextAttemptAt, lease.into())
                .filter(messages::as_seen(seen));
            if update.exec(&*txn).await?.rows_affected == 0 {
                return Ok(false);
            }
            attempts::take(&txn, attempts, now).await?;
            Ok(true)
        })
        .await
    }

    async fn postpone_turns(&self, contact: &Digest, now: Timestamp, until: Timestamp) -> Result<(), StoreError> {
        let update = outbox::Entity::update_many()
            .col_expr(Column::NextAttemptAt, until.into())
            .filter(Column::Contact.eq(contact.to_vec()))
            .filter(Column::NextAttemptAt.lte(now));
        self.execute(update).await.map(drop)
    }

    async fn withhold_message(&self, seen: &Message) -> Result<bool, StoreError> {
        let withheld = self.write(move |txn| async move {
            // The challenge before its message, in the order of a transaction that replaces a challenge.
            let message =
                outbox::Entity::find().select_only().column(Column::ChallengeId).filter(messages::as_seen(seen));
            challenge::Entity::update_many()
                .col_expr(challenge::Column::Contact, "".into())
                .filter(challenge::Column::Id.eq(seen.challenge_id.as_uuid()))
                .filter(challenge::Column::Id.in_subquery(message.into_query()))
                .exec(&*txn)
                .await?;
            Ok(outbox::Entity::delete_many().filter(messages::as_seen(seen)).exec(&*txn).await?.rows_affected == 1)
        });
        withheld.await.map_err(WriteError::into_store_error)
    }
}

/// For each network, until when its last turn is remembered.
async fn served(txn: &Transaction, turns: &[(Turn, Message)]) -> Result<HashMap<Digest, Timestamp>, DbErr> {
    let askers = turns.iter().map(|(turn, _)| turn.asker.to_vec());
    let rows = attempt::Entity::find().filter(attempt::Column::Subject.is_in(askers)).all(txn).await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.subject.try_into().ok()?, row.expires_at))).collect())
}

#[async_trait]
impl NoticeStore for Store {
    async fn claim_notices(&self, now: Timestamp, lease: Timestamp, limit: u64) -> Result<Vec<Notice>, StoreError> {
        let due = notice::Entity::find().filter(notice::Column::NextAttemptAt.lte(now)).limit(1);
        // Notices are rare, and this runs all the time: when there is none, it does not write.
        if self.one(&due.into_query()).await?.is_none() {
            return Ok(Vec::new());
        }
        let columns = (notice::Column::Id, notice::Column::Attempts, notice::Column::NextAttemptAt);
        let read = |row: notice::Model| notices::read_model(notice::Model { attempts: row.attempts + 1, ..row });
        let claimed = self.write(move |txn| async move {
            claim_due(&txn, notice::Entity::find().limit(limit), columns, (now, lease), read).await
        });
        claimed.await.map_err(WriteError::into_store_error)
    }

    async fn remove_notice(&self, id: MessageId) -> Result<(), StoreError> {
        self.execute(notice::Entity::delete_by_id(id.as_uuid())).await.map(drop)
    }

    async fn postpone_notice(&self, id: MessageId, until: Timestamp) -> Result<(), StoreError> {
        let update = notice::Entity::update_many().col_expr(notice::Column::NextAttemptAt, until.into());
        self.execute(update.filter(notice::Column::Id.eq(id.as_uuid()))).await.map(drop)
    }
}

/// Claims the rows that are due, in their order, except those that another instance has claimed since they were read.
/// `read` reads a claimed row.
async fn claim_due<E: EntityTrait, T>(
    txn: &Transaction,
    due: Select<E>,
    (id, attempts, next_attempt_at): (E::Column, E::Column, E::Column),
    (now, lease): (Timestamp, Timestamp),
    read: impl Fn(E::Model) -> Result<T, Inconsistency>,
) -> Result<Vec<T>, Failure> {
    let is_due = next_attempt_at.lte(now);
    let due = due.filter(is_due.clone()).order_by_asc(next_attempt_at).order_by_asc(id).all(txn).await?;
    let mut claimed = Vec::with_capacity(due.len());
    for row in due {
        let update = E::update_many()
            .col_expr(attempts, Expr::col(attempts).add(1))
            .col_expr(next_attempt_at, lease.into())
            .filter(id.eq(row.get(id)))
            .filter(attempts.eq(row.get(attempts)))
            .filter(is_due.clone());
        if update.exec(txn).await?.rows_affected == 1 {
            claimed.push(read(row)?);
        }
    }
    Ok(claimed)
}
