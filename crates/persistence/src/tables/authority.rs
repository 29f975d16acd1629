//! Checks in the transaction that writes that the caller still may write.
//!
//! A deactivation, another role, an erasure, a sign-out and a revoked API key take an authority away. Each of them writes
//! the row of the person or removes the row of the session or key. A lock on both rows orders such a change and this
//! transaction: one of them waits for the end of the other, and sees what it did.
//!
//! Every transaction that locks several rows takes them in one order: the named lock, the caller and their session or
//! key, other staff, customers, other sessions.

use domain::UserId;
use domain::actor::{Authority, Credential, PersonalAuthority};
use domain::store::WriteError;
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, LockType, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QuerySelect};

use crate::entity::{api_key, session, user};
use crate::error::Failure;
use crate::sql::row_locks::{for_writing, keep};
use crate::transaction::Transaction;

/// Checks an authority without a lock.
pub(crate) async fn check(txn: &Transaction, by: &Authority) -> Result<(), Failure> {
    match by {
        Authority::Unconditional => Ok(()),
        Authority::Person(person) => refuse_unless(txn.query_one(&good(person)).await?.is_some()),
    }
}

/// Makes sure that an authority stays good until the transaction ends. `subject` is the person whose row is written
/// next. If that is the caller, the lock is exclusive, because two transactions with shared locks would deadlock.
pub(crate) async fn hold(txn: &Transaction, by: &Authority, subject: Option<UserId>) -> Result<(), Failure> {
    let Authority::Person(person) = by else { return Ok(()) };
    let mut select = good(person);
    let held = if subject == Some(person.id) {
        txn.query_all(select.lock(for_writing(txn))).await?
    } else {
        keep(txn, select).await?
    };
    refuse_unless(!held.is_empty())
}

/// The same for a transaction that ends sessions of the caller and does not write the row of the person.
pub(crate) async fn hold_session(txn: &Transaction, by: &Authority) -> Result<(), Failure> {
    let Authority::Person(person) = by else { return Ok(()) };
    if let Some(Credential::Session(id)) = person.credential {
        session::Entity::find_by_id(id.as_uuid()).lock(LockType::Update).one(txn).await?;
    }
    // Every other change that takes the authority away ends the session too, and waits for this lock.
    check(txn, by).await
}

/// Selects the person and their session or key, if both are as they were when the caller was authenticated.
pub(crate) fn good(person: &PersonalAuthority) -> SelectStatement {
    let mut select = Query::select();
    select
        .column((user::Entity, user::Column::Id))
        .from(user::Entity)
        .cond_where(user::Column::Id.eq(person.id.as_uuid()))
        .cond_where(user::Column::Role.eq(person.role.as_str()))
        .cond_where(user::Column::IsActive.eq(true));
    if let Some(Credential::Session(id)) = person.credential {
        let is_owner = Expr::col((session::Entity, session::Column::UserId)).equals((user::Entity, user::Column::Id));
        select
            .join(JoinType::InnerJoin, session::Entity, is_owner)
            .cond_where(session::Column::Id.eq(id.as_uuid()))
            .cond_where(session::Column::ExpiresAt.gt(person.at));
    }
    if let Some(Credential::ApiKey { id, .. }) = person.credential {
        let is_owner = Expr::col((api_key::Entity, api_key::Column::OwnerId)).equals((user::Entity, user::Column::Id));
        select
            .join(JoinType::InnerJoin, api_key::Entity, is_owner)
            .cond_where(api_key::Column::Id.eq(id.as_uuid()))
            .cond_where(api_key::Column::ExpiresAt.gt(person.at));
    }
    select
}

fn refuse_unless(is_good: bool) -> Result<(), Failure> {
    if is_good { Ok(()) } else { Err(WriteError::Unauthorized.into()) }
}
