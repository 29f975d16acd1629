//! Statements on one kind of profile: the passwords in `admin_managers`, and the managers in `customers`.

use domain::store::WriteError;
use domain::{PasswordHash, Timestamp, UserId};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, UpdateMany};

use crate::entity::{admin_manager, customer};
use crate::error::Failure;
use crate::transaction::Transaction;

/// Sets a password. The caller also calls `users::touch`, which changes the person's own row.
pub(crate) fn set_password(user: UserId, new: &PasswordHash, now: Timestamp) -> UpdateMany<admin_manager::Entity> {
    admin_manager::Entity::update_many()
        .col_expr(admin_manager::Column::PasswordHash, new.expose().into())
        .col_expr(admin_manager::Column::UpdatedAt, now.into())
        .filter(admin_manager::Column::Id.eq(user.as_uuid()))
}

/// The hash of the person's current password.
pub(crate) async fn password_before(txn: &Transaction, user: UserId) -> Result<Option<PasswordHash>, Failure> {
    let hash = admin_manager::Entity::find_by_id(user.as_uuid())
        .select_only()
        .column(admin_manager::Column::PasswordHash)
        .into_tuple::<String>()
        .one(txn)
        .await?;
    Ok(hash.map(PasswordHash::from_stored))
}

/// How many customers a manager has.
pub(crate) async fn count_assigned(txn: &Transaction, manager: UserId) -> Result<u64, DbErr> {
    customer::Entity::find().filter(customer::Column::AssignedManagerId.eq(manager.as_uuid())).count(txn).await
}

/// Refuses when the manager still has customers.
pub(crate) async fn refuse_with_customers(txn: &Transaction, manager: UserId) -> Result<(), Failure> {
    match count_assigned(txn, manager).await? {
        0 => Ok(()),
        count => Err(WriteError::HasCustomers(count).into()),
    }
}
