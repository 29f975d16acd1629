//! The end of a person's record.

use domain::audit::{Changes, blanked};
use domain::authority::Authority;
use domain::store::{Erasure, WriteError};
use domain::{Role, Timestamp, User, UserId};
use sea_orm::sea_query::{CaseStatement, Expr, Query};
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::account_store::{Lock, hold};
use crate::entity::{audit_event, challenge, customer, user};
use crate::error::{Failure, Inconsistency, not_deleted};
use crate::handover::touch_all;
use crate::session_store::stale_unless;
use crate::store::Store;
use crate::update::{hold_person, refuse_with_customers};
use crate::{audit, authority, challenge_store};

mod ahead;

/// How many audit entries are blanked by one statement.
const ENTRIES: u64 = 100;

impl Store {
    pub(crate) async fn erase(&self, by: &Authority, erasure: &Erasure) -> Result<(), WriteError> {
        self.write(move |txn| async move { erase_in(&txn, by, erasure).await }).await
    }
}

/// All of an erasure.
pub(crate) async fn erase_in(txn: &DatabaseTransaction, by: &Authority, erasure: &Erasure) -> Result<(), Failure> {
    let now = erasure.event.at;
    let (user, heir) = hold_erasable(txn, by, erasure).await?;
    let left = bequeath(txn, heir, entered_by(user.id), now).await?;
    remove(txn, &user).await?;
    let event = if left > 0 { erasure.event_of_heir(heir.map(UserId::from)) } else { erasure.event.clone() };
    Ok(audit::record(txn, &event).await?)
}

/// Takes out a person to whom nobody refers, and what the audit trail says of them.
pub(crate) async fn remove(txn: &DatabaseTransaction, user: &User) -> Result<(), Failure> {
    delete(txn, user).await?;
    blank_events(txn, user.id).await
}

/// Makes sure that the person may go, and answers who they are by now and who inherits. Both stay as they are before
/// the transaction ends.
async fn hold_erasable(
    txn: &DatabaseTransaction,
    by: &Authority,
    erasure: &Erasure,
) -> Result<(User, Option<Uuid>), Failure> {
    let is_admin = erasure.user.role() == Role::Admin;
    if is_admin {
        hold(txn, Lock::Admins).await?;
    }
    authority::hold(txn, by, Some(erasure.user.id)).await?;
    // An admin, and so before whoever is erased: staff are locked before customers everywhere.
    let heir = hold_heir(txn, erasure).await?;
    let user = hold_seen(txn, erasure).await?;
    refuse_with_customers(txn, user.id).await?;
    if is_admin && user.is_active && other_admin(txn, user.id).await?.is_none() {
        return Err(WriteError::LastAdmin.into());
    }
    Ok((user, heir))
}

/// Takes the person's row, if it still is in the version that is asked for. Nobody can
/// refer to it before the transaction ends, not even by a customer they enter.
async fn hold_seen(txn: &DatabaseTransaction, erasure: &Erasure) -> Result<User, Failure> {
    let seen = &erasure.user;
    let user = hold_person(txn, seen.id).await?;
    stale_unless(user.version == seen.version || !erasure.is_of_version)?;
    // Of another role, they want other locks.
    stale_unless(user.role() == seen.role())?;
    Ok(user)
}

/// Who inherits, and is not erased before the transaction ends.
async fn hold_heir(txn: &DatabaseTransaction, erasure: &Erasure) -> Result<Option<Uuid>, Failure> {
    let user = &erasure.user;
    if let Some(named) = erasure.heir.filter(|heir| *heir != user.id) {
        let heir = Query::select()
            .column(user::Column::Id)
            .from(user::Entity)
            .cond_where(user::Column::Id.eq(named.as_uuid()))
            .take();
        if !authority::keep(txn, heir).await?.is_empty() {
            return Ok(Some(named.as_uuid()));
        }
    }
    if user.role() != Role::Admin {
        hold(txn, Lock::Admins).await?;
    }
    other_admin(txn, user.id).await
}

/// Those whom the person entered, themselves excepted.
fn entered_by(id: UserId) -> Condition {
    let by_them = customer::Column::CreatedBy.eq(id.as_uuid());
    Condition::all().add(by_them).add(customer::Column::Id.ne(id.as_uuid()))
}

