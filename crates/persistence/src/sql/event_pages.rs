//! Pages of the audit trail, newest first.
//!
//! As with people, a page is found in an index and only then joined with what is shown of it. Each
//! filter has an index that ends with the order. "About one's customers" has none that could: the
//! entries of each customer are taken from the index of subjects, and the newest of them are the page.

use domain::audit::{EventFilter, EventQuery};
use domain::{Scope, UserId};
use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, Func, JoinType, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, DbBackend};

use crate::entity::audit_event::{Column, Entity};
use crate::entity::{customer, user};
use crate::sql::keyset::{Place, comes_after};
use crate::sql::scope;
use crate::sql::text::rows_for;
use crate::sql::time::comparable;

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
        let (place, last) = (Place::new(at, comparable(backend, after.at)), Place::new(id, after.id.as_uuid()));
        listed.cond_where(comes_after(backend, place, last, true));
    }
    listed.column((Entity, Column::Id)).limit(rows_for(query.size));
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
        .limit(rows_for(query.size));
    newest_first(&mut ids);
    ids
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
        .add_option(filter.from.map(|from| Column::At.into_expr().gte(comparable(backend, from))))
        .add_option(filter.to.map(|to| Column::At.into_expr().lt(comparable(backend, to))));
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
