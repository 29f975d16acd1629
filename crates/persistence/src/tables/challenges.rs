//! `challenges`: requests for one-time codes.

use domain::challenge::{Challenge, MAX_TRIES, Message, Purpose};
use domain::session::Digest;
use domain::store::StoreError;
use domain::{ChallengeId, Timestamp, User, UserId};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryResult};
use serde_json::Value;

use crate::entity::{challenge, outbox};
use crate::error::{Failure, Inconsistency, store_error};
use crate::tables::messages;
use crate::transaction::Transaction;

/// Counts a try of an open challenge. Answers the challenge with that try, or nothing when it is not open.
pub(crate) async fn count_try(
    txn: &Transaction,
    id: ChallengeId,
    now: Timestamp,
) -> Result<Option<Challenge>, Failure> {
    let update = challenge::Entity::update_many()
        .col_expr(challenge::Column::Tries, Expr::col(challenge::Column::Tries).add(1))
        .filter(challenge::Column::Id.eq(id.as_uuid()))
        .filter(challenge::Column::UsedAt.is_null())
        .filter(challenge::Column::Tries.lt(i32::from(MAX_TRIES)))
        .filter(challenge::Column::ExpiresAt.gt(now));
    if update.exec(txn).await?.rows_affected == 0 {
        return Ok(None);
    }
    let row = challenge::Entity::find_by_id(id.as_uuid()).one(txn).await?;
    Ok(row.map(read).transpose()?)
}

/// Opens a challenge in place of the one with the same purpose and subject. A message of that one that still waits is
/// removed with it, because its code is no longer valid.
pub(crate) async fn replace(txn: &Transaction, challenge: &Challenge, message: &Message) -> Result<(), Failure> {
    challenge::Entity::delete_many()
        .filter(challenge::Column::Purpose.eq(challenge.purpose.as_str()))
        .filter(challenge::Column::Subject.eq(challenge.subject.to_vec()))
        .exec(txn)
        .await?;
    insert(txn, challenge, message).await
}

/// Writes a challenge and the message that carries its code.
pub(crate) async fn insert(txn: &Transaction, challenge: &Challenge, message: &Message) -> Result<(), Failure> {
    challenge::Entity::insert(challenge_row(challenge)?).exec_without_returning(txn).await?;
    outbox::Entity::insert(messages::message_row(message)).exec_without_returning(txn).await?;
    Ok(())
}

/// Challenges without an account whose code went to the person's own contact.
pub(crate) fn of_nobody(user: &User) -> Condition {
    Condition::all().add(challenge::Column::UserId.is_null()).add(challenge::Column::Contact.eq(user.identity()))
}

/// Challenges of this person. While the person only claims a contact, challenges that others requested with it are not
/// among them. A customer who has proven their phone may sign up with it again.
pub(crate) fn asked_for(user: &User) -> Condition {
    let theirs = Condition::any().add(challenge::Column::UserId.eq(user.id.as_uuid()));
    if user.customer().is_some() && user.verified_at.is_some() { theirs.add(of_nobody(user)) } else { theirs }
}

/// Gives the challenge of a sign-up to the person who signed up with it.
pub(crate) async fn belongs_to(txn: &Transaction, id: ChallengeId, user: UserId) -> Result<(), Failure> {
    let update = challenge::Entity::update_many().col_expr(challenge::Column::UserId, user.as_uuid().into());
    update.filter(challenge::Column::Id.eq(id.as_uuid())).exec(txn).await?;
    Ok(())
}

/// Removes the open challenges that need the old password or replace it.
pub(crate) async fn close_those_of_password(txn: &Transaction, user: UserId) -> Result<(), Failure> {
    let purposes = Purpose::ALL.iter().filter(|purpose| purpose.ends_with_password()).map(|purpose| purpose.as_str());
    challenge::Entity::delete_many()
        .filter(challenge::Column::UserId.eq(user.as_uuid()))
        .filter(challenge::Column::Purpose.is_in(purposes))
        .filter(challenge::Column::UsedAt.is_null())
        .exec(txn)
        .await?;
    Ok(())
}

fn challenge_row(challenge: &Challenge) -> Result<challenge::ActiveModel, DbErr> {
    let pending = challenge.pending.as_ref().map(serde_json::to_value).transpose();
    Ok(challenge::ActiveModel {
        id: Set(challenge.id.as_uuid()),
        purpose: Set(challenge.purpose.to_string()),
        subject: Set(challenge.subject.to_vec()),
        user_id: Set(challenge.user_id.map(UserId::as_uuid)),
        channel: Set(challenge.channel.to_string()),
        contact: Set(challenge.contact.clone()),
        code_digest: Set(challenge.code_digest.to_vec()),
        tries: Set(challenge.tries.into()),
        created_at: Set(challenge.created_at),
        expires_at: Set(challenge.expires_at),
        used_at: Set(challenge.used_at),
        pending: Set(pending.map_err(|error| DbErr::Json(error.to_string()))?),
    })
}

/// Reads a row with all columns.
pub(crate) fn read_row(row: &QueryResult) -> Result<Challenge, StoreError> {
    Ok(read(challenge::Model::from_query_result(row, "").map_err(|error| store_error(&error))?)?)
}

pub(crate) fn read(row: challenge::Model) -> Result<Challenge, Inconsistency> {
    let wrong = Inconsistency::of("challenges", row.id);
    let digest = |bytes: Vec<u8>| Digest::try_from(bytes).map_err(|_| wrong("a digest has not 32 bytes"));
    // MariaDB may store the JSON value `null` where another backend stores NULL.
    let pending = row.pending.filter(|pending| *pending != Value::Null).map(serde_json::from_value).transpose();
    Ok(Challenge {
        id: row.id.into(),
        purpose: row.purpose.parse().map_err(|_| wrong("unknown purpose"))?,
        subject: digest(row.subject)?,
        user_id: row.user_id.map(Into::into),
        channel: row.channel.parse().map_err(|_| wrong("unknown channel"))?,
        contact: row.contact,
        code_digest: digest(row.code_digest)?,
        tries: row.tries.try_into().map_err(|_| wrong("tries out of range"))?,
        created_at: row.created_at,
        expires_at: row.expires_at,
        used_at: row.used_at,
        pending: pending.map_err(|_| wrong("invalid pending"))?,
    })
}
