//! Finding people by the beginning of their name, e-mail or phone.

use domain::page::Search;
use sea_orm::sea_query::{Expr, ExprTrait, Func, JoinType, Query, SelectStatement, SubQueryStatement, UnionType};
use sea_orm::{ColumnTrait, Condition, EntityTrait};

use crate::entity::{admin_manager, customer, user};

/// Whether a person matches, looked at one by one.
pub(crate) fn matching(search: &Search) -> Condition {
    let by_text = [starts_with(user::Column::NameKey, &search.text), by_email(search)];
    let by_phone = search.phone.iter().flat_map(|phone| {
        [starts_with(admin_manager::Column::Phone, phone), starts_with(customer::Column::Phone, phone)]
    });
    by_text.into_iter().chain(by_phone).fold(Condition::any(), Condition::add)
}

/// E-mails are found as people write them, and in their canonical form when the search is written so.
fn email_start(search: &Search) -> (admin_manager::Column, &str) {
    match &search.email {
        Some(start) => (admin_manager::Column::Email, start),
        None => (admin_manager::Column::EmailKey, &search.text),
    }
}

fn by_email(search: &Search) -> Condition {
    let (column, start) = email_start(search);
    starts_with(column, start)
}

/// The ids of everyone who matches. Joined and not put into `IN (…)`, which
/// MariaDB would run once for each person. Whoever matches twice is left to
/// the first index, which is cheaper than to sort a million ids for the few.
pub(crate) fn found(search: &Search) -> SelectStatement {
    let mut found = found_staff(search);
    found.insert(0, found_by(user::Entity, user::Column::Id, user::Column::NameKey, &search.text));
    if let Some(phone) = &search.phone {
        let mut customers = found_by(customer::Entity, customer::Column::Id, customer::Column::Phone, phone);
        found.push(customers.cond_where(starts_with(customer::Column::NameKey, &search.text).not()).take());
    }
    union(UnionType::All, found)
}

/// The ids of staff who match by what others have not.
fn found_staff(search: &Search) -> Vec<SelectStatement> {
    let by_name = starts_with(user::Column::NameKey, &search.text);
    let by_email = by_email(search);
    let staff = |condition: Condition| {
        let is_user = Expr::col((admin_manager::Entity, admin_manager::Column::Id));
        Query::select()
            .column((admin_manager::Entity, admin_manager::Column::Id))
            .from(admin_manager::Entity)
            .join(JoinType::InnerJoin, user::Entity, is_user.equals((user::Entity, user::Column::Id)))
            .cond_where(condition)
            .cond_where(by_name.clone().not())
            .take()
    };
    let by_phone = search.phone.iter().map(|phone| starts_with(admin_manager::Column::Phone, phone));
    let by_phone = by_phone.map(|condition| condition.add(by_email.clone().not()));
    [by_email.clone()].into_iter().chain(by_phone).map(staff).collect()
}

/// How many match. Each index is counted by itself, and who is in two of them is taken off: few have a name that
/// begins as their phone does, whereas to look up the name of each of a million phones takes MariaDB 6 s.
pub(crate) fn count(search: &Search) -> Expr {
    let by_name = || starts_with(user::Column::NameKey, &search.text);
    let people = counted(Query::select().from(user::Entity).cond_where(by_name()).take());
    let staff =
        found_staff(search).into_iter().map(|found| counted(Query::select().from_subquery(found, "found").take()));
    let total = staff.fold(people, ExprTrait::add);
    let Some(phone) = &search.phone else { return total };
    let by_phone = || starts_with(customer::Column::Phone, phone);
    let is_user = Expr::col((user::Entity, user::Column::Id)).equals((customer::Entity, customer::Column::Id));
    let customers = Query::select().from(customer::Entity).cond_where(by_phone()).take();
    let by_both = Query::select()
        .from(user::Entity)
        .join(JoinType::InnerJoin, customer::Entity, is_user)
        .cond_where(by_name())
        .cond_where(by_phone())
        .take();
    total.add(counted(customers)).sub(counted(by_both))
}

/// How many rows it has, as a part of an expression.
pub(crate) fn counted(mut select: SelectStatement) -> Expr {
    let select = select.expr(Func::count(Expr::cust("*"))).take();
    Expr::SubQuery(None, Box::new(SubQueryStatement::SelectStatement(select)))
}

/// Counts who matches, but no further than `limit` in each index.
pub(crate) fn matches_up_to(search: &Search, limit: u64) -> SelectStatement {
    let limited = found_in_each_index(search).into_iter().map(|mut found| {
        let found = found.limit(limit).take();
        Query::select().column("id").from_subquery(found, "part").take()
    });
    let found = union(UnionType::All, limited);
    Query::select().expr_as(Func::count(Expr::cust("*")), "total").from_subquery(found, "found").take()
}

fn found_in_each_index(search: &Search) -> Vec<SelectStatement> {
    let (email, start) = email_start(search);
    let mut found = vec![
        found_by(user::Entity, user::Column::Id, user::Column::NameKey, &search.text),
        found_by(admin_manager::Entity, admin_manager::Column::Id, email, start),
    ];
    if let Some(phone) = &search.phone {
        found.extend([
            found_by(admin_manager::Entity, admin_manager::Column::Id, admin_manager::Column::Phone, phone),
            found_by(customer::Entity, customer::Column::Id, customer::Column::Phone, phone),
        ]);
    }
    found
}

fn found_by<C: ColumnTrait>(table: impl EntityTrait, id: C, column: C, prefix: &str) -> SelectStatement {
    Query::select().column(id).from(table).cond_where(starts_with(column, prefix)).take()
}

pub(crate) fn union(kind: UnionType, selects: impl IntoIterator<Item = SelectStatement>) -> SelectStatement {
    let mut selects = selects.into_iter();
    let mut all = selects.next().unwrap_or_default();
    for select in selects {
        all.union(kind, select);
    }
    all
}

/// A prefix as a range, which an index can answer and in which no character means anything else.
fn starts_with(column: impl ColumnTrait, prefix: &str) -> Condition {
    let condition = Condition::all().add(column.gte(prefix));
    condition.add_option(successor(prefix).map(|end| column.lt(end)))
}

/// The least text that is greater than every text with this prefix, in code
/// point order, which is the byte order of UTF-8. There is none after U+10FFFF.
fn successor(prefix: &str) -> Option<String> {
    let mut start = prefix.to_owned();
    while let Some(last) = start.pop() {
        // The range of characters steps over the surrogates.
        if let Some(next) = (last..=char::MAX).nth(1) {
            start.push(next);
            return Some(start);
        }
    }
    None
}
