//! Whether the caller still may write, asked in the transaction that writes.
//!
//! What takes an authority away writes the row of the person, or removes that of the session: a deactivation, another
//! role, an erasure, a sign-out. Locks on both rows make such a change wait for the end of this transaction, or make
//! this transaction wait for its end and see what it has done.
//!
//! Locks of several rows are taken in one order everywhere: the named one, the caller and their session, other staff,
//! customers, other sessions.

use domain::UserId;
use domain::actor::{Authority, Credential, PersonalAuthority};
use domain::store::WriteError;
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, LockType, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QuerySelect};

use crate::entity::{session, user};
use crate::error::Failure;
use crate::sql::row_locks::{for_writing, keep};
use crate::transaction::Transaction;

/// Looks at an authority without holding it.
pub(crate) async fn check(txn: &Transaction, by: &Authority) -> Result<(), Failure> {
    match by {
        Authority::Unconditional => Ok(()),
        Authority::Person(person) => refuse_unless(txn.query_one(&good(person)).await?.is_some()),
    }
}

/// Makes sure that an authority is good until the transaction ends. `subject` is whoever's row is written after this:
/// where that is the caller, nobody else may hold it, or two would wait for each other to let go.
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

/// The same where the sessions of the caller are ended, and nothing is written of the person.
pub(crate) async fn hold_session(txn: &Transaction, by: &Authority) -> Result<(), Failure> {
    let Authority::Person(person) = by else { return Ok(()) };
    if let Some(Credential::Session(id)) = person.credential {
        session::Entity::find_by_id(id.as_uuid()).lock(LockType::Update).one(txn).await?;
    }
    // Whoever takes the authority away otherwise ends the session too, and waits for it.
    check(txn, by).await
}

/// Selects the person and their session, if both are as they were when the caller was let in.
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
    select
}

fn refuse_unless(is_good: bool) -> Result<(), Failure> {
    if is_good { Ok(()) } else { Err(WriteError::Unauthorized.into()) }
}
