//! The second interpreter of [`Scope`]: as a condition on `users` joined with
//! `customers`. A contract test keeps it equal to [`Scope::contains`].

use domain::{Role, Scope};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition};

use crate::entity::{customer, user};

/// Whom the scope holds.
pub(crate) fn condition(scope: Scope) -> Condition {
    let assigned_to = |id: domain::UserId| customer::Column::AssignedManagerId.eq(id.as_uuid());
    match scope {
        Scope::All => Condition::all(),
        Scope::AllCustomers => Condition::all().add(user::Column::Role.eq(Role::Customer.as_str())),
        Scope::SelfAndAssigned(id) => Condition::any().add(user::Column::Id.eq(id.as_uuid())).add(assigned_to(id)),
        Scope::AssignedTo(id) => Condition::all().add(assigned_to(id)),
        Scope::Own(id) => Condition::all().add(user::Column::Id.eq(id.as_uuid())),
        // An empty condition would hold for everyone.
        Scope::Nothing => Condition::all().add(Expr::cust("1 = 0")),
    }
}
