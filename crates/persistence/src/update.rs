//! Changing people.

use domain::authority::Authority;
use domain::page::{email_key, name_key};
use domain::store::{RejudgeUpdate, Update, WriteError};
use domain::{Email, Profile, Role, User, UserId};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{LockType, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::Value;

use crate::account_store::{Lock, hold, hold_active_manager};
use crate::entity::{admin_manager, customer, setup_token, user};
use crate::error::Failure;
use crate::session_store::{self, stale_unless};
use crate::store::Store;
use crate::{audit, authority, notice_store, person, proof_store, signup_store};

impl Store {
    pub(crate) async fn update(
        &self,
        by: &Authority,
        update: &Update,
        anew: &RejudgeUpdate<'_>,
    ) -> Result<User, WriteError> {
        let _turn = self.turns.take(update.before.id, self.time_limit).await?;
        self.write(move |txn| async move {
            let needs = Needs::of(update);
            if needs.admins {
                hold(&txn, Lock::Admins).await?;
            }
            authority::hold(&txn, by, Some(update.before.id)).await?;
            if let Some(manager) = needs.manager {
                hold_active_manager(&txn, manager).await?;
            }
            prepare(&txn, update).await?;
            if write(&txn, &update.before, &update.after).await? {
                finish(&txn, update).await?;
                return Ok(update.after.clone());
            }
            let seen = hold_person(&txn, update.before.id).await?;
            let judged = anew(&seen).filter(|judged| needs.cover(&Needs::of(judged)));
            let judged = judged.ok_or(WriteError::Stale)?;
            prepare(&txn, &judged).await?;
            stale_unless(write(&txn, &judged.before, &judged.after).await?)?;
            finish(&txn, &judged).await?;
            Ok(judged.after)
        })
        .await
    }
}

/// What has to be held before the person, in the order that holds everywhere: the named lock, staff, customers.
struct Needs {
    admins: bool,
    manager: Option<UserId>,
}

impl Needs {
    fn of(update: &Update) -> Self {
        let (before, after) = (&update.before, &update.after);
        let admins = before.role() == Role::Admin || after.role() == Role::Admin;
        Self { admins, manager: newly_assigned(before, after) }
    }

    /// Whether the other wants nothing more.
    fn cover(&self, other: &Self) -> bool {
        (self.admins || !other.admins) && (other.manager.is_none() || other.manager == self.manager)
    }
}

/// The person as they are, and stay until the transaction ends.
pub(crate) async fn hold_person(txn: &DatabaseTransaction, id: UserId) -> Result<User, Failure> {
    let mut row = Query::select();
    row.column(user::Column::Id).from(user::Entity).cond_where(user::Column::Id.eq(id.as_uuid()));
    txn.query_all(row.lock(LockType::Update)).await?;
    // Read after that: of joined rows, PostgreSQL would show the others as they were before it waited.
    let mut select = person::select();
    select.cond_where(user::Column::Id.eq(id.as_uuid()));
    let found = person::read_user(txn.query_one(&select).await?.as_ref()).map_err(WriteError::from)?;
    Ok(found.ok_or(WriteError::Stale)?)
}

/// What comes before a change: the proof that it wants, and room for its e-mail.
async fn prepare(txn: &DatabaseTransaction, update: &Update) -> Result<(), Failure> {
    if let Some(proof) = &update.proof {
        proof_store::require(txn, proof).await?;
    }
    if let Some(email) = new_email(&update.before, &update.after) {
        // Boxed: rare, and large.
        Box::pin(signup_store::replace(txn, email, &update.events)).await?;
    }
    Ok(())
}

fn new_email<'a>(before: &User, after: &'a User) -> Option<&'a Email> {
    let email = &after.staff()?.email;
    Some(email).filter(|email| before.staff().is_none_or(|staff| staff.email != **email))
}

/// What goes with a change of somebody whose row is ours now. Who wants to be assigned to them waits, so counts hold.
async fn finish(txn: &DatabaseTransaction, update: &Update) -> Result<(), Failure> {
    let (before, after) = (&update.before, &update.after);
    signup_store::note_approval(txn, before, after).await?;
    if before.role() == Role::Manager && after.role() == Role::Admin {
        refuse_with_customers(txn, before.id).await?;
        setup_token::Entity::delete_many().exec(txn).await?;
    }
    if before.role() == Role::Admin {
        refuse_without_admin(txn).await?;
    }
    if update.ends_sessions {
        session_store::end_all(txn, before.id, None).await?;
    }
    notice_store::tell_of_contact(txn, before, after, &update.events).await?;
    Ok(audit::record_all(txn, &update.events).await?)
}

/// The manager who gets the customer by a change.
pub(crate) fn newly_assigned(before: &User, after: &User) -> Option<UserId> {
    let manager = |user: &User| user.customer().and_then(|customer| customer.assigned_manager_id);
    manager(after).filter(|_| manager(after) != manager(before))
}

/// Writes the person and their profile over the version that was seen. Answers whether they still had it.
async fn write(txn: &DatabaseTransaction, before: &User, after: &User) -> Result<bool, Failure> {
    let id = after.id.as_uuid();
    let row = user::ActiveModel { id: NotSet, created_at: NotSet, ..person::user_row(after) };
    let update = user::Entity::update_many()
        .set(row)
        .filter(user::Column::Id.eq(id))
        .filter(user::Column::Version.eq(before.version));
    if update.exec(txn).await?.rows_affected != 1 {
        return Ok(false);
    }
    let written = match &after.profile {
        Profile::Admin(staff) | Profile::Manager(staff) => {
            let row = admin_manager::ActiveModel {
                email: Set(staff.email.to_string()),
                email_key: Set(email_key(&staff.email)),
                tin_trunk_number: Set(staff.tin_trunk_number.as_ref().map(ToString::to_string)),
                verification_method: Set(staff.verification_method.to_string()),
                phone: Set(staff.phone.as_ref().map(ToString::to_string)),
                updated_at: Set(after.updated_at),
                ..Default::default()
            };
            admin_manager::Entity::update_many().set(row).filter(admin_manager::Column::Id.eq(id)).exec(txn).await?
        }
        Profile::Customer(customer) => {
            let row = customer::ActiveModel {
                phone: Set(customer.phone.to_string()),
                assigned_manager_id: Set(customer.assigned_manager_id.map(UserId::as_uuid)),
                metadata: Set(Value::Object(customer.metadata.as_object().clone())),
                name_key: Set(name_key(after)),
                updated_at: Set(after.updated_at),
                ..Default::default()
            };
            customer::Entity::update_many().set(row).filter(customer::Column::Id.eq(id)).exec(txn).await?
        }
    };
    stale_unless(written.rows_affected == 1)?;
    Ok(true)
}

/// Somebody with customers stays a manager.
pub(crate) async fn refuse_with_customers(txn: &DatabaseTransaction, manager: UserId) -> Result<(), Failure> {
    let assigned = customer::Entity::find().filter(customer::Column::AssignedManagerId.eq(manager.as_uuid()));
    match assigned.count(txn).await? {
        0 => Ok(()),
        count => Err(WriteError::HasCustomers(count).into()),
    }
}

/// For those who have changed an admin under [`Lock::Admins`].
pub(crate) async fn refuse_without_admin(txn: &DatabaseTransaction) -> Result<(), Failure> {
    let active = user::Entity::find()
        .filter(user::Column::Role.eq(Role::Admin.as_str()))
        .filter(user::Column::IsActive.eq(true));
    if active.one(txn).await?.is_some() { Ok(()) } else { Err(WriteError::LastAdmin.into()) }
}
