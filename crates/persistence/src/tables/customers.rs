//! `customers`.

use domain::UserId;
use domain::store::WriteError;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};

use crate::entity::customer;
use crate::error::Failure;
use crate::transaction::Transaction;

/// Somebody with customers stays a manager.
pub(crate) async fn refuse_with_customers(txn: &Transaction, manager: UserId) -> Result<(), Failure> {
    let assigned = customer::Entity::find().filter(customer::Column::AssignedManagerId.eq(manager.as_uuid()));
    match assigned.count(txn).await? {
        0 => Ok(()),
        count => Err(WriteError::HasCustomers(count).into()),
    }
}
