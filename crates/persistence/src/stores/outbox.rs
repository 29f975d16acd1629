//! Messages and notices on their way.

use std::collections::HashMap;

use async_trait::async_trait;
use domain::challenge::{Message, Turn};
use domain::code_queue::Waiting;
use domain::limit::Attempt;
use domain::session::Digest;
use domain::store::{CodeQueueStore, MessageStore, NoticeStore, StoreError, WriteError};
use domain::{MessageId, Notice, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use sea_orm::{ColumnTrait, Condition, DbErr, EntityTrait, Iterable, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::outbox::{self, Column};
use crate::entity::{attempt, challenge, notice};
use crate::error::{Failure, only_store_error, store_error};
use crate::store::Store;
use crate::tables::{attempts, messages, notices};
use crate::transaction::Transaction;

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
            let turns: Vec<_> = messages.into_iter().filter_map(with_turn).collect();
            let served = served(&txn, &turns).await?;
            let waiting =
                |(message, turn): (Message, Turn)| Waiting { message, turn, served: served.get(&turn.asker).copied() };
            Ok(turns.into_iter().map(waiting).collect())
        });
        waiting.await.map_err(only_store_error)
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
        let postponed = self.write(move |txn| async move {
            outbox::Entity::update_many()
                .col_expr(Column::NextAttemptAt, until.into())
                .filter(Column::Contact.eq(contact.to_vec()))
                .filter(Column::NextAttemptAt.lte(now))
                .exec(&*txn)
                .await?;
            Ok(())
        });
        postponed.await.map_err(only_store_error)
    }

    async fn withhold_message(&self, seen: &Message) -> Result<bool, StoreError> {
        let withheld = self.write(move |txn| async move {
            // The challenge before its message, as whoever replaces one takes them.
            challenge::Entity::update_many()
                .col_expr(challenge::Column::Contact, "".into())
                .filter(challenge::Column::Id.eq(seen.challenge_id.as_uuid()))
                .filter(
                    challenge::Column::Id.in_subquery(
                        Query::select()
                            .column(Column::ChallengeId)
                            .from(outbox::Entity)
                            .cond_where(messages::as_seen(seen))
                            .take(),
                    ),
                )
                .exec(&*txn)
                .await?;
            Ok(outbox::Entity::delete_many().filter(messages::as_seen(seen)).exec(&*txn).await?.rows_affected == 1)
        });
        withheld.await.map_err(only_store_error)
    }
}

fn with_turn(message: Message) -> Option<(Message, Turn)> {
    let turn = message.turn?;
    Some((message, turn))
}

/// Until when it is remembered that these networks had a turn.
async fn served(txn: &Transaction, turns: &[(Message, Turn)]) -> Result<HashMap<Digest, Timestamp>, DbErr> {
    let askers = turns.iter().map(|(_, turn)| turn.asker.to_vec());
    let rows = attempt::Entity::find().filter(attempt::Column::Subject.is_in(askers)).all(txn).await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.subject.try_into().ok()?, row.expires_at))).collect())
}

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
