//! Messages to contacts that wait for others to the same contact.

use std::collections::HashMap;

use async_trait::async_trait;
use domain::Timestamp;
use domain::challenge::{Message, Turn};
use domain::code_queue::Waiting;
use domain::limit::Attempt;
use domain::session::Digest;
use domain::store::{CodeQueueStore, StoreError, WriteError};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use sea_orm::{ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::outbox::{self, Column};
use crate::entity::{attempt, challenge};
use crate::error::{only_store_error, store_error};
use crate::store::Store;
use crate::tables::{attempts, messages};
use crate::transaction::Transaction;

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
