//! `signups`: sign-ups that no admin has approved yet.

use domain::User;
use domain::store::Account;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::LockType;
use sea_orm::{EntityTrait, QuerySelect};
use uuid::Uuid;

use crate::entity::signup;
use crate::error::Failure;
use crate::transaction::Transaction;

/// Whether the sign-up still waits. The answer stays true or false until the transaction ends.
pub(crate) async fn is_unapproved(txn: &Transaction, id: Uuid) -> Result<bool, Failure> {
    Ok(signup::Entity::find_by_id(id).lock(LockType::Update).one(txn).await?.is_some())
}

/// Notes that a new person waits for an admin, if that is so.
pub(crate) async fn note(txn: &Transaction, account: &Account) -> Result<(), Failure> {
    if !account.awaits_approval {
        return Ok(());
    }
    let row =
        signup::ActiveModel { user_id: Set(account.user.id.as_uuid()), requested_at: Set(account.user.created_at) };
    signup::Entity::insert(row).exec_without_returning(txn).await?;
    Ok(())
}

/// Removes the sign-up of a person who was activated or got another role.
pub(crate) async fn note_approval(txn: &Transaction, before: &User, after: &User) -> Result<(), Failure> {
    if (after.is_active && !before.is_active) || before.role() != after.role() {
        signup::Entity::delete_by_id(after.id.as_uuid()).exec(txn).await?;
    }
    Ok(())
}
