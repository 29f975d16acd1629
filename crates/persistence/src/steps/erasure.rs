//! Erasing a person.

use domain::actor::Authority;
use domain::store::{Erasure, WriteError};
use domain::{Role, Timestamp, User, UserId};
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::entity::{challenge, customer, user};
use crate::error::{Failure, not_deleted, stale_unless};
use crate::sql::row_locks::keep;
use crate::tables::locks::{self, Lock};
use crate::tables::{audit_events, authority, challenges, profiles, users};
use crate::transaction::Transaction;

/// Erases a person, with everything that an erasure includes.
pub(crate) async fn erase(txn: &Transaction, by: &Authority, erasure: &Erasure) -> Result<(), Failure> {
    let now = erasure.event.at;
    let (user, heir) = hold_erasable(txn, by, erasure).await?;
    let left = bequeath(txn, heir, entered_by(user.id), now).await?;
    remove(txn, &user).await?;
    let event = if left > 0 { erasure.event_of_heir(heir.map(UserId::from)) } else { erasure.event.clone() };
    Ok(audit_events::record(txn, &event).await?)
}

/// Removes a person to whom no row refers, and blanks what the audit trail says about them.
pub(crate) async fn remove(txn: &Transaction, user: &User) -> Result<(), Failure> {
    delete(txn, user).await?;
    audit_events::blank_events(txn, user.id).await
}

/// Makes sure that the person may be erased. Answers the person as they are now, and the user who inherits the
/// customers whom they entered. Both stay as they are until the transaction ends.
pub(crate) async fn hold_erasable(
    txn: &Transaction,
    by: &Authority,
    erasure: &Erasure,
) -> Result<(User, Option<Uuid>), Failure> {
    let is_admin = erasure.user.role() == Role::Admin;
    if is_admin {
        locks::hold(txn, Lock::Admins).await?;
    }
    authority::hold(txn, by, Some(erasure.user.id)).await?;
    // The heir is an admin, and staff are locked before customers everywhere. So the heir comes before the person.
    let heir = hold_heir(txn, erasure).await?;
    let user = hold_seen(txn, erasure).await?;
    profiles::refuse_with_customers(txn, user.id).await?;
    if is_admin && user.is_active && users::other_admin(txn, user.id).await?.is_none() {
        return Err(WriteError::LastAdmin.into());
    }
    Ok((user, heir))
}

/// Locks the person's row, if it still has the expected version. Until the transaction ends, no new row can refer to
/// it, not even a customer whom the person enters.
async fn hold_seen(txn: &Transaction, erasure: &Erasure) -> Result<User, Failure> {
    let seen = &erasure.user;
    let user = users::hold_person(txn, seen.id).await?;
    stale_unless(user.version == seen.version || !erasure.is_of_version)?;
    // Another role would need other locks.
    stale_unless(user.role() == seen.role())?;
    Ok(user)
}

/// The user who inherits. They are not erased before the transaction ends.
async fn hold_heir(txn: &Transaction, erasure: &Erasure) -> Result<Option<Uuid>, Failure> {
    let user = &erasure.user;
    if let Some(named) = erasure.heir.filter(|heir| *heir != user.id) {
        let heir = users::ids().cond_where(user::Column::Id.eq(named.as_uuid())).take();
        if !keep(txn, heir).await?.is_empty() {
            return Ok(Some(named.as_uuid()));
        }
    }
    if user.role() != Role::Admin {
        locks::hold(txn, Lock::Admins).await?;
    }
    users::other_admin(txn, user.id).await
}

/// The customers whom the person entered, except the person.
pub(crate) fn entered_by(id: UserId) -> Condition {
    let by_them = customer::Column::CreatedBy.eq(id.as_uuid());
    Condition::all().add(by_them).add(customer::Column::Id.ne(id.as_uuid()))
}

/// Changes who entered these customers: the heir, or each customer themselves when there is no heir. Answers how many.
pub(crate) async fn bequeath(
    txn: &Transaction,
    heir: Option<Uuid>,
    customers: Condition,
    now: Timestamp,
) -> Result<u64, Failure> {
    let ids = Query::select().column(customer::Column::Id).from(customer::Entity).cond_where(customers.clone()).take();
    users::touch_all(txn, user::Column::Id.in_subquery(ids), now).await?;
    let update = customer::Entity::update_many()
        .col_expr(customer::Column::CreatedBy, heir.map_or_else(|| Expr::col(customer::Column::Id), Expr::from))
        .col_expr(customer::Column::UpdatedAt, now.into())
        .filter(customers);
    Ok(update.exec(txn).await?.rows_affected)
}

/// Deletes the person's rows. Foreign keys delete their sessions, their API keys, their challenges and the messages of
/// those.
async fn delete(txn: &Transaction, user: &User) -> Result<(), Failure> {
    challenge::Entity::delete_many().filter(challenges::of_nobody(user)).exec(txn).await?;
    // The profile comes first: a customer who signed up was entered by themselves, and that reference would keep their
    // row from being deleted.
    customer::Entity::delete_by_id(user.id.as_uuid()).exec(txn).await.map_err(not_deleted)?;
    user::Entity::delete_by_id(user.id.as_uuid()).exec(txn).await.map_err(not_deleted)?;
    Ok(())
}