/// These customers were entered by the heir; where there is none, by themselves. Answers how many.
async fn bequeath(
    txn: &DatabaseTransaction,
    heir: Option<Uuid>,
    customers: Condition,
    now: Timestamp,
) -> Result<u64, Failure> {
    let ids = Query::select().column(customer::Column::Id).from(customer::Entity).cond_where(customers.clone()).take();
    touch_all(txn, user::Column::Id.in_subquery(ids), now).await?;
    let update = customer::Entity::update_many()
        .col_expr(customer::Column::CreatedBy, heir.map_or_else(|| Expr::col(customer::Column::Id), Expr::from))
        .col_expr(customer::Column::UpdatedAt, now.into())
        .filter(customers);
    Ok(update.exec(txn).await?.rows_affected)
}

/// For those who hold [`Lock::Admins`].
async fn other_admin(txn: &DatabaseTransaction, id: UserId) -> Result<Option<Uuid>, Failure> {
    let admin = user::Entity::find()
        .filter(user::Column::Role.eq(Role::Admin.as_str()))
        .filter(user::Column::IsActive.eq(true))
        .filter(user::Column::Id.ne(id.as_uuid()))
        .order_by_asc(user::Column::Id)
        .one(txn)
        .await?;
    Ok(admin.map(|admin| admin.id))
}

/// The person's rows. Their sessions and challenges, and the messages of those, go with them by their foreign keys.
async fn delete(txn: &DatabaseTransaction, user: &User) -> Result<(), Failure> {
    challenge::Entity::delete_many().filter(challenge_store::of_nobody(user)).exec(txn).await?;
    // Before the person: a customer who signed up was entered by themselves, which would hold them back.
    customer::Entity::delete_by_id(user.id.as_uuid()).exec(txn).await.map_err(not_deleted)?;
    user::Entity::delete_by_id(user.id.as_uuid()).exec(txn).await.map_err(not_deleted)?;
    Ok(())
}

/// The entries whose address is the person's: of what they did, and of what nobody signed in did to their account, who
/// most likely was they.
fn acted_from(id: UserId) -> [Condition; 2] {
    let by_them = Condition::all().add(audit_event::Column::ActorId.eq(id.as_uuid()));
    let about_them = Condition::all().add(audit_event::Column::SubjectId.eq(id.as_uuid()));
    [by_them, about_them.add(audit_event::Column::ActorId.is_null())]
        .map(|acted| acted.add(audit_event::Column::Address.is_not_null()))
}

async fn blank_addresses(txn: &DatabaseTransaction, events: Condition) -> Result<(), Failure> {
    audit_event::Entity::update_many()
        .col_expr(audit_event::Column::Address, Option::<String>::None.into())
        .filter(events)
        .exec(txn)
        .await?;
    Ok(())
}

/// Takes personal values out of the audit trail: what is said about the person, and from where they acted.
async fn blank_events(txn: &DatabaseTransaction, id: UserId) -> Result<(), Failure> {
    let is_about = || audit_event::Column::SubjectId.eq(id.as_uuid());
    for acted in acted_from(id) {
        blank_addresses(txn, acted).await?;
    }
    let mut after = Uuid::nil();
    loop {
        let events = audit_event::Entity::find()
            .select_only()
            .columns([audit_event::Column::Id, audit_event::Column::Changes])
            .filter(is_about())
            .filter(audit_event::Column::Id.gt(after))
            .order_by_asc(audit_event::Column::Id)
            .limit(ENTRIES)
            .into_tuple::<(Uuid, serde_json::Value)>()
            .all(txn)
            .await?;
        let Some((last, _)) = events.last() else { return Ok(()) };
        after = *last;
        blank_changes(txn, events).await?;
    }
}

/// One statement for all of these, each with what is left of its own changes.
async fn blank_changes(txn: &DatabaseTransaction, events: Vec<(Uuid, serde_json::Value)>) -> Result<(), Failure> {
    let mut ids = Vec::new();
    let mut blank = CaseStatement::new();
    for (id, changes) in events {
        if let Some(changes) = without_personal_values(id, changes)? {
            blank = blank.case(audit_event::Column::Id.eq(id), Expr::from(changes));
            ids.push(id);
        }
    }
    if ids.is_empty() {
        return Ok(());
    }
    audit_event::Entity::update_many()
        .col_expr(audit_event::Column::Changes, blank.into())
        .filter(audit_event::Column::Id.is_in(ids))
        .exec(txn)
        .await?;
    Ok(())
}

fn without_personal_values(id: Uuid, changes: serde_json::Value) -> Result<Option<serde_json::Value>, Failure> {
    let wrong = |_| Inconsistency { table: "audit_events", id: id.to_string(), problem: "invalid changes" };
    let changes: Changes = serde_json::from_value(changes).map_err(wrong)?;
    let blanked = blanked(&changes).map(serde_json::to_value).transpose();
    blanked.map_err(|error| DbErr::Json(error.to_string()).into())
}
