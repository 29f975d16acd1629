//! `users` with `admin_managers` and `customers`: three tables in the database, one [`User`] in the domain.

use domain::page::{email_key, name_key};
use domain::store::{Credentials, StoreError, WriteError};
use domain::{
    Customer, DisplayName, Metadata, PasswordHash, Phone, Profile, Role, Staff, Timestamp, TrunkNumber, User, UserId,
};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, ExprTrait, IntoIden, JoinType, LockType, Order, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, Iden, Iterable, QueryFilter, QueryOrder, QueryResult,
    Select,
};
use serde_json::Value;
use uuid::Uuid;

use crate::entity::{admin_manager, customer, user};
use crate::error::{Failure, Inconsistency, store_error};
use crate::sql::row_locks::keep;
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
    Ok(find(txn, id).await?.ok_or(WriteError::Stale)?)
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

/// The rows of one person.
pub(crate) struct Person {
    user: user::Model,
    admin_manager: Option<admin_manager::Model>,
    customer: Option<customer::Model>,
}

/// Everything about people, in one query. `users` still wants its condition.
pub(crate) fn select() -> SelectStatement {
    let mut select = Query::select();
    select.from(user::Entity);
    join_profiles(&mut select);
    columns(&mut select);
    select
}

/// Joins both profiles, of which each person has one.
pub(crate) fn join_profiles(select: &mut SelectStatement) {
    let id = || Expr::col((user::Entity, user::Column::Id));
    select
        .join(
            JoinType::LeftJoin,
            admin_manager::Entity,
            id().equals((admin_manager::Entity, admin_manager::Column::Id)),
        )
        .join(JoinType::LeftJoin, customer::Entity, id().equals((customer::Entity, customer::Column::Id)));
}

/// Selects the columns that [`Person::read`] reads.
pub(crate) fn columns(select: &mut SelectStatement) {
    prefixed::<user::Entity>(select, "u_");
    prefixed::<admin_manager::Entity>(select, "a_");
    prefixed::<customer::Entity>(select, "c_");
}

fn prefixed<E: EntityTrait + Default>(select: &mut SelectStatement, prefix: &str) {
    for column in E::Column::iter() {
        let alias = format!("{prefix}{}", column.unquoted());
        select.expr_as(Expr::col((E::default(), column.into_iden())), alias);
    }
}

impl Person {
    pub(crate) fn read(row: &QueryResult) -> Result<Self, StoreError> {
        Self::try_read(row).map_err(|error| store_error(&error))
    }

    fn try_read(row: &QueryResult) -> Result<Self, sea_orm::DbErr> {
        let has = |prefix| row.try_get::<Option<uuid::Uuid>>(prefix, "id").map(|id| id.is_some());
        Ok(Self {
            user: user::Model::from_query_result(row, "u_")?,
            admin_manager: has("a_")?.then(|| admin_manager::Model::from_query_result(row, "a_")).transpose()?,
            customer: has("c_")?.then(|| customer::Model::from_query_result(row, "c_")).transpose()?,
        })
    }

    pub(crate) fn into_user(self) -> Result<User, Inconsistency> {
        let wrong = Inconsistency::of("users", self.user.id);
        let profile = match (&*self.user.role, self.admin_manager, self.customer) {
            ("admin", Some(row), None) => Profile::Admin(staff(&row)?),
            ("manager", Some(row), None) => Profile::Manager(staff(&row)?),
            ("customer", None, Some(row)) => Profile::Customer(customer(row)?),
            ("admin" | "manager" | "customer", ..) => return Err(wrong("the profile is not the one of the role")),
            _ => return Err(wrong("unknown role")),
        };
        let name = self.user.display_name.as_deref().map(DisplayName::parse_optional).transpose().map(Option::flatten);
        Ok(User {
            id: self.user.id.into(),
            profile,
            display_name: name.map_err(|_| wrong("invalid display_name"))?,
            is_active: self.user.is_active,
            verified_at: self.user.verified_at,
            created_at: self.user.created_at,
            updated_at: self.user.updated_at,
            version: self.user.version,
        })
    }

    pub(crate) fn into_credentials(self) -> Result<Credentials, Inconsistency> {
        let hash = self.admin_manager.as_ref().map(|row| row.password_hash.clone()).unwrap_or_default();
        Ok(Credentials { user: self.into_user()?, password_hash: PasswordHash::from_stored(hash) })
    }
}

/// Reads a row of [`select`], if there is one.
pub(crate) fn read_user(row: Option<&QueryResult>) -> Result<Option<User>, StoreError> {
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Person::read(row)?.into_user()?))
}

/// A person as the transaction sees them.
pub(crate) async fn find(txn: &Transaction, id: UserId) -> Result<Option<User>, Failure> {
    let mut select = select();
    select.cond_where(user::Column::Id.eq(id.as_uuid()));
    let row = txn.query_one(&select).await?;
    Ok(read_user(row.as_ref()).map_err(WriteError::from)?)
}

fn staff(row: &admin_manager::Model) -> Result<Staff, Inconsistency> {
    let wrong = Inconsistency::of("admin_managers", row.id);
    let phone = row.phone.as_deref().map(Phone::parse).transpose();
    let trunk = row.tin_trunk_number.as_deref().map(TrunkNumber::parse_optional).transpose().map(Option::flatten);
    Ok(Staff {
        email: domain::Email::from_stored(&row.email).map_err(|_| wrong("invalid email"))?,
        phone: phone.map_err(|_| wrong("invalid phone"))?,
        tin_trunk_number: trunk.map_err(|_| wrong("invalid tin_trunk_number"))?,
        verification_method: row.verification_method.parse().map_err(|_| wrong("unknown verification_method"))?,
    })
}

fn customer(row: customer::Model) -> Result<Customer, Inconsistency> {
    let wrong = Inconsistency::of("customers", row.id);
    let Value::Object(metadata) = row.metadata else { return Err(wrong("metadata is no object")) };
    Ok(Customer {
        phone: Phone::parse(&row.phone).map_err(|_| wrong("invalid phone"))?,
        created_by: row.created_by.into(),
        assigned_manager_id: row.assigned_manager_id.map(Into::into),
        metadata: Metadata::parse(metadata).map_err(|_| wrong("invalid metadata"))?,
    })
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
