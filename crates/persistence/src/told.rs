//! How often somebody was told that a phone is taken by a customer whom they may not see.

use domain::audit::{Event, EventKind};
use domain::store::StoreError;
use domain::{Timestamp, UserId};
use sea_orm::sea_query::{ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryResult, QuerySelect};

use crate::audit;
use crate::entity::audit_event::{Column, Entity};
use crate::entity::user;
use crate::error::{only_store_error, store_error};
use crate::moment::moment;
use crate::store::Store;

pub(crate) async fn list(
    store: &Store,
    actor: UserId,
    since: Timestamp,
    limit: u64,
) -> Result<Vec<Timestamp>, StoreError> {
    let select = select(store.reader.get_database_backend(), actor, since, limit);
    store.all(&select).await?.iter().map(at).collect()
}

pub(crate) async fn record(
    store: &Store,
    actor: UserId,
    events: &[Event],
    since: Timestamp,
    most: u64,
) -> Result<bool, StoreError> {
    let recorded = store.write(move |txn| async move {
        // Others of the same person wait here, or each would see room for itself.
        user::Entity::find_by_id(actor.as_uuid()).lock_exclusive().one(&*txn).await?;
        let earlier = txn.query_all(&select(txn.get_database_backend(), actor, since, most)).await?.len();
        if (earlier + events.len()) as u64 > most {
            return Ok(false);
        }
        audit::record_all(&txn, events).await?;
        Ok(true)
    });
    recorded.await.map_err(only_store_error)
}

/// The newest times, in the order of the index.
fn select(backend: DbBackend, actor: UserId, since: Timestamp, limit: u64) -> SelectStatement {
    Query::select()
        .column(Column::At)
        .from(Entity)
        .cond_where(Column::ActorId.eq(actor.as_uuid()))
        .cond_where(Column::Action.eq(EventKind::PhoneTakenTold.as_str()))
        .and_where(Column::At.into_expr().gt(moment(backend, since)))
        .order_by(Column::At, Order::Desc)
        .limit(limit)
        .take()
}

fn at(row: &QueryResult) -> Result<Timestamp, StoreError> {
    row.try_get("", "at").map_err(|error| store_error(&error))
}
