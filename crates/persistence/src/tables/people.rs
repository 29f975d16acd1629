//! What is read of people: a row of `users` with the profile, by the position of each column.
//!
//! [`columns`] and [`Row::read`] name the same columns in the same order. A look-up by name would cost more than all that
//! is done with the value, for each of sixteen columns of each row.

use std::borrow::Cow;

use domain::store::{Credentials, StoreError, WriteError};
use domain::{
    Customer, DisplayName, Email, Metadata, PasswordHash, Phone, Profile, Staff, Timestamp, TrunkNumber, User, UserId,
};
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, QueryResult};
use serde_json::Value;
use uuid::Uuid;

use crate::cells::{Cell, Cells, FromCells, unreadable};
use crate::entity::{admin_manager, customer, user};
use crate::error::{Failure, Inconsistency, store_error};
use crate::transaction::Transaction;

/// Everything that is shown of people, in one query. `users` still wants its condition.
pub(crate) fn select() -> SelectStatement {
    let mut select = Query::select();
    select.from(user::Entity);
    join_staff(&mut select);
    join_customers(&mut select);
    columns(&mut select, true);
    select
}

/// The same with the hash of their password, for [`Credentials`].
pub(crate) fn select_with_password() -> SelectStatement {
    select().column((admin_manager::Entity, admin_manager::Column::PasswordHash)).take()
}

/// Joins the profile of staff, if they are staff.
pub(crate) fn join_staff(select: &mut SelectStatement) {
    let is_staff = user_id().equals((admin_manager::Entity, admin_manager::Column::Id));
    select.join(JoinType::LeftJoin, admin_manager::Entity, is_staff);
}

/// Joins the profile of customers, if they are one.
pub(crate) fn join_customers(select: &mut SelectStatement) {
    let is_customer = user_id().equals((customer::Entity, customer::Column::Id));
    select.join(JoinType::LeftJoin, customer::Entity, is_customer);
}

pub(crate) fn user_id() -> Expr {
    Expr::col((user::Entity, user::Column::Id))
}

/// Selects what [`read`] reads. Where nobody can be staff, their profile need not be joined.
pub(crate) fn columns(select: &mut SelectStatement, with_staff: bool) {
    use admin_manager::Column as Staff;
    use customer::Column as Customer;
    use user::Column as User;
    let of_all = [
        User::Id,
        User::Role,
        User::IsActive,
        User::DisplayName,
        User::VerifiedAt,
        User::CreatedAt,
        User::UpdatedAt,
        User::Version,
    ];
    select.columns(of_all.map(|column| (user::Entity, column)));
    // The names differ from those of customers: MariaDB wants that in a subquery.
    let of_staff = [
        (Staff::Email, "staff_email"),
        (Staff::Phone, "staff_phone"),
        (Staff::TinTrunkNumber, "staff_trunk"),
        (Staff::VerificationMethod, "staff_method"),
    ];
    for (column, name) in of_staff {
        let value = if with_staff { Expr::col((admin_manager::Entity, column)) } else { Expr::cust("NULL") };
        select.expr_as(value, name);
    }
    let of_customers = [Customer::Phone, Customer::CreatedBy, Customer::AssignedManagerId, Customer::Metadata];
    select.columns(of_customers.map(|column| (customer::Entity, column)));
}

/// How many columns [`columns`] selects.
pub(crate) const COLUMNS: usize = 16;

/// Reads a person from a row that begins with [`columns`].
pub(crate) fn read(row: &impl Cells) -> Result<User, StoreError> {
    Ok(Row::read(row).map_err(|error| store_error(&error))?.into_user()?)
}

/// The same of a row that may be missing.
pub(crate) fn read_user(row: Option<&QueryResult>) -> Result<Option<User>, StoreError> {
    row.map(read).transpose()
}

impl FromCells for User {
    fn read(row: &impl Cells) -> Result<Self, StoreError> {
        read(row)
    }
}

impl FromCells for Credentials {
    /// Reads a row of [`select_with_password`]. Who has no password has a hash that none fits.
    fn read(row: &impl Cells) -> Result<Self, StoreError> {
        let hash: Option<String> = row.cell(COLUMNS).map_err(|error| store_error(&error))?;
        Ok(Self { user: read(row)?, password_hash: PasswordHash::from_stored(hash.unwrap_or_default()) })
    }
}

/// A person as the transaction sees them.
pub(crate) async fn find(txn: &Transaction, id: UserId) -> Result<Option<User>, Failure> {
    let mut select = select();
    select.cond_where(user::Column::Id.eq(id.as_uuid()));
    let row = txn.query_one(&select).await?;
    Ok(read_user(row.as_ref()).map_err(WriteError::from)?)
}

/// The columns of a person. A profile is there if a column of it is that cannot be NULL.
struct Row<'r> {
    id: Uuid,
    role: Cow<'r, str>,
    is_active: bool,
    display_name: Option<Cow<'r, str>>,
    verified_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
    version: i64,
    staff: Option<StaffRow<'r>>,
    customer: Option<CustomerRow<'r>>,
}

