//! Pages of people, each as cheap as the first.
//!
//! A page is one pass over an index in the order asked for, from the cursor on,
//! as far as the page is long, with the profile of each person beside it.
//! Where a list is bound to a manager or a creator it
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
use domain::{Cursor, Filter, Role, Scope, Sort, UserQuery};
use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, JoinType, Order, Query, SelectStatement, UnionType};
use sea_orm::{ColumnTrait, Condition, DbBackend};

use crate::entity::{customer, user};
use crate::sql::keyset::{Place, comes_after};
use crate::sql::scope;
use crate::sql::search::{count, counted, found, matching, union};
use crate::sql::text::rows_for;
use crate::sql::time::comparable;
use crate::tables::people::{self, user_id};

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

/// Whose index is walked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Index {
    Users,
    Customers,
}

/// A part of a list that lies in one index.
pub(crate) struct Part {
    index: Index,
    /// Whose planner it is written for.
    backend: DbBackend,
    /// Whether it holds only customers without a manager.
    is_of_nobody: bool,
    /// Who is in it, whatever the page.
    condition: Condition,
    /// Everyone who matches the search, where they were found first.
    found: Option<SelectStatement>,
    /// Whether the condition asks for e-mails or phones.
    asks_profiles: bool,
    /// Whether staff can be in it.
    has_staff: bool,
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
    let index = if of_customers { Index::Customers } else { Index::Users };
    let has_staff = !of_customers && scope != Scope::AllCustomers && filter.role != Some(Role::Customer);
    let mut condition = filtered(backend, scope::condition(scope), filter);
    let walked = filter.search.as_ref().filter(|_| plan == Plan::Walk);
    if let Some(search) = walked {
        condition = condition.add(matching(search));
    }
    let found = filter.search.as_ref().filter(|_| plan == Plan::Find).map(found);
    let is_of_nobody = filter.assigned_manager == Some(Assignment::Nobody);
    Part { index, backend, is_of_nobody, condition, found, asks_profiles: walked.is_some(), has_staff }
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

    /// Whoever is in it, with the profiles that the condition asks for.
    fn select(&self) -> SelectStatement {
        let mut select = self.of_index();
        if self.asks_profiles {
            self.join_profiles(&mut select, true);
        }
        select
    }

    fn of_index(&self) -> SelectStatement {
        let mut select = Query::select();
        if self.index == Index::Customers {
            let is_user = user_id().equals((customer::Entity, customer::Column::Id));
            select.from(customer::Entity).join(JoinType::InnerJoin, user::Entity, is_user);
        } else {
            select.from(user::Entity);
        }
        if let Some(found) = &self.found {
            let is_found = user_id().equals(("found", "id"));
            select.join_subquery(JoinType::InnerJoin, found.clone(), "found", is_found);
        }
        select.cond_where(self.condition.clone());
        select
    }

    fn join_profiles(&self, select: &mut SelectStatement, with_staff: bool) {
        if with_staff {
            people::join_staff(select);
        }
        if self.index == Index::Users {
            people::join_customers(select);
        }
    }

    /// What this part is sorted by.
    fn sort_key(&self, sort: Sort) -> Expr {
        match (sort.is_by_name(), self.index) {
            (true, Index::Users) => user::Column::NameKey.into_expr(),
            (true, Index::Customers) => customer::Column::NameKey.into_expr(),
            (false, Index::Users) => user::Column::CreatedAt.into_expr(),
            (false, Index::Customers) => customer::Column::CreatedAt.into_expr(),
        }
    }

    fn id(&self) -> Expr {
        match self.index {
            Index::Users => user::Column::Id.into_expr(),
            Index::Customers => customer::Column::Id.into_expr(),
        }
    }

    /// Leaves of a selection what is on the page, in order.
    fn cut(&self, select: &mut SelectStatement, query: &UserQuery) {
        let (key, id, order) = (self.sort_key(query.sort), self.id(), order(query.sort));
        if let Some(after) = &query.after {
            let (place, last) =
                (Place::new(key.clone(), sort_value(self.backend, after)), Place::new(id.clone(), after.id.as_uuid()));
            select.cond_where(comes_after(self.backend, place, last, after.sort.is_descending()));
        }
        if self.is_by_manager_first() {
            select.order_by(customer::Column::AssignedManagerId, order.clone());
        }
        select.order_by_expr(key, order.clone()).order_by_expr(id, order).limit(rows_for(query.size));
    }

    /// The page of this part with all that is shown of it.
    fn page(&self, query: &UserQuery) -> SelectStatement {
        if self.is_shown_by_id(query) {
            return self.page_by_id(query);
        }
        let mut select = self.of_index();
        self.join_profiles(&mut select, self.has_staff || self.asks_profiles);
        people::columns(&mut select, self.has_staff);
        self.cut(&mut select, query);
        select
    }

    /// Whether the page is found first, and only then joined with what is shown of it: where many are sorted for it,
    /// and on MariaDB, which reads less of an index, or none, when it is asked for more than the index holds.
    fn is_shown_by_id(&self, query: &UserQuery) -> bool {
        let filter = &query.filter;
        let has_other_index =
            filter.is_active.is_some() || filter.created_from.is_some() || filter.created_to.is_some();
        self.backend == DbBackend::MySql || self.found.is_some() || has_other_index && query.sort.is_by_name()
    }

    fn page_by_id(&self, query: &UserQuery) -> SelectStatement {
        let mut ids = self.select();
        ids.expr_as(self.id(), "id").expr_as(self.sort_key(query.sort), "sort_key");
        self.cut(&mut ids, query);
        let is_on_page = user_id().equals(("page", "id"));
        let mut select = Query::select();
        select.from_subquery(ids, "page").join(JoinType::InnerJoin, user::Entity, is_on_page);
        if self.has_staff {
            people::join_staff(&mut select);
        }
        people::join_customers(&mut select);
        people::columns(&mut select, self.has_staff);
        let order = order(query.sort);
        select.order_by(("page", "sort_key"), order.clone()).order_by(("page", "id"), order);
        select
    }

    /// The page as one among others, with what it is sorted by at the end.
    fn page_to_merge(&self, query: &UserQuery) -> SelectStatement {
        let by_id = self.is_shown_by_id(query);
        let sort_key = if by_id { Expr::col(("page", "sort_key")) } else { self.sort_key(query.sort) };
        self.page(query).expr_as(sort_key, "sort_key").take()
    }
}

/// The value that the order has at a cursor.
fn sort_value(backend: DbBackend, after: &Cursor) -> Expr {
    if after.sort.is_by_name() {
        after.name.clone().unwrap_or_default().into()
    } else {
        comparable(backend, after.created_at)
    }
}

/// The page of all parts together, with everything that is shown of it.
pub(crate) fn page(parts: &[Part], query: &UserQuery) -> SelectStatement {
    if let [part] = parts {
        return part.page(query);
    }
    // Each in a FROM of its own: SQLite takes no ORDER BY or LIMIT inside a UNION.
    let pages = parts
        .iter()
        .map(|part| Query::select().column(Asterisk).from_subquery(part.page_to_merge(query), "part").take());
    let order = order(query.sort);
    Query::select()
        .column(Asterisk)
        .from_subquery(union(UnionType::All, pages), "parts")
        .order_by("sort_key", order.clone())
        .order_by("id", order)
        .limit(rows_for(query.size))
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
