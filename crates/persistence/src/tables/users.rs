//! `users` with `admin_managers` and `customers`: three tables in the database, one [`User`] in the domain.

use domain::page::{email_key, name_key};
use domain::store::WriteError;
use domain::{Customer, Role, Staff, Timestamp, User, UserId};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, ExprTrait, LockType, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, Select};
use serde_json::Value;
use uuid::Uuid;

use crate::entity::{admin_manager, customer, user};
use crate::error::Failure;
use crate::sql::row_locks::keep;
use crate::tables::people;
use crate::transaction::Transaction;

/// Makes sure that nobody deactivates or demotes these managers before the transaction ends. Each id is there once.
pub(crate) async fn hold_active_managers(txn: &Transaction, ids: &[UserId]) -> Result<(), Failure> {
    if ids.is_empty() {
        return Ok(());
    }
    let managers = keep(txn, active_managers(ids)).await?;
    if managers.len() == ids.len() { Ok(()) } else { Err(WriteError::NotAnActiveManager.into()) }
}

pub(crate) async fn has_admin(txn: &Transaction) -> Result<bool, Failure> {
    let admin = user::Entity::find().filter(user::Column::Role.eq(Role::Admin.as_str())).one(txn).await?;
    Ok(admin.is_some())
}

/// Updates `updated_at` and the version of a person who has changed. Answers whether they exist.
pub(crate) async fn touch(txn: &Transaction, id: UserId, now: Timestamp) -> Result<bool, Failure> {
    Ok(touch_all(txn, user::Column::Id.eq(id.as_uuid()), now).await? == 1)
}

/// Locks a person until the transaction ends, and reads them.
pub(crate) async fn hold_person(txn: &Transaction, id: UserId) -> Result<User, Failure> {
    txn.query_all(ids().cond_where(user::Column::Id.eq(id.as_uuid())).lock(LockType::Update)).await?;
    // Read after the lock: in one statement, PostgreSQL would read the joined profile as it was before it waited.
    Ok(people::find(txn, id).await?.ok_or(WriteError::Stale)?)
}

/// Refuses when no active admin is left. The caller has taken `Lock::Admins`.
pub(crate) async fn refuse_without_admin(txn: &Transaction) -> Result<(), Failure> {
    if active_admins().one(txn).await?.is_some() { Ok(()) } else { Err(WriteError::LastAdmin.into()) }
}

fn active_admins() -> Select<user::Entity> {
    user::Entity::find().filter(user::Column::Role.eq(Role::Admin.as_str())).filter(user::Column::IsActive.eq(true))
}

/// Updates `updated_at` and the version of many people. Answers how many.
pub(crate) async fn touch_all(txn: &Transaction, who: Expr, now: Timestamp) -> Result<u64, Failure> {
    let update = user::Entity::update_many()
        .col_expr(user::Column::UpdatedAt, now.into())
        .col_expr(user::Column::Version, Expr::col(user::Column::Version).add(1))
        .filter(who);
    Ok(update.exec(txn).await?.rows_affected)
}

/// The row of `users` for a person.
pub(crate) fn user_row(user: &User) -> user::ActiveModel {
    user::ActiveModel {
        id: Set(user.id.as_uuid()),
        role: Set(user.role().to_string()),
        is_active: Set(user.is_active),
        display_name: Set(user.display_name.as_ref().map(ToString::to_string)),
        name_key: Set(name_key(user)),
        verified_at: Set(user.verified_at),
        created_at: Set(user.created_at),
        updated_at: Set(user.updated_at),
        version: Set(user.version),
    }
}

/// The row of `admin_managers` for staff, without the password.
pub(crate) fn staff_row(user: &User, staff: &Staff) -> admin_manager::ActiveModel {
    admin_manager::ActiveModel {
        id: Set(user.id.as_uuid()),
        email: Set(staff.email.to_string()),
        email_key: Set(email_key(&staff.email)),
        password_hash: NotSet,
        tin_trunk_number: Set(staff.tin_trunk_number.as_ref().map(ToString::to_string)),
        verification_method: Set(staff.verification_method.to_string()),
        phone: Set(staff.phone.as_ref().map(ToString::to_string)),
        created_at: Set(user.created_at),
        updated_at: Set(user.updated_at),
    }
}

/// The row of `customers` for a customer.
pub(crate) fn customer_row(user: &User, customer: &Customer) -> customer::ActiveModel {
    customer::ActiveModel {
        id: Set(user.id.as_uuid()),
        phone: Set(customer.phone.to_string()),
        created_by: Set(customer.created_by.as_uuid()),
        assigned_manager_id: Set(customer.assigned_manager_id.map(UserId::as_uuid)),
        metadata: Set(Value::Object(customer.metadata.as_object().clone())),
        name_key: Set(name_key(user)),
        created_at: Set(user.created_at),
        updated_at: Set(user.updated_at),
    }
}

/// The oldest other active admin. The caller has taken `Lock::Admins`.
pub(crate) async fn other_admin(txn: &Transaction, id: UserId) -> Result<Option<Uuid>, Failure> {
    let others = active_admins().filter(user::Column::Id.ne(id.as_uuid())).order_by_asc(user::Column::Id);
    Ok(others.one(txn).await?.map(|admin| admin.id))
}

/// Selects ids of people. The caller adds a condition.
pub(crate) fn ids() -> SelectStatement {
    Query::select().column(user::Column::Id).from(user::Entity).take()
}

/// Selects those of these people who are active managers. All transactions lock people in this order, so that they do
/// not deadlock.
pub(crate) fn active_managers(ids: &[UserId]) -> SelectStatement {
    self::ids()
        .cond_where(user::Column::Id.is_in(ids.iter().map(|id| id.as_uuid())))
        .cond_where(user::Column::Role.eq(Role::Manager.as_str()))
        .cond_where(user::Column::IsActive.eq(true))
        .order_by(user::Column::Id, Order::Asc)
        .take()
}
