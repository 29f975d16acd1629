//! Handing over a manager's customers. It takes a few statements for each receiver, however many customers there are.

use async_trait::async_trait;
use domain::actor::Authority;
use domain::store::{Handover, HandoverStore, RejudgeHandover, Share, StoreError, WriteError};
use domain::{Role, Timestamp, UserId};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryResult};
use uuid::Uuid;

use crate::entity::{customer, user};
use crate::error::{Failure, stale_unless, store_error};
use crate::sql::row_locks::for_writing;
use crate::store::Store;
use crate::tables::{audit_events, authority, profiles, sessions, users};
use crate::transaction::Transaction;

#[async_trait]
impl HandoverStore for Store {
    async fn list_customer_ids(&self, manager: UserId) -> Result<Vec<UserId>, StoreError> {
        self.ids(&customers_of(manager)).await
    }

    async fn find_active_managers(&self, ids: &[UserId]) -> Result<Vec<UserId>, StoreError> {
        let mut found = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(IDS) {
            found.extend(self.ids(&users::active_managers(chunk)).await?);
        }
        Ok(found)
    }

    async fn hand_over(
        &self,
        by: &Authority,
        handover: &Handover,
        rejudge: Option<&RejudgeHandover<'_>>,
    ) -> Result<Option<Handover>, WriteError> {
        self.write(move |txn| async move {
            authority::hold(&txn, by, Some(handover.from)).await?;
            hold_managers(&txn, handover).await?;
            let Some(rejudge) = rejudge else {
                carry_out(&txn, handover).await?;
                return Ok(None);
            };
            let planned = rejudge(&hold_customers(&txn, handover.from).await?).ok_or(WriteError::Stale)?;
            carry_out(&txn, &planned).await?;
            Ok(Some(planned))
        })
        .await
    }
}

impl Store {
    async fn ids(&self, select: &SelectStatement) -> Result<Vec<UserId>, StoreError> {
        read_ids(&self.all(select).await?).map_err(|error| store_error(&error))
    }
}

/// How many ids one statement names, well below what any backend takes.
const IDS: usize = 1000;

async fn carry_out(txn: &Transaction, handover: &Handover) -> Result<(), Failure> {
    for share in &handover.shares {
        give(txn, handover, share).await?;
    }
    if handover.is_complete {
        stale_unless(profiles::count_assigned(txn, handover.from).await? == 0)?;
    }
    if handover.deactivates {
        deactivate(txn, handover.from, handover.at).await?;
    }
    Ok(audit_events::record_all(txn, &handover.events).await?)
}

/// The customers of a manager who is locked. They stay the manager's until the transaction ends.
async fn hold_customers(txn: &Transaction, manager: UserId) -> Result<Vec<UserId>, Failure> {
    let seen = read_ids(&txn.query_all(&customers_of(manager)).await?)?;
    for chunk in seen.chunks(IDS) {
        txn.query_all(held(chunk).lock(for_writing(txn))).await?;
    }
    // A customer who was given away before the lock is no longer among them. None can have been added.
    Ok(read_ids(&txn.query_all(&customers_of(manager)).await?)?)
}

fn customers_of(manager: UserId) -> SelectStatement {
    Query::select()
        .column(customer::Column::Id)
        .from(customer::Entity)
        .cond_where(customer::Column::AssignedManagerId.eq(manager.as_uuid()))
        .order_by(customer::Column::Id, Order::Asc)
        .take()
}

fn read_ids(rows: &[QueryResult]) -> Result<Vec<UserId>, DbErr> {
    rows.iter().map(|row| row.try_get::<Uuid>("", "id").map(Into::into)).collect()
}

/// Selects people to lock them. All transactions lock people in this order, so that they do not deadlock.
fn held(ids: &[UserId]) -> SelectStatement {
    users::ids().cond_where(user::Column::Id.is_in(uuids(ids))).order_by(user::Column::Id, Order::Asc).take()
}

fn uuids(ids: &[UserId]) -> impl Iterator<Item = Uuid> {
    ids.iter().map(|id| id.as_uuid())
}

/// Makes sure that, until the transaction ends, the receivers stay active managers and nobody is assigned to the
/// manager who hands over.
async fn hold_managers(txn: &Transaction, handover: &Handover) -> Result<(), Failure> {
    let receivers: Vec<_> = handover.shares.iter().filter_map(|share| share.to).collect();
    let mut managers: Vec<_> = receivers.iter().copied().chain([handover.from]).collect();
    managers.sort_unstable();
    for chunk in managers.chunks(IDS) {
        // On PostgreSQL this lock lets other rows refer to the locked one.
        txn.query_all(held(chunk).lock(for_writing(txn))).await?;
    }
    let mut active = 0;
    for chunk in receivers.chunks(IDS) {
        active += txn.query_all(&users::active_managers(chunk)).await?.len();
    }
    if active == receivers.len() { Ok(()) } else { Err(WriteError::NotAnActiveManager.into()) }
}

async fn give(txn: &Transaction, handover: &Handover, share: &Share) -> Result<(), Failure> {
    for chunk in share.customers.chunks(IDS) {
        users::touch_all(txn, user::Column::Id.is_in(uuids(chunk)), handover.at).await?;
        let update = customer::Entity::update_many()
            .col_expr(customer::Column::AssignedManagerId, share.to.map(UserId::as_uuid).into())
            .col_expr(customer::Column::UpdatedAt, handover.at.into())
            .filter(customer::Column::Id.is_in(uuids(chunk)))
            .filter(customer::Column::AssignedManagerId.eq(handover.from.as_uuid()));
        stale_unless(update.exec(txn).await?.rows_affected == chunk.len() as u64)?;
    }
    Ok(())
}

async fn deactivate(txn: &Transaction, id: UserId, now: Timestamp) -> Result<(), Failure> {
    let update = user::Entity::update_many()
        .col_expr(user::Column::IsActive, false.into())
        .col_expr(user::Column::UpdatedAt, now.into())
        .col_expr(user::Column::Version, Expr::col(user::Column::Version).add(1))
        .filter(user::Column::Id.eq(id.as_uuid()))
        // They may have become an admin meanwhile, perhaps the last one.
        .filter(user::Column::Role.eq(Role::Manager.as_str()))
        .filter(user::Column::IsActive.eq(true));
    stale_unless(update.exec(txn).await?.rows_affected == 1)?;
    sessions::end_all(txn, id, None).await?;
    Ok(())
}
