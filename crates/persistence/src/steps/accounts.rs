//! Entering a person with their profile.

use domain::actor::Authority;
use domain::audit::Event;
use domain::store::Account;
use domain::{Profile, Role, Staff};
use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;

use crate::entity::{admin_manager, customer, setup_token, user};
use crate::error::Failure;
use crate::steps::sign_ups;
use crate::tables::locks::{self, Lock};
use crate::tables::{authority, idempotency_keys, signups, users};
use crate::transaction::Transaction;

/// Enters a person who enters themselves, or whom the system enters. The erasure of a sign-up that they replace is
/// recorded beside these events.
pub(crate) async fn insert_account(txn: &Transaction, account: &Account, events: &[Event]) -> Result<(), Failure> {
    insert_account_by(txn, &Authority::Unconditional, account, events).await
}

pub(crate) async fn insert_account_by(
    txn: &Transaction,
    by: &Authority,
    account: &Account,
    events: &[Event],
) -> Result<(), Failure> {
    let user = &account.user;
    if user.role() == Role::Admin {
        locks::hold(txn, Lock::Admins).await?;
    }
    authority::hold(txn, by, None).await?;
    if let Some(manager) = user.customer().and_then(|customer| customer.assigned_manager_id) {
        users::hold_active_manager(txn, manager).await?;
    }
    if let Some(staff) = user.staff().filter(|_| account.replaces_signup) {
        // Boxed: rare, and large.
        Box::pin(sign_ups::replace(txn, &staff.email, events)).await?;
    }
    user::Entity::insert(users::user_row(user)).exec_without_returning(txn).await?;
    match &user.profile {
        Profile::Admin(staff) => {
            insert_staff(txn, account, staff).await?;
            // Where there is an admin, nobody is made one by token.
            setup_token::Entity::delete_many().exec(txn).await?;
        }
        Profile::Manager(staff) => insert_staff(txn, account, staff).await?,
        Profile::Customer(customer) => {
            customer::Entity::insert(users::customer_row(user, customer)).exec_without_returning(txn).await?;
        }
    }
    signups::note(txn, account).await?;
    if let Some(first) = &account.stored_answer {
        idempotency_keys::insert(txn, user, first).await?;
    }
    Ok(())
}

async fn insert_staff(txn: &Transaction, account: &Account, staff: &Staff) -> Result<(), Failure> {
    let password_hash = Set(account.password_hash.expose().to_owned());
    let row = admin_manager::ActiveModel { password_hash, ..users::staff_row(&account.user, staff) };
    admin_manager::Entity::insert(row).exec_without_returning(txn).await?;
    Ok(())
}
