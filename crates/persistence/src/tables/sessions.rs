//! `sessions`: who is signed in.

use domain::audit::{Event, EventKind};
use domain::session::{Digest, MAX_SESSIONS, Session};
use domain::store::{StoreError, WriteError};
use domain::{FreshProof, SessionId, Timestamp, UserId};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{LockType, SelectStatement};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QueryResult, QuerySelect, QueryTrait,
};
use uuid::Uuid;

use crate::entity::{session, user};
use crate::error::{Failure, Inconsistency, stale_unless, store_error};
use crate::sql::row_locks::{for_writing, keeping};
use crate::tables::audit_events;
use crate::transaction::Transaction;

/// Makes a session fresh, because its owner has just given their password.
pub(crate) async fn freshen(txn: &Transaction, id: Option<SessionId>, now: Timestamp) -> Result<(), Failure> {
    if let Some(id) = id {
        let proven = session::Entity::update_many().col_expr(session::Column::ProvenAt, now.into());
        proven.filter(session::Column::Id.eq(id.as_uuid())).exec(txn).await?;
    }
    Ok(())
}

/// Starts a session of an active person. Refuses as stale when they are deactivated or erased. A transaction that
/// deactivates or erases them later waits for this one, and ends the session too.
///
/// Ends the sessions beyond the limit of one person, and records that beside the first of these events.
pub(crate) async fn start(txn: &Transaction, session: &Session, events: &[Event]) -> Result<(), Failure> {
    let owner = user::Entity::find_by_id(session.user_id.as_uuid())
        .filter(user::Column::IsActive.eq(true))
        .lock(for_writing(txn))
        .one(txn)
        .await?;
    stale_unless(owner.is_some())?;
    insert(txn, session).await?;
    end_oldest(txn, session.user_id, events).await
}

/// Writes the session of somebody whom the same transaction created.
pub(crate) async fn insert(txn: &Transaction, session: &Session) -> Result<(), Failure> {
    let row = session::ActiveModel {
        id: Set(session.id.as_uuid()),
        user_id: Set(session.user_id.as_uuid()),
        created_at: Set(session.created_at),
        last_used_at: Set(session.last_used_at),
        expires_at: Set(session.expires_at),
        address: Set(session.address.map(|address| address.to_string())),
        user_agent: Set(session.user_agent.clone()),
        refresh_digest: Set(session.refresh_digest.to_vec()),
        spent_digest: Set(session.spent_digest.map(|digest| digest.to_vec())),
        renewals: Set(session.renewals),
        proven_at: Set(Some(session.proven_at)),
    };
    session::Entity::insert(row).exec_without_returning(txn).await?;
    Ok(())
}

/// Ends all sessions of a person except `except`. Answers how many.
pub(crate) async fn end_all(txn: &Transaction, user: UserId, except: Option<SessionId>) -> Result<u64, Failure> {
    let mut delete = session::Entity::delete_many().filter(session::Column::UserId.eq(user.as_uuid()));
    if let Some(except) = except {
        delete = delete.filter(session::Column::Id.ne(except.as_uuid()));
    }
    Ok(delete.exec(txn).await?.rows_affected)
}

/// Those of a person, newest first.
pub(crate) fn of(user: UserId) -> SelectStatement {
    session::Entity::find()
        .filter(session::Column::UserId.eq(user.as_uuid()))
        .order_by_desc(session::Column::CreatedAt)
        .order_by_desc(session::Column::Id)
        .into_query()
}

pub(crate) fn read(row: &QueryResult) -> Result<Session, StoreError> {
    let row = session::Model::from_query_result(row, "").map_err(|error| store_error(&error))?;
    let wrong = Inconsistency::of("sessions", row.id);
    let digest = |bytes: Vec<u8>| Digest::try_from(bytes).map_err(|_| wrong("a digest has not 32 bytes"));
    let address = row.address.as_deref().map(str::parse).transpose();
    Ok(Session {
        id: row.id.into(),
        user_id: row.user_id.into(),
        created_at: row.created_at,
        proven_at: row.proven_at.unwrap_or(row.created_at),
        last_used_at: row.last_used_at,
        expires_at: row.expires_at,
        address: address.map_err(|_| wrong("invalid address"))?,
        user_agent: row.user_agent,
        refresh_digest: digest(row.refresh_digest)?,
        spent_digest: row.spent_digest.map(digest).transpose()?,
        renewals: row.renewals,
    })
}

/// Makes sure that the session of the proof is alive and fresh, and stays so until the transaction ends.
pub(crate) async fn require_fresh(txn: &Transaction, proof: &FreshProof) -> Result<(), Failure> {
    // Every transaction locks the person before their sessions.
    user::Entity::find_by_id(proof.user.as_uuid()).lock(LockType::Update).one(txn).await?;
    let fresh = session::Entity::find_by_id(proof.session.as_uuid())
        .filter(session::Column::UserId.eq(proof.user.as_uuid()))
        .filter(session::Column::ProvenAt.gt(proof.since))
        .lock(keeping(txn))
        .one(txn)
        .await?;
    if fresh.is_some() { Ok(()) } else { Err(WriteError::NotFresh.into()) }
}

/// Ends the sessions beyond the limit of one person, the least recently used first. The caller has locked the person.
async fn end_oldest(txn: &Transaction, owner: UserId, events: &[Event]) -> Result<(), Failure> {
    let ended: Vec<Uuid> = session::Entity::find()
        .select_only()
        .column(session::Column::Id)
        .filter(session::Column::UserId.eq(owner.as_uuid()))
        .order_by_desc(session::Column::LastUsedAt)
        .order_by_desc(session::Column::Id)
        .offset(MAX_SESSIONS)
        // MySQL takes no OFFSET without a LIMIT. The next sign-in ends what this leaves.
        .limit(MAX_SESSIONS)
        .into_tuple()
        .all(txn)
        .await?;
    if ended.is_empty() {
        return Ok(());
    }
    session::Entity::delete_many().filter(session::Column::Id.is_in(ended)).exec(txn).await?;
    if let Some(event) = events.first() {
        audit_events::record(txn, &event.following(EventKind::SessionEnded, owner)).await?;
    }
    Ok(())
}
