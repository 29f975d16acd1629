//! Where a page begins: after the last row of the page before.
//!
//! `(key, id) > (place, last)` is written for each backend so that its planner starts in the index at that very row.
//! Bounded by `key` alone, a page would step over all rows of the same key that earlier pages had, and they may be
//! many: everyone without a name has the same.

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{Condition, DbBackend};

/// A column that the order goes by, and its value in the last row.
pub(crate) struct Place {
    pub(crate) column: Expr,
    pub(crate) value: Expr,
}

impl Place {
    pub(crate) fn new(column: impl Into<Expr>, value: impl Into<Expr>) -> Self {
        Self { column: column.into(), value: value.into() }
    }

    fn is_passed(&self, is_descending: bool) -> Expr {
        let (column, value) = (self.column.clone(), self.value.clone());
        if is_descending { column.lt(value) } else { column.gt(value) }
    }
}

/// Everything that comes after a row, which `id` tells apart from others of the same `key`.
pub(crate) fn comes_after(backend: DbBackend, key: Place, id: Place, is_descending: bool) -> Condition {
    if backend == DbBackend::MySql {
        // Row values are no range there.
        let among_equals = Condition::all().add(key.column.clone().eq(key.value.clone()));
        let among_equals = among_equals.add(id.is_passed(is_descending));
        Condition::any().add(key.is_passed(is_descending)).add(among_equals)
    } else {
        // An `OR` is no range on SQLite.
        let row = Place::new(Expr::tuple([key.column, id.column]), Expr::tuple([key.value, id.value]));
        Condition::all().add(row.is_passed(is_descending))
    }
}
