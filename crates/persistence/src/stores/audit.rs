//! The audit trail.

use async_trait::async_trait;
use domain::audit::{Event, EventCursor, EventKind, EventPage, EventQuery};
use domain::store::{AuditStore, StoreError, WriteError};
use domain::{Scope, Timestamp, UserId};
use sea_orm::sea_query::{ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryResult, QuerySelect};

use crate::entity::audit_event::{Column, Entity};
use crate::entity::user;
use crate::error::store_error;
use crate::sql::event_pages;
use crate::sql::time::comparable;
use crate::store::Store;
use crate::tables::audit_events;

#[async_trait]
impl AuditStore for Store {
    async fn list_events(&self, scope: Scope, query: &EventQuery) -> Result<EventPage, StoreError> {
        if scope == Scope::Nothing {
            return Ok(EventPage { items: Vec::new(), next: None, total: query.include_total.then_some(0) });
        }
        let backend = self.reader.get_database_backend();
        let rows = self.all(&event_pages::page(backend, scope, query)).await?;
        let items = rows.iter().map(audit_events::read).collect::<Result<_, _>>()?;
        let mut page = EventPage::cut(items, query.size, EventCursor::at);
        if query.include_total {
            page.total = Some(self.count(&event_pages::total(backend, scope, query)).await?);
        }
        Ok(page)
    }

    async fn list_taken_phones(
        &self,
        actor: UserId,
        since: Timestamp,
        limit: u64,
    ) -> Result<Vec<Timestamp>, StoreError> {
        let select = taken_phones(self.reader.get_database_backend(), actor, since, limit);
        self.all(&select).await?.iter().map(at).collect()
    }

    async fn record_taken_phones(
        &self,
        actor: UserId,
        events: &[Event],
        since: Timestamp,
        most: u64,
    ) -> Result<bool, StoreError> {
        let recorded = self.write(move |txn| async move {
            // Requests of one person wait here. Otherwise each would see room for itself.
            user::Entity::find_by_id(actor.as_uuid()).lock_exclusive().one(&*txn).await?;
            let earlier = txn.query_all(&taken_phones(txn.get_database_backend(), actor, since, most)).await?.len();
            if (earlier + events.len()) as u64 > most {
                return Ok(false);
            }
            audit_events::record_all(&txn, events).await?;
            Ok(true)
        });
        recorded.await.map_err(WriteError::into_store_error)
    }

    async fn record_event(&self, event: &Event) -> Result<(), StoreError> {
        let recorded = self.write(move |txn| async move { Ok(audit_events::record(&txn, event).await?) });
        recorded.await.map_err(WriteError::into_store_error)
    }
}

/// The newest times, in the order of the index.
fn taken_phones(backend: DbBackend, actor: UserId, since: Timestamp, limit: u64) -> SelectStatement {
    Query::select()
        .column(Column::At)
        .from(Entity)
        .cond_where(Column::ActorId.eq(actor.as_uuid()))
        .cond_where(Column::Action.eq(EventKind::PhoneTakenTold.as_str()))
        .and_where(Column::At.into_expr().gt(comparable(backend, since)))
        .order_by(Column::At, Order::Desc)
        .limit(limit)
        .take()
}

fn at(row: &QueryResult) -> Result<Timestamp, StoreError> {
    row.try_get("", "at").map_err(|error| store_error(&error))
}
