//! `notices`: written with the change that they report, and sent later.

use domain::audit::Event;
use domain::store::StoreError;
use domain::{Notice, PasswordHash, User, UserId};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::SelectStatement;
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QueryResult, QueryTrait};

use crate::entity::notice;
use crate::error::{Failure, Inconsistency, store_error};
use crate::tables::people;
use crate::transaction::Transaction;

/// Notifies a person at their old contacts that their contacts have changed.
pub(crate) async fn tell_of_contact(
    txn: &Transaction,
    before: &User,
    after: &User,
    events: &[Event],
) -> Result<(), Failure> {
    match events.first() {
        Some(event) => insert(txn, &Notice::of_contact(before, after, event)).await,
        None => Ok(()),
    }
}

/// Notifies a person that their password has changed. A first password is no change.
pub(crate) async fn tell_of_password(
    txn: &Transaction,
    user: UserId,
    old: Option<&PasswordHash>,
    events: &[Event],
) -> Result<(), Failure> {
    let (Some(event), Some(old)) = (events.first(), old) else { return Ok(()) };
    if *old == PasswordHash::unusable() {
        return Ok(());
    }
    match people::find(txn, user).await? {
        Some(user) => insert(txn, &Notice::of_password(&user, event)).await,
        None => Ok(()),
    }
}

async fn insert(txn: &Transaction, notices: &[Notice]) -> Result<(), Failure> {
    notice::Entity::insert_many(notices.iter().map(row)).exec_without_returning(txn).await?;
    Ok(())
}

fn row(notice: &Notice) -> notice::ActiveModel {
    notice::ActiveModel {
        id: Set(notice.id.as_uuid()),
        user_id: Set(notice.user_id.as_uuid()),
        channel: Set(notice.channel.to_string()),
        recipient: Set(notice.recipient.clone()),
        purpose: Set(notice.purpose.to_string()),
        created_at: Set(notice.created_at),
        expires_at: Set(notice.expires_at),
        attempts: Set(notice.attempts),
        next_attempt_at: Set(notice.created_at),
    }
}

/// Those of a person, newest first.
pub(crate) fn of(user: UserId) -> SelectStatement {
    let theirs = notice::Entity::find().filter(notice::Column::UserId.eq(user.as_uuid()));
    theirs.order_by_desc(notice::Column::Id).into_query()
}

/// Reads a row with all columns.
pub(crate) fn read(row: &QueryResult) -> Result<Notice, StoreError> {
    Ok(read_model(notice::Model::from_query_result(row, "").map_err(|error| store_error(&error))?)?)
}

pub(crate) fn read_model(row: notice::Model) -> Result<Notice, Inconsistency> {
    let wrong = Inconsistency::of("notices", row.id);
    Ok(Notice {
        id: row.id.into(),
        user_id: row.user_id.into(),
        channel: row.channel.parse().map_err(|_| wrong("unknown channel"))?,
        recipient: row.recipient,
        purpose: row.purpose.parse().map_err(|_| wrong("unknown purpose"))?,
        created_at: row.created_at,
        expires_at: row.expires_at,
        attempts: row.attempts,
    })
}
