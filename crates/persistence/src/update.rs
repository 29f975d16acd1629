//! Changing people.

use domain::page::{email_key, name_key};
use domain::store::{Update, WriteError};
use domain::{Email, Profile, Role, User, UserId};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::Value;

use crate::account_store::{Lock, hold, hold_active_manager};
use crate::entity::{admin_manager, customer, setup_token, user};
use crate::error::Failure;
use crate::session_store::{self, stale_unless};
use crate::store::Store;
use crate::{audit, notice_store, person, proof_store, signup_store};

impl Store {
    pub(crate) async fn update(&self, update: &Update) -> Result<(), WriteError> {
        self.write(move |txn| async move {
            let (before, after) = (&update.before, &update.after);
            let (was_admin, is_admin) = (before.role() == Role::Admin, after.role() == Role::Admin);
            // Locks of several rows are taken in one order everywhere: the named one, staff, customers.
            if was_admin || is_admin {
                hold(&txn, Lock::Admins).await?;
            }
            if let Some(manager) = newly_assigned(before, after) {
                hold_active_manager(&txn, manager).await?;
            }
            if let Some(proof) = &update.proof {
                proof_store::require(&txn, proof).await?;
            }
            if let Some(email) = new_email(before, after) {
                // Boxed: rare, and large.
                Box::pin(signup_store::replace(&txn, email, &update.events)).await?;
            }
            write(&txn, before, after).await?;
            signup_store::note_approval(&txn, before, after).await?;
            // The person's row is ours now: who wants to be assigned to them waits, so the count holds.
            if before.role() == Role::Manager && is_admin {
                refuse_with_customers(&txn, before.id).await?;
                setup_token::Entity::delete_many().exec(&*txn).await?;
            }
            if was_admin {
                refuse_without_admin(&txn).await?;
            }
            if update.ends_sessions {
                session_store::end_all(&txn, before.id, None).await?;
            }
            notice_store::tell_of_contact(&txn, before, after, &update.events).await?;
            Ok(audit::record_all(&txn, &update.events).await?)
        })
        .await
    }
}

fn new_email<'a>(before: &User, after: &'a User) -> Option<&'a Email> {
    let email = &after.staff()?.email;
    Some(email).filter(|email| before.staff().is_none_or(|staff| staff.email != **email))
}

/// The manager who gets the customer by a change.
pub(crate) fn newly_assigned(before: &User, after: &User) -> Option<UserId> {
    let manager = |user: &User| user.customer().and_then(|customer| customer.assigned_manager_id);
    manager(after).filter(|_| manager(after) != manager(before))
}

/// Writes the person and their profile over the version that the caller saw.
async fn write(txn: &DatabaseTransaction, before: &User, after: &User) -> Result<(), Failure> {
    let id = after.id.as_uuid();
    let row = user::ActiveModel { id: NotSet, created_at: NotSet, ..person::user_row(after) };
    let update = user::Entity::update_many()
        .set(row)
        .filter(user::Column::Id.eq(id))
        .filter(user::Column::Version.eq(before.version));
    stale_unless(update.exec(txn).await?.rows_affected == 1)?;
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
    stale_unless(written.rows_affected == 1)
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
