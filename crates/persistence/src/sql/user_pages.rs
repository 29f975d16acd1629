//! Pages of people, each as cheap as the first.
//!
//! A page is found in an index and only then joined with what is shown of it.
//! `SELECT … FROM (ids of the page) JOIN users … LEFT JOIN profiles …`: the
//! inner query walks one index in the order asked for, from the cursor on, as
//! far as the page is long. Where a list is bound to a manager or a creator it
//! walks an index of `customers`, whose `created_at` and `name_key` always are
//! those of the person. "Oneself and one's customers" lies in two indexes: each gives a
//! page, and the page is the beginning of both.
//!
//! A search is answered in one of two ways, since no planner of the three can
//! be trusted to choose: when few people match, they are found in the indexes
//! of names, e-mails and phones and put in order; when many do, such as those
//! whose phone starts with the country's code, the order is walked and who does
//! not match is stepped over. A first query counts as far as "few" goes.

use domain::page::Assignment;
use domain::{Cursor, Filter, Scope, Sort, UserQuery};
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Order, Query, SelectStatement, UnionType};
use sea_orm::{ColumnTrait, Condition, DbBackend};

use crate::entity::{admin_manager, customer, user};
use crate::sql::keyset::{Place, comes_after};
use crate::sql::scope;
use crate::sql::search::{count, counted, found, matching, union};
use crate::sql::time::comparable;
use crate::tables::users;

/// What [`Store::page`] sends when a search finds so many.
#[cfg(feature = "testing")]
pub(crate) fn statements(backend: DbBackend, scope: Scope, query: &UserQuery, found: u64) -> Vec<SelectStatement> {
    let plan = if query.filter.search.is_some() && found <= FEW { Plan::Find } else { Plan::Walk };
    let mut statements: Vec<_> =
        query.filter.search.iter().map(|search| crate::sql::search::matches_up_to(search, FEW + 1)).collect();
    statements.push(page(&parts(backend, scope, &query.filter, plan), query));
    if query.include_total {
        statements.push(total(backend, scope, &query.filter));
    }
    statements
}

/// As many matches of a search as are sorted at no cost worth mentioning.
pub(crate) const FEW: u64 = 20_000;

/// How a search is answered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Find who matches, then put them in order.
    Find,
    /// Go in order, and look at each.
    Walk,
}

/// A part of a list that lies in one index.
pub(crate) struct Part {
    /// Whether the index is one of `customers`.
    of_customers: bool,
    /// Whose planner it is written for.
    backend: DbBackend,
    /// Whether it holds only customers without a manager.
    is_of_nobody: bool,
    /// Who is in it, whatever the page.
    condition: Condition,
    /// Everyone who matches the search, where they were found first.
    found: Option<SelectStatement>,
    /// Whether the condition asks for e-mails or phones.
    with_profiles: bool,
}

pub(crate) fn parts(backend: DbBackend, scope: Scope, filter: &Filter, plan: Plan) -> Vec<Part> {
    let part = |scope| part(backend, scope, filter, plan);
    match scope {
        Scope::SelfAndAssigned(id) => {
            let mut assigned = part(Scope::AssignedTo(id));
            assigned.condition = assigned.condition.add(user::Column::Id.ne(id.as_uuid()));
            vec![part(Scope::Own(id)), assigned]
        }
        scope => vec![part(scope)],
    }
}

fn part(backend: DbBackend, scope: Scope, filter: &Filter, plan: Plan) -> Part {
    let of_customers =
        matches!(scope, Scope::AssignedTo(_)) || filter.assigned_manager.is_some() || filter.created_by.is_some();
    let mut condition = filtered(backend, scope::condition(scope), filter);
    let walked = filter.search.as_ref().filter(|_| plan == Plan::Walk);
    if let Some(search) = walked {
        condition = condition.add(matching(search));
    }
    let found = filter.search.as_ref().filter(|_| plan == Plan::Find).map(found);
    let is_of_nobody = filter.assigned_manager == Some(Assignment::Nobody);
    Part { of_customers, backend, is_of_nobody, condition, found, with_profiles: walked.is_some() }
}

/// All of the filter but the search.
fn filtered(backend: DbBackend, condition: Condition, filter: &Filter) -> Condition {
    condition
        .add_option(filter.role.map(|role| user::Column::Role.eq(role.as_str())))
        .add_option(filter.is_active.map(|is_active| user::Column::IsActive.eq(is_active)))
        .add_option(filter.assigned_manager.map(|assignment| match assignment {
            Assignment::To(id) => customer::Column::AssignedManagerId.eq(id.as_uuid()),
            Assignment::Nobody => customer::Column::AssignedManagerId.is_null(),
        }))
        .add_option(filter.created_by.map(|id| customer::Column::CreatedBy.eq(id.as_uuid())))
        .add_option(filter.created_from.map(|from| user::Column::CreatedAt.into_expr().gte(comparable(backend, from))))
        .add_option(filter.created_to.map(|to| user::Column::CreatedAt.into_expr().lt(comparable(backend, to))))
}

