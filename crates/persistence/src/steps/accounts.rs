//! Creating a person with their profile. They may replace a sign-up that nobody has approved.

use domain::actor::Authority;
use domain::audit::{Event, EventKind};
use domain::store::Account;
use domain::{Email, Profile, Role, Staff};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::LockType;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::entity::{admin_manager, customer, setup_token, user};
use crate::error::Failure;
use crate::steps::erasure;
use crate::tables::locks::{self, Lock};
use crate::tables::{audit_events, authority, idempotency_keys, people, signups, users};
use crate::transaction::Transaction;

/// Creates the account of a person who signs up, or whom the system creates. The erasure of a sign-up that they replace
/// is recorded beside these events.
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
    let manager = user.customer().and_then(|customer| customer.assigned_manager_id);
    users::hold_active_managers(txn, manager.as_slice()).await?;
    if let Some(staff) = user.staff().filter(|_| account.replaces_signup) {
        // Boxed, because it is rare and its future is large.
        Box::pin(replace_sign_up(txn, &staff.email, events)).await?;
    }
    user::Entity::insert(users::user_row(user)).exec_without_returning(txn).await?;
    match &user.profile {
        Profile::Admin(staff) => {
            insert_staff(txn, account, staff).await?;
            // Once there is an admin, no token makes another.
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

/// Erases the unapproved sign-up with this e-mail. Somebody else has proven that the e-mail is theirs.
pub(crate) async fn replace_sign_up(txn: &Transaction, email: &Email, events: &[Event]) -> Result<(), Failure> {
    let found = admin_manager::Entity::find().filter(admin_manager::Column::Email.eq(email.as_str())).one(txn).await?;
    let (Some(found), Some(event)) = (found, events.first()) else { return Ok(()) };
    user::Entity::find_by_id(found.id).lock(LockType::Update).one(txn).await?;
    if !signups::is_unapproved(txn, found.id).await? {
        return Ok(());
    }
    if let Some(user) = people::find(txn, found.id.into()).await? {
        erasure::remove(txn, &user).await?;
        audit_events::record(txn, &event.following(EventKind::UserErased, user.id)).await?;
    }
    Ok(())
}
