//! When a manager's customers go to others: a few statements for each receiver, however many customers.

use domain::store::{Handover, Share, StoreError, WriteError};
use domain::{Role, Timestamp, UserId};
use sea_orm::sea_query::{Expr, ExprTrait, LockType, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, PaginatorTrait, QueryFilter};
use uuid::Uuid;

use crate::audit;
use crate::entity::{customer, user};
use crate::error::{Failure, store_error};
use crate::session_store::{self, stale_unless};
use crate::store::Store;

/// How many ids one statement names, well below what any backend takes.
const IDS: usize = 1000;

impl Store {
    pub(crate) async fn customer_ids(&self, manager: UserId) -> Result<Vec<UserId>, StoreError> {
        let select = Query::select()
            .column(customer::Column::Id)
            .from(customer::Entity)
            .cond_where(customer::Column::AssignedManagerId.eq(manager.as_uuid()))
            .order_by(customer::Column::Id, Order::Asc)
            .take();
        self.ids(&select).await
    }

    pub(crate) async fn active_managers(&self, ids: &[UserId]) -> Result<Vec<UserId>, StoreError> {
        let mut found = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(IDS) {
            found.extend(self.ids(&active_managers(chunk)).await?);
        }
        Ok(found)
    }

    async fn ids(&self, select: &SelectStatement) -> Result<Vec<UserId>, StoreError> {
        let id = |row: &sea_orm::QueryResult| row.try_get::<Uuid>("", "id").map(Into::into);
        self.all(select).await?.iter().map(id).collect::<Result<_, _>>().map_err(|error| store_error(&error))
    }

    pub(crate) async fn transfer(&self, handover: &Handover) -> Result<(), WriteError> {
        self.write(move |txn| async move {
            hold_managers(&txn, handover).await?;
            for share in &handover.shares {
                give(&txn, handover, share).await?;
            }
            if handover.is_complete {
                let left = assigned_to(handover.from);
                stale_unless(left.count(&*txn).await? == 0)?;
            }
            if handover.deactivates {
                deactivate(&txn, handover.from, handover.at).await?;
            }
            Ok(audit::record_all(&txn, &handover.events).await?)
        })
        .await
    }
}

fn active_managers(ids: &[UserId]) -> SelectStatement {
    Query::select()
        .column(user::Column::Id)
        .from(user::Entity)
        .cond_where(user::Column::Id.is_in(uuids(ids)))
        .cond_where(user::Column::Role.eq(Role::Manager.as_str()))
        .cond_where(user::Column::IsActive.eq(true))
        .order_by(user::Column::Id, Order::Asc)
        .take()
}

fn assigned_to(manager: UserId) -> sea_orm::Select<customer::Entity> {
    customer::Entity::find().filter(customer::Column::AssignedManagerId.eq(manager.as_uuid()))
}

fn uuids(ids: &[UserId]) -> impl Iterator<Item = Uuid> {
    ids.iter().map(|id| id.as_uuid())
}

/// Makes sure that the receivers stay active managers, and that nobody is
/// assigned to the one who hands over, before the transaction ends.
async fn hold_managers(txn: &DatabaseTransaction, handover: &Handover) -> Result<(), Failure> {
    let receivers: Vec<_> = handover.shares.iter().filter_map(|share| share.to).collect();
    let mut held: Vec<_> = receivers.iter().copied().chain([handover.from]).collect();
    // In one order, so that two handovers wait for each other rather than for ever.
    held.sort_unstable();
    for chunk in held.chunks(IDS) {
        let select = Query::select()
            .column(user::Column::Id)
            .from(user::Entity)
            .cond_where(user::Column::Id.is_in(uuids(chunk)))
            .order_by(user::Column::Id, Order::Asc)
            .lock(lock(txn))
            .take();
        txn.query_all(&select).await?;
    }
    let mut active = 0;
    for chunk in receivers.chunks(IDS) {
        active += txn.query_all(&active_managers(chunk)).await?.len();
    }
    if active == receivers.len() { Ok(()) } else { Err(WriteError::NotAnActiveManager.into()) }
}

/// A lock that lets others refer to the row, where there is one.
fn lock(txn: &DatabaseTransaction) -> LockType {
    if txn.get_database_backend() == DbBackend::Postgres { LockType::NoKeyUpdate } else { LockType::Update }
}

async fn give(txn: &DatabaseTransaction, handover: &Handover, share: &Share) -> Result<(), Failure> {
    for chunk in share.customers.chunks(IDS) {
        touch_all(txn, user::Column::Id.is_in(uuids(chunk)), handover.at).await?;
        let update = customer::Entity::update_many()
            .col_expr(customer::Column::AssignedManagerId, share.to.map(UserId::as_uuid).into())
            .col_expr(customer::Column::UpdatedAt, handover.at.into())
            .filter(customer::Column::Id.is_in(uuids(chunk)))
            .filter(customer::Column::AssignedManagerId.eq(handover.from.as_uuid()));
        stale_unless(update.exec(txn).await?.rows_affected == chunk.len() as u64)?;
    }
    Ok(())
}

/// Moves `updated_at` and version of many people.
pub(crate) async fn touch_all(txn: &DatabaseTransaction, who: Expr, now: Timestamp) -> Result<(), Failure> {
    user::Entity::update_many()
        .col_expr(user::Column::UpdatedAt, now.into())
        .col_expr(user::Column::Version, Expr::col(user::Column::Version).add(1))
        .filter(who)
        .exec(txn)
        .await?;
    Ok(())
}

async fn deactivate(txn: &DatabaseTransaction, id: UserId, now: Timestamp) -> Result<(), Failure> {
    let update = user::Entity::update_many()
        .col_expr(user::Column::IsActive, false.into())
        .col_expr(user::Column::UpdatedAt, now.into())
        .col_expr(user::Column::Version, Expr::col(user::Column::Version).add(1))
        .filter(user::Column::Id.eq(id.as_uuid()))
        // Not an admin, whom they may have become meanwhile: that one may be the last.
        .filter(user::Column::Role.eq(Role::Manager.as_str()))
        .filter(user::Column::IsActive.eq(true));
    stale_unless(update.exec(txn).await?.rows_affected == 1)?;
    session_store::end_all(txn, id, None).await?;
    Ok(())
}
