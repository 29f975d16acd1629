//! `admin_managers`: passwords.

use domain::{PasswordHash, Timestamp, UserId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::entity::admin_manager;
use crate::error::Failure;
use crate::transaction::Transaction;

/// Sets a password. `users::touch` changes the person's own row.
pub(crate) fn set_password(
    user: UserId,
    new: &PasswordHash,
    now: Timestamp,
) -> sea_orm::UpdateMany<admin_manager::Entity> {
    admin_manager::Entity::update_many()
        .col_expr(admin_manager::Column::PasswordHash, new.expose().into())
        .col_expr(admin_manager::Column::UpdatedAt, now.into())
        .filter(admin_manager::Column::Id.eq(user.as_uuid()))
}

/// The hash of the password that the person has now.
pub(crate) async fn password_before(txn: &Transaction, user: UserId) -> Result<Option<PasswordHash>, Failure> {
    let hash = admin_manager::Entity::find_by_id(user.as_uuid())
        .select_only()
        .column(admin_manager::Column::PasswordHash)
        .into_tuple::<String>()
        .one(txn)
        .await?;
    Ok(hash.map(PasswordHash::from_stored))
}
