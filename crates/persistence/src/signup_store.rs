//! Sign-ups that nobody has approved yet.

use domain::Authority;
use domain::audit::{Event, EventKind};
use domain::store::{Account, Erasure, StoreError, WriteError};
use domain::{Email, Timestamp, User};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, LockType, Order, Query};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::account_store::{Lock, hold};
use crate::entity::{admin_manager, signup, user};
use crate::error::Failure;
use crate::person::{self, Person};
use crate::session_store::stale_unless;
use crate::store::Store;
use crate::{audit, erasure};

impl Store {
    pub(crate) async fn unapproved(&self, before: Timestamp, limit: u64) -> Result<Vec<User>, StoreError> {
        let is_theirs = Expr::col((user::Entity, user::Column::Id)).equals((signup::Entity, signup::Column::UserId));
        let mut select = person::select();
        select
            .join(JoinType::InnerJoin, signup::Entity, is_theirs)
            .cond_where(signup::Column::RequestedAt.lt(before))
            .order_by((signup::Entity, signup::Column::RequestedAt), Order::Asc)
            .order_by((signup::Entity, signup::Column::UserId), Order::Asc)
            .limit(limit);
        let rows = self.all(&select).await?;
        rows.iter().map(|row| Ok(Person::read(row)?.into_user()?)).collect()
    }

    pub(crate) async fn forget(&self, erasure: &Erasure) -> Result<(), WriteError> {
        self.write(move |txn| async move {
            let id = erasure.user.id.as_uuid();
            // Whoever makes an admin of them takes these in the same order.
            hold(&txn, Lock::Admins).await?;
            // The person before what is theirs, as everywhere: whoever approves them has this row first.
            user::Entity::find_by_id(id).lock(LockType::Update).one(&*txn).await?;
            stale_unless(is_unapproved(&txn, id).await?)?;
            erasure::erase_in(&txn, &Authority::Unconditional, erasure).await
        })
        .await
    }

    /// Whether somebody has the e-mail who is no sign-up that waits.
    pub(crate) async fn has_email(&self, email: &Email) -> Result<bool, StoreError> {
        let waiting = Query::select().column(signup::Column::UserId).from(signup::Entity).take();
        let select = Query::select()
            .column(admin_manager::Column::Id)
            .from(admin_manager::Entity)
            .cond_where(admin_manager::Column::Email.eq(email.as_str()))
            .cond_where(admin_manager::Column::Id.not_in_subquery(waiting))
            .take();
        Ok(self.one(&select).await?.is_some())
    }
}

/// Reads the latest state, which nobody changes before the end of the transaction.
async fn is_unapproved(txn: &DatabaseTransaction, id: Uuid) -> Result<bool, Failure> {
    Ok(signup::Entity::find_by_id(id).lock(LockType::Update).one(txn).await?.is_some())
}

/// Erases the sign-up that has this e-mail and waits, for whoever has the e-mail for sure.
pub(crate) async fn replace(txn: &DatabaseTransaction, email: &Email, events: &[Event]) -> Result<(), Failure> {
    let found = admin_manager::Entity::find().filter(admin_manager::Column::Email.eq(email.as_str())).one(txn).await?;
    let (Some(found), Some(event)) = (found, events.first()) else { return Ok(()) };
    user::Entity::find_by_id(found.id).lock(LockType::Update).one(txn).await?;
    if !is_unapproved(txn, found.id).await? {
        return Ok(());
    }
    if let Some(user) = person::find(txn, found.id.into()).await? {
        erasure::remove(txn, &user).await?;
        audit::record(txn, &event.following(EventKind::UserErased, user.id)).await?;
    }
    Ok(())
}

/// Notes that somebody who was entered waits for an admin, if so.
pub(crate) async fn note(txn: &DatabaseTransaction, account: &Account) -> Result<(), Failure> {
    if !account.awaits_approval {
        return Ok(());
    }
    let row =
        signup::ActiveModel { user_id: Set(account.user.id.as_uuid()), requested_at: Set(account.user.created_at) };
    signup::Entity::insert(row).exec_without_returning(txn).await?;
    Ok(())
}

/// Whoever is let in, or has another role by an admin's hand, is no sign-up any more.
pub(crate) async fn note_approval(txn: &DatabaseTransaction, before: &User, after: &User) -> Result<(), Failure> {
    if (after.is_active && !before.is_active) || before.role() != after.role() {
        signup::Entity::delete_by_id(after.id.as_uuid()).exec(txn).await?;
    }
    Ok(())
}