impl Part {
    /// Whether the order begins with the manager: PostgreSQL does not see that what is NULL is the
    /// same for all, and MariaDB does not see that to say so changes nothing.
    fn is_by_manager_first(&self) -> bool {
        self.backend == DbBackend::Postgres && self.is_of_nobody
    }

    fn select(&self) -> SelectStatement {
        let mut select = Query::select();
        let user_id = || Expr::col((user::Entity, user::Column::Id));
        if self.of_customers {
            let is_user = user_id().equals((customer::Entity, customer::Column::Id));
            select.from(customer::Entity).join(JoinType::InnerJoin, user::Entity, is_user);
        } else {
            select.from(user::Entity);
        }
        if self.with_profiles {
            let is_staff = user_id().equals((admin_manager::Entity, admin_manager::Column::Id));
            select.join(JoinType::LeftJoin, admin_manager::Entity, is_staff);
        }
        if self.with_profiles && !self.of_customers {
            let is_customer = user_id().equals((customer::Entity, customer::Column::Id));
            select.join(JoinType::LeftJoin, customer::Entity, is_customer);
        }
        if let Some(found) = &self.found {
            let is_found = user_id().equals(("found", "id"));
            select.join_subquery(JoinType::InnerJoin, found.clone(), "found", is_found);
        }
        select.cond_where(self.condition.clone());
        select
    }

    /// The ids of this part's page, with what they are sorted by.
    fn page(&self, query: &UserQuery) -> SelectStatement {
        let (key, id) = match (query.sort.is_by_name(), self.of_customers) {
            (true, false) => (user::Column::NameKey.into_expr(), user::Column::Id.into_expr()),
            (true, true) => (customer::Column::NameKey.into_expr(), customer::Column::Id.into_expr()),
            (false, false) => (user::Column::CreatedAt.into_expr(), user::Column::Id.into_expr()),
            (false, true) => (customer::Column::CreatedAt.into_expr(), customer::Column::Id.into_expr()),
        };
        let mut select = self.select();
        if let Some(after) = &query.after {
            let (place, last) =
                (Place::new(key.clone(), sort_key(self.backend, after)), Place::new(id.clone(), after.id.as_uuid()));
            select.cond_where(comes_after(self.backend, place, last, after.sort.is_descending()));
        }
        let order = order(query.sort);
        if self.is_by_manager_first() {
            select.order_by(customer::Column::AssignedManagerId, order.clone());
        }
        select
            .expr_as(id.clone(), "id")
            .expr_as(key.clone(), "sort_key")
            .order_by_expr(key, order.clone())
            .order_by_expr(id, order)
            .limit(rows(query));
        select
    }
}

/// The value that the order has at a cursor.
fn sort_key(backend: DbBackend, after: &Cursor) -> Expr {
    if after.sort.is_by_name() {
        after.name.clone().unwrap_or_default().into()
    } else {
        comparable(backend, after.created_at)
    }
}

/// The page of all parts together, with everything that is shown of it.
pub(crate) fn page(parts: &[Part], query: &UserQuery) -> SelectStatement {
    let order = order(query.sort);
    let mut select = Query::select();
    select.from_subquery(ids(parts, query), "page");
    let is_on_page = Expr::col((user::Entity, user::Column::Id)).equals(("page", "id"));
    select.join(JoinType::InnerJoin, user::Entity, is_on_page);
    users::join_profiles(&mut select);
    users::columns(&mut select);
    select.order_by(("page", "sort_key"), order.clone()).order_by(("page", "id"), order);
    select
}

fn ids(parts: &[Part], query: &UserQuery) -> SelectStatement {
    if let [part] = parts {
        return part.page(query);
    }
    // Each in a FROM of its own: SQLite takes no ORDER BY or LIMIT inside a UNION.
    let pages = parts.iter().map(|part| {
        let page = part.page(query);
        Query::select().columns(["id", "sort_key"]).from_subquery(page, "part").take()
    });
    let order = order(query.sort);
    Query::select()
        .columns(["id", "sort_key"])
        .from_subquery(union(UnionType::All, pages), "parts")
        .order_by("sort_key", order.clone())
        .order_by("id", order)
        .limit(rows(query))
        .take()
}

pub(crate) fn total(backend: DbBackend, scope: Scope, filter: &Filter) -> SelectStatement {
    // All who match are counted, however many they are, unless only a few are looked at anyway.
    let is_narrow = matches!(scope, Scope::SelfAndAssigned(_) | Scope::AssignedTo(_) | Scope::Own(_))
        || matches!(filter.assigned_manager, Some(Assignment::To(_)));
    let parts = parts(backend, scope, filter, if is_narrow { Plan::Walk } else { Plan::Find });
    let sum = parts.iter().map(|part| match &filter.search {
        Some(search) if part.condition.is_empty() => count(search),
        _ => counted(part.select()),
    });
    let sum = sum.reduce(ExprTrait::add);
    Query::select().expr_as(sum.unwrap_or_else(|| 0.into()), "total").take()
}

fn order(sort: Sort) -> Order {
    if sort.is_descending() { Order::Desc } else { Order::Asc }
}

/// One more than the page holds, to know whether another follows.
fn rows(query: &UserQuery) -> u64 {
    query.size.get() as u64 + 1
}
