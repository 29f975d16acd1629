//! What only a fresh session may do, and how many sessions a person may have.

use domain::audit::{Event, EventKind};
use domain::session::MAX_SESSIONS;
use domain::store::WriteError;
use domain::{FreshProof, PasswordHash, SessionId, UserId};
use sea_orm::sea_query::LockType;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::audit;
use crate::authority::keeping;
use crate::entity::{admin_manager, session, user};
use crate::error::Failure;
use crate::session_store::{end_all, stale_unless};
use crate::store::Store;

impl Store {
    pub(crate) async fn prove(
        &self,
        id: SessionId,
        owner: UserId,
        password: &PasswordHash,
        event: &Event,
    ) -> Result<(), WriteError> {
        self.write(move |txn| async move {
            // The person before their profile and sessions, as everywhere.
            user::Entity::find_by_id(owner.as_uuid()).lock(keeping(&txn)).one(&*txn).await?;
            let known = admin_manager::Entity::find_by_id(owner.as_uuid())
                .filter(admin_manager::Column::PasswordHash.eq(password.expose()))
                .lock(keeping(&txn))
                .one(&*txn)
                .await?;
            stale_unless(known.is_some())?;
            let proven = session::Entity::update_many()
                .col_expr(session::Column::ProvenAt, event.at.into())
                .filter(session::Column::Id.eq(id.as_uuid()))
                .filter(session::Column::UserId.eq(owner.as_uuid()))
                .filter(session::Column::ExpiresAt.gt(event.at));
            stale_unless(proven.exec(&*txn).await?.rows_affected == 1)?;
            Ok(audit::record(&txn, event).await?)
        })
        .await
    }

    pub(crate) async fn end_others(&self, proof: &FreshProof, event: &Event) -> Result<u64, WriteError> {
        self.write(move |txn| async move {
            require(&txn, proof).await?;
            let ended = end_all(&txn, proof.user, Some(proof.session)).await?;
            if ended > 0 {
                audit::record(&txn, event).await?;
            }
            Ok(ended)
        })
        .await
    }
}

/// Makes sure that the session of the proof is alive and fresh, and stays so before the transaction ends.
pub(crate) async fn require(txn: &DatabaseTransaction, proof: &FreshProof) -> Result<(), Failure> {
    // The person before their sessions, as everywhere.
    user::Entity::find_by_id(proof.user.as_uuid()).lock(LockType::Update).one(txn).await?;
    let fresh = session::Entity::find_by_id(proof.session.as_uuid())
        .filter(session::Column::UserId.eq(proof.user.as_uuid()))
        .filter(session::Column::ProvenAt.gt(proof.since))
        .lock(keeping(txn))
        .one(txn)
        .await?;
    if fresh.is_some() { Ok(()) } else { Err(WriteError::NotFresh.into()) }
}

/// Ends the sessions beyond what a person may have, the least recently used first. For those who hold the person.
pub(crate) async fn end_oldest(txn: &DatabaseTransaction, owner: UserId, events: &[Event]) -> Result<(), Failure> {
    let ended: Vec<Uuid> = session::Entity::find()
        .select_only()
        .column(session::Column::Id)
        .filter(session::Column::UserId.eq(owner.as_uuid()))
        .order_by_desc(session::Column::LastUsedAt)
        .order_by_desc(session::Column::Id)
        .offset(MAX_SESSIONS)
        // MySQL takes no OFFSET without a LIMIT; what is left then goes with the next one.
        .limit(MAX_SESSIONS)
        .into_tuple()
        .all(txn)
        .await?;
    if ended.is_empty() {
        return Ok(());
    }
    session::Entity::delete_many().filter(session::Column::Id.is_in(ended)).exec(txn).await?;
    if let Some(event) = events.first() {
        audit::record(txn, &event.following(EventKind::SessionEnded, owner)).await?;
    }
    Ok(())
}
