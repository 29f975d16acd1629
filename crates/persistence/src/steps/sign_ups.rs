//! Replacing a sign-up that nobody has approved.

use domain::Email;
use domain::audit::{Event, EventKind};
use sea_orm::sea_query::LockType;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::entity::{admin_manager, user};
use crate::error::Failure;
use crate::steps::erasure;
use crate::tables::{audit_events, signups, users};
use crate::transaction::Transaction;

/// Erases the unapproved sign-up with this e-mail, for somebody who has proven that the e-mail is theirs.
pub(crate) async fn replace(txn: &Transaction, email: &Email, events: &[Event]) -> Result<(), Failure> {
    let found = admin_manager::Entity::find().filter(admin_manager::Column::Email.eq(email.as_str())).one(txn).await?;
    let (Some(found), Some(event)) = (found, events.first()) else { return Ok(()) };
    user::Entity::find_by_id(found.id).lock(LockType::Update).one(txn).await?;
    if !signups::is_unapproved(txn, found.id).await? {
        return Ok(());
    }
    if let Some(user) = users::find(txn, found.id.into()).await? {
        erasure::remove(txn, &user).await?;
        audit_events::record(txn, &event.following(EventKind::UserErased, user.id)).await?;
    }
    Ok(())
}
