//! `customers`.

use domain::UserId;
use domain::store::WriteError;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter};

use crate::entity::customer;
use crate::error::Failure;
use crate::transaction::Transaction;

/// How many customers a manager has.
pub(crate) async fn count_assigned(txn: &Transaction, manager: UserId) -> Result<u64, DbErr> {
    customer::Entity::find().filter(customer::Column::AssignedManagerId.eq(manager.as_uuid())).count(txn).await
}

/// Somebody with customers stays a manager.
pub(crate) async fn refuse_with_customers(txn: &Transaction, manager: UserId) -> Result<(), Failure> {
    match count_assigned(txn, manager).await? {
        0 => Ok(()),
        count => Err(WriteError::HasCustomers(count).into()),
    }
}