struct StaffRow<'r> {
    email: Cow<'r, str>,
    phone: Option<Cow<'r, str>>,
    trunk: Option<Cow<'r, str>>,
    method: Cow<'r, str>,
}

struct CustomerRow<'r> {
    phone: Cow<'r, str>,
    created_by: Uuid,
    assigned_manager_id: Option<Uuid>,
    metadata: Value,
}

/// Reads one column after the other.
struct Columns<'r, R> {
    row: &'r R,
    at: usize,
}

impl<'r, R: Cells> Columns<'r, R> {
    fn next<T: Cell>(&mut self) -> Result<T, DbErr> {
        let value = self.row.cell(self.at);
        self.at += 1;
        value
    }

    fn next_text(&mut self) -> Result<Option<Cow<'r, str>>, DbErr> {
        let text = self.row.text(self.at);
        self.at += 1;
        text
    }

    /// The same where it must be there.
    fn some_text(&mut self) -> Result<Cow<'r, str>, DbErr> {
        let at = self.at;
        self.next_text()?.ok_or_else(|| unreadable(at))
    }

    fn skip(&mut self, columns: usize) {
        self.at += columns;
    }
}

impl<'r> Row<'r> {
    fn read(row: &'r impl Cells) -> Result<Self, DbErr> {
        let mut columns = Columns { row, at: 0 };
        Ok(Self {
            id: columns.next()?,
            role: columns.some_text()?,
            is_active: columns.next()?,
            display_name: columns.next_text()?,
            verified_at: columns.next()?,
            created_at: columns.next()?,
            updated_at: columns.next()?,
            version: columns.next()?,
            staff: StaffRow::read(&mut columns)?,
            customer: CustomerRow::read(&mut columns)?,
        })
    }

    fn into_user(self) -> Result<User, Inconsistency> {
        let wrong = Inconsistency::of("users", self.id);
        let profile = match (&*self.role, self.staff, self.customer) {
            ("admin", Some(row), None) => Profile::Admin(row.into_staff(self.id)?),
            ("manager", Some(row), None) => Profile::Manager(row.into_staff(self.id)?),
            ("customer", None, Some(row)) => Profile::Customer(row.into_customer(self.id)?),
            ("admin" | "manager" | "customer", ..) => return Err(wrong("the profile is not the one of the role")),
            _ => return Err(wrong("unknown role")),
        };
        let name = self.display_name.as_deref().map(DisplayName::parse_optional).transpose().map(Option::flatten);
        Ok(User {
            id: self.id.into(),
            profile,
            display_name: name.map_err(|_| wrong("invalid display_name"))?,
            is_active: self.is_active,
            verified_at: self.verified_at,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
        })
    }
}

impl<'r> StaffRow<'r> {
    fn read(columns: &mut Columns<'r, impl Cells>) -> Result<Option<Self>, DbErr> {
        let Some(email) = columns.next_text()? else {
            columns.skip(3);
            return Ok(None);
        };
        let (phone, trunk) = (columns.next_text()?, columns.next_text()?);
        Ok(Some(Self { email, phone, trunk, method: columns.some_text()? }))
    }

    fn into_staff(self, id: Uuid) -> Result<Staff, Inconsistency> {
        let wrong = Inconsistency::of("admin_managers", id);
        let phone = self.phone.as_deref().map(Phone::parse).transpose();
        let trunk = self.trunk.as_deref().map(TrunkNumber::parse_optional).transpose().map(Option::flatten);
        Ok(Staff {
            email: Email::from_stored(&self.email).map_err(|_| wrong("invalid email"))?,
            phone: phone.map_err(|_| wrong("invalid phone"))?,
            tin_trunk_number: trunk.map_err(|_| wrong("invalid tin_trunk_number"))?,
            verification_method: self.method.parse().map_err(|_| wrong("unknown verification_method"))?,
        })
    }
}

impl<'r> CustomerRow<'r> {
    fn read(columns: &mut Columns<'r, impl Cells>) -> Result<Option<Self>, DbErr> {
        let Some(phone) = columns.next_text()? else {
            columns.skip(3);
            return Ok(None);
        };
        Ok(Some(Self {
            phone,
            created_by: columns.next()?,
            assigned_manager_id: columns.next()?,
            metadata: columns.next()?,
        }))
    }

    fn into_customer(self, id: Uuid) -> Result<Customer, Inconsistency> {
        let wrong = Inconsistency::of("customers", id);
        let Value::Object(metadata) = self.metadata else { return Err(wrong("metadata is no object")) };
        Ok(Customer {
            phone: Phone::parse(&self.phone).map_err(|_| wrong("invalid phone"))?,
            created_by: self.created_by.into(),
            assigned_manager_id: self.assigned_manager_id.map(Into::into),
            metadata: Metadata::from_stored(metadata),
        })
    }
}
