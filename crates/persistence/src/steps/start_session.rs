//! Starting a session.

use domain::audit::Event;
use domain::session::Session;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::entity::user;
use crate::error::{Failure, stale_unless};
use crate::sql::row_locks::for_writing;
use crate::tables::sessions;
use crate::transaction::Transaction;

/// Starts a session of an active person; stale when they are deactivated or gone. A transaction that deactivates or
/// erases them later waits for this one, and ends the session too.
///
/// Sessions beyond what a person may have end, which is recorded beside the first of these events.
pub(crate) async fn start(txn: &Transaction, session: &Session, events: &[Event]) -> Result<(), Failure> {
    let owner = user::Entity::find_by_id(session.user_id.as_uuid())
        .filter(user::Column::IsActive.eq(true))
        .lock(for_writing(txn))
        .one(txn)
        .await?;
    stale_unless(owner.is_some())?;
    sessions::insert(txn, session).await?;
    sessions::end_oldest(txn, session.user_id, events).await
}
