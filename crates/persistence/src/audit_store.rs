//! Pages of the audit trail, newest first.
//!
//! As with people, a page is found in an index and only then joined with what is shown of it. Each
//! filter has an index that ends with the order. "About one's customers" has none that could: the
//! entries of each customer are taken from the index of subjects, and the newest of them are the page.

use async_trait::async_trait;
use domain::audit::{Event, EventCursor, EventFilter, EventPage, EventQuery};
use domain::store::{AuditStore, StoreError};
use domain::{Scope, Timestamp, UserId};
use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, Func, JoinType, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, DbBackend, FromQueryResult, QueryResult};

use crate::entity::audit_event::{Column, Entity, Model};
use crate::entity::{customer, user};
use crate::error::{Inconsistency, only_store_error, store_error};
use crate::keyset::{Place, comes_after};
use crate::moment::moment;
use crate::store::Store;
use crate::{audit, scope, told};

#[async_trait]
impl AuditStore for Store {
    async fn list_events(&self, scope: Scope, query: &EventQuery) -> Result<EventPage, StoreError> {
        if scope == Scope::Nothing {
            return Ok(EventPage { items: Vec::new(), next: None, total: query.include_total.then_some(0) });
        }
        let backend = self.reader.get_database_backend();
        let rows = self.all(&page(backend, scope, query)).await?;
        let items = rows.iter().take(query.size.get()).map(read).collect::<Result<Vec<_>, _>>()?;
        let has_more = rows.len() > query.size.get();
        let next = items.last().filter(|_| has_more).map(EventCursor::at);
        let total = if query.include_total { Some(self.count(&total(backend, scope, query)).await?) } else { None };
        Ok(EventPage { items, next, total })
    }

    async fn list_taken_phones(
        &self,
        actor: UserId,
        since: Timestamp,
        limit: u64,
    ) -> Result<Vec<Timestamp>, StoreError> {
        told::list(self, actor, since, limit).await
    }

    async fn record_taken_phones(
        &self,
        actor: UserId,
        events: &[Event],
        since: Timestamp,
        most: u64,
    ) -> Result<bool, StoreError> {
        told::record(self, actor, events, since, most).await
    }

    async fn record_event(&self, event: &Event) -> Result<(), StoreError> {
        let recorded = self.write(move |txn| async move { Ok(audit::record(&txn, event).await?) });
        recorded.await.map_err(only_store_error)
    }
}

pub(crate) fn page(backend: DbBackend, scope: Scope, query: &EventQuery) -> SelectStatement {
    let ids = match scope {
        Scope::AssignedTo(manager) if backend == DbBackend::Postgres && query.filter.subject.is_none() => {
            newest_of_each(manager, query)
        }
        scope => newest(backend, listed(backend, scope, &query.filter), query),
    };
    let is_on_page = Expr::col((Entity, Column::Id)).equals(("page", "id"));
    let mut select = Query::select();
    select.column((Entity, Asterisk)).from_subquery(ids, "page").join(JoinType::InnerJoin, Entity, is_on_page);
    newest_first(&mut select);
    select
}

/// The ids of the page.
fn newest(backend: DbBackend, mut listed: SelectStatement, query: &EventQuery) -> SelectStatement {
    if let Some(after) = query.after {
        let (at, id) = (Column::At.into_expr(), Column::Id.into_expr());
        let (place, last) = (Place::new(at, moment(backend, after.at)), Place::new(id, after.id.as_uuid()));
        listed.cond_where(comes_after(backend, place, last, true));
    }
    listed.column((Entity, Column::Id)).limit(rows(query));
    newest_first(&mut listed);
    listed
}

/// The same for a manager, customer by customer. PostgreSQL would rather walk all entries from the
/// newest on until it has met enough of this manager, of whom there may be none.
fn newest_of_each(manager: UserId, query: &EventQuery) -> SelectStatement {
    let is_subject = Expr::col((Entity, Column::SubjectId)).equals((customer::Entity, customer::Column::Id));
    let mut of_one = newest(DbBackend::Postgres, listed(DbBackend::Postgres, Scope::All, &query.filter), query);
    of_one.column((Entity, Column::At)).and_where(is_subject);
    let mut ids = Query::select();
    ids.column((Entity, Column::Id))
        .from(customer::Entity)
        .join_lateral(JoinType::InnerJoin, of_one, Entity, Expr::cust("TRUE"))
        .cond_where(customer::Column::AssignedManagerId.eq(manager.as_uuid()))
        .limit(rows(query));
    newest_first(&mut ids);
    ids
}

/// One more than the page holds, to know whether another follows.
fn rows(query: &EventQuery) -> u64 {
    query.size.get() as u64 + 1
}

pub(crate) fn total(backend: DbBackend, scope: Scope, query: &EventQuery) -> SelectStatement {
    listed(backend, scope, &query.filter).expr_as(Func::count(Expr::cust("*")), "total").take()
}

fn newest_first(select: &mut SelectStatement) {
    select.order_by((Entity, Column::At), Order::Desc).order_by((Entity, Column::Id), Order::Desc);
}

/// The entries of all pages.
fn listed(backend: DbBackend, scope: Scope, filter: &EventFilter) -> SelectStatement {
    let mut select = Query::select();
    select.from(Entity);
    about(&mut select, scope);
    let condition = Condition::all()
        .add_option(filter.actor.map(|id| Column::ActorId.eq(id.as_uuid())))
        .add_option(filter.subject.map(|id| Column::SubjectId.eq(id.as_uuid())))
        .add_option(filter.kind.map(|kind| Column::Action.eq(kind.as_str())))
        .add_option(filter.from.map(|from| Column::At.into_expr().gte(moment(backend, from))))
        .add_option(filter.to.map(|to| Column::At.into_expr().lt(moment(backend, to))));
    select.cond_where(condition);
    select
}

/// Leaves only the entries about people in the scope.
fn about(select: &mut SelectStatement, scope: Scope) {
    let subject = || Expr::col((Entity, Column::SubjectId));
    let customer_id = (customer::Entity, customer::Column::Id);
    match scope {
        Scope::All => return,
        Scope::AssignedTo(_) => {
            select.join(JoinType::InnerJoin, customer::Entity, subject().equals(customer_id));
        }
        Scope::AllCustomers | Scope::SelfAndAssigned(_) | Scope::Own(_) | Scope::Nothing => {
            let user_id = (user::Entity, user::Column::Id);
            select.join(JoinType::InnerJoin, user::Entity, subject().equals(user_id)).join(
                JoinType::LeftJoin,
                customer::Entity,
                Expr::col(user_id).equals(customer_id),
            );
        }
    }
    select.cond_where(scope::condition(scope));
}

pub(crate) fn read(row: &QueryResult) -> Result<Event, StoreError> {
    let row = Model::from_query_result(row, "").map_err(|error| store_error(&error))?;
    let id = row.id;
    let wrong = |problem| Inconsistency { table: "audit_events", id: id.to_string(), problem };
    let address = row.address.as_deref().map(str::parse).transpose();
    Ok(Event {
        id: id.into(),
        at: row.at,
        actor_id: row.actor_id.map(Into::into),
        actor_role: row.actor_role,
        kind: row.action.parse().map_err(|_| wrong("unknown action"))?,
        subject_id: row.subject_id.map(Into::into),
        changes: serde_json::from_value(row.changes).map_err(|_| wrong("invalid changes"))?,
        request_id: row.request_id,
        address: address.map_err(|_| wrong("invalid address"))?,
    })
}
