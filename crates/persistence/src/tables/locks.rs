//! `locks`: rows to lock where the data has no row of its own.

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::entity::lock;
use crate::error::Failure;
use crate::transaction::Transaction;

/// What a row of `locks` protects.
#[derive(Clone, Copy)]
pub(crate) enum Lock {
    /// Whether there is an admin.
    Admins,
    /// Which keys there are.
    Keys,
}

/// Takes a lock until the transaction ends. Other transactions that take it wait.
pub(crate) async fn hold(txn: &Transaction, held: Lock) -> Result<(), Failure> {
    let name = match held {
        Lock::Admins => "admins",
        Lock::Keys => "keys",
    };
    lock::Entity::update_many()
        .col_expr(lock::Column::Holder, Expr::col(lock::Column::Holder).add(1))
        .filter(lock::Column::Name.eq(name))
        .exec(txn)
        .await?;
    Ok(())
}
