//! One-time codes and the messages that carry them.

use async_trait::async_trait;
use domain::challenge::{Challenge, MAX_TRIES, Message, Purpose, Turn};
use domain::limit::{Attempt, Settled};
use domain::session::Digest;
use domain::store::{ChallengeStore, CodeGuess, MessageStore, Outcome, StoreError, Tried, WriteError};
use domain::{ChallengeId, MessageId, PasswordHash, Timestamp, User, UserId};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QueryResult, QuerySelect,
};
use serde_json::Value;

use crate::account_store::{insert_account, touch};
use crate::attempt_store;
use crate::audit;
use crate::entity::{challenge, outbox, user};
use crate::error::{Failure, Inconsistency, only_store_error, store_error};
use crate::notice_store;
use crate::session_store::{self, stale_unless};
use crate::store::Store;
use crate::turn_store;

#[async_trait]
impl ChallengeStore for Store {
    async fn open_challenge(
        &self,
        challenge: &Challenge,
        message: &Message,
        quiet_since: Timestamp,
        attempts: &[Attempt],
    ) -> Result<Challenge, WriteError> {
        self.count_and_write(move |txn| async move {
            let before = challenge::Entity::find()
                .filter(challenge::Column::Purpose.eq(challenge.purpose.as_str()))
                .filter(challenge::Column::Subject.eq(challenge.subject.to_vec()))
                .one(&*txn)
                .await?;
            if let Some(row) = before {
                let before = read(row)?;
                if before.is_open(challenge.created_at) && before.created_at > quiet_since {
                    return Ok(before);
                }
                // That one and no other: one that another asker has opened since is answered at the next attempt.
                challenge::Entity::delete_by_id(before.id.as_uuid()).exec(&*txn).await?;
            }
            attempt_store::take(&txn, attempts, challenge.created_at).await?;
            insert(&txn, challenge, message).await?;
            Ok(challenge.clone())
        })
        .await
    }

    async fn take_try(
        &self,
        id: ChallengeId,
        now: Timestamp,
        guess: &CodeGuess<'_>,
    ) -> Result<Option<Tried>, WriteError> {
        self.count_and_write(move |txn| async move {
            attempt_store::hold_and_check(&txn, guess.if_wrong, now).await?;
            let is_sent = !turn_store::is_unsent(&txn, id).await?;
            let challenge = count_try(&txn, id, now).await?;
            let tried = challenge.map(|challenge| {
                let is_right = is_sent && (guess.is_right)(&challenge);
                Tried { challenge, is_right }
            });
            if !tried.as_ref().is_some_and(|tried| tried.is_right) {
                attempt_store::settle(&txn, guess.if_wrong, Settled::Wrong, now).await?;
            }
            Ok(tried)
        })
        .await
    }

    async fn return_try(&self, id: ChallengeId) -> Result<(), StoreError> {
        let returned = self.write(move |txn| async move {
            challenge::Entity::update_many()
                .col_expr(challenge::Column::Tries, Expr::col(challenge::Column::Tries).sub(1))
                .filter(challenge::Column::Id.eq(id.as_uuid()))
                .filter(challenge::Column::Tries.gt(0))
                .exec(&*txn)
                .await?;
            Ok(())
        });
        returned.await.map_err(only_store_error)
    }

    async fn redeem(&self, id: ChallengeId, now: Timestamp, outcome: &Outcome) -> Result<(), WriteError> {
        self.write(move |txn| async move {
            // The person before their challenges, as everywhere.
            let verified = match outcome.verified {
                Some(id) => verify(&txn, id, now).await?.then_some(id),
                None => None,
            };
            let update = challenge::Entity::update_many()
                .col_expr(challenge::Column::UsedAt, now.into())
                .filter(challenge::Column::Id.eq(id.as_uuid()))
                .filter(challenge::Column::UsedAt.is_null());
            stale_unless(update.exec(&*txn).await?.rows_affected == 1)?;
            carry_out(&txn, now, outcome, verified).await?;
            match &outcome.account {
                Some(account) => belongs_to(&txn, id, account.user.id).await,
                None => Ok(()),
            }
        })
        .await
    }
}

#[async_trait]
impl MessageStore for Store {
    async fn claim_messages(&self, now: Timestamp, lease: Timestamp, limit: u64) -> Result<Vec<Message>, StoreError> {
        let claimed = self.write(move |txn| async move {
            let due = outbox::Entity::find()
                .filter(outbox::Column::NextAttemptAt.lte(now))
                .filter(outbox::Column::Contact.is_null())
                .order_by_asc(outbox::Column::NextAttemptAt)
                .order_by_asc(outbox::Column::Id)
                .limit(limit)
                .all(&*txn)
                .await?;
            let mut claimed = Vec::with_capacity(due.len());
            for mut row in due {
                if claim(&txn, &row, now, lease).await? {
                    row.attempts += 1;
                    claimed.push(read_message(row)?);
                }
            }
            Ok(claimed)
        });
        claimed.await.map_err(only_store_error)
    }

    async fn remove_message(&self, id: MessageId) -> Result<(), StoreError> {
        let removed = self.write(move |txn| async move {
            outbox::Entity::delete_by_id(id.as_uuid()).exec(&*txn).await?;
            Ok(())
        });
        removed.await.map_err(only_store_error)
    }

    async fn postpone_message(&self, id: MessageId, until: Timestamp) -> Result<(), StoreError> {
        let postponed = self.write(move |txn| async move {
            outbox::Entity::update_many()
                .col_expr(outbox::Column::NextAttemptAt, until.into())
                .filter(outbox::Column::Id.eq(id.as_uuid()))
                .exec(&*txn)
                .await?;
            Ok(())
        });
        postponed.await.map_err(only_store_error)
    }
}

/// Counts a try of a challenge that is open, and answers it as it is then.
async fn count_try(txn: &DatabaseTransaction, id: ChallengeId, now: Timestamp) -> Result<Option<Challenge>, Failure> {
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

/// Opens a challenge in place of the one of the same purpose and subject. The
/// message of that, if it still waits, goes with it: its code is no good any more.
pub(crate) async fn replace(
    txn: &DatabaseTransaction,
    challenge: &Challenge,
    message: &Message,
) -> Result<(), Failure> {
    challenge::Entity::delete_many()
        .filter(challenge::Column::Purpose.eq(challenge.purpose.as_str()))
        .filter(challenge::Column::Subject.eq(challenge.subject.to_vec()))
        .exec(txn)
        .await?;
    insert(txn, challenge, message).await
}

/// Writes a challenge and the message that carries its code.
async fn insert(txn: &DatabaseTransaction, challenge: &Challenge, message: &Message) -> Result<(), Failure> {
    challenge::Entity::insert(challenge_row(challenge)?).exec_without_returning(txn).await?;
    outbox::Entity::insert(message_row(message)).exec_without_returning(txn).await?;
    Ok(())
}

/// What somebody began with the person's own contact before there was an account, or for none.
pub(crate) fn of_nobody(user: &User) -> Condition {
    Condition::all().add(challenge::Column::UserId.is_null()).add(challenge::Column::Contact.eq(user.identity()))
}

/// What was asked for this person. A contact that they only claim shows nothing that others asked for with it; what a
/// customer has proven is what they sign up with again.
pub(crate) fn asked_for(user: &User) -> Condition {
    let theirs = Condition::any().add(challenge::Column::UserId.eq(user.id.as_uuid()));
    if user.customer().is_some() && user.verified_at.is_some() { theirs.add(of_nobody(user)) } else { theirs }
}

/// The sign-up that it was has become a person.
async fn belongs_to(txn: &DatabaseTransaction, id: ChallengeId, user: UserId) -> Result<(), Failure> {
    let update = challenge::Entity::update_many().col_expr(challenge::Column::UserId, user.as_uuid().into());
    update.filter(challenge::Column::Id.eq(id.as_uuid())).exec(txn).await?;
    Ok(())
}

/// Closes what was asked for with a password that is no longer, or to replace it.
pub(crate) async fn close_those_of_password(txn: &DatabaseTransaction, user: UserId) -> Result<(), Failure> {
    let purposes = Purpose::ALL.iter().filter(|purpose| purpose.ends_with_password()).map(|purpose| purpose.as_str());
    challenge::Entity::delete_many()
        .filter(challenge::Column::UserId.eq(user.as_uuid()))
        .filter(challenge::Column::Purpose.is_in(purposes))
        .filter(challenge::Column::UsedAt.is_null())
        .exec(txn)
        .await?;
    Ok(())
}

/// Does what a challenge was for. `verified` is who has been changed already.
async fn carry_out(
    txn: &DatabaseTransaction,
    now: Timestamp,
    outcome: &Outcome,
    verified: Option<UserId>,
) -> Result<(), Failure> {
    if let Some(account) = &outcome.account {
        insert_account(txn, account, &outcome.events).await?;
    }
    if let Some((id, password)) = &outcome.password {
        // Whoever is verified too has been touched already: it is one change.
        let old = notice_store::password_before(txn, *id).await?;
        set_password(txn, *id, password, now, verified != Some(*id)).await?;
        Box::pin(notice_store::tell_of_password(txn, *id, old.as_ref(), &outcome.events)).await?;
    }
    if let Some(session) = &outcome.session {
        session_store::start(txn, session, &outcome.events).await?;
    }
    Ok(audit::record_all(txn, &outcome.events).await?)
}

/// Takes the person, notes that their contact is proven, and answers whether that is a change. What was proven before
/// stays as it is: a sign-in must not make somebody else's view of the person stale.
async fn verify(txn: &DatabaseTransaction, id: UserId, now: Timestamp) -> Result<bool, Failure> {
    let update = user::Entity::update_many()
        .col_expr(user::Column::VerifiedAt, now.into())
        .filter(user::Column::Id.eq(id.as_uuid()))
        .filter(user::Column::VerifiedAt.is_null());
    if update.exec(txn).await?.rows_affected == 1 {
        return touch(txn, id, now).await;
    }
    let held = user::Entity::find_by_id(id.as_uuid()).lock_exclusive().one(txn).await?;
    stale_unless(held.is_some())?;
    Ok(false)
}

async fn set_password(
    txn: &DatabaseTransaction,
    id: UserId,
    password: &PasswordHash,
    now: Timestamp,
    is_first_change: bool,
) -> Result<(), Failure> {
    let update = session_store::set_password(id, password, now);
    stale_unless(update.exec(txn).await?.rows_affected == 1)?;
    if is_first_change {
        touch(txn, id, now).await?;
    }
    session_store::end_all(txn, id, None).await?;
    close_those_of_password(txn, id).await
}

/// Takes a message, unless another instance did since it was seen.
async fn claim(
    txn: &DatabaseTransaction,
    seen: &outbox::Model,
    now: Timestamp,
    lease: Timestamp,
) -> Result<bool, DbErr> {
    let update = outbox::Entity::update_many()
        .col_expr(outbox::Column::Attempts, (seen.attempts + 1).into())
        .col_expr(outbox::Column::NextAttemptAt, lease.into())
        .filter(outbox::Column::Id.eq(seen.id))
        .filter(outbox::Column::Attempts.eq(seen.attempts))
        .filter(outbox::Column::NextAttemptAt.lte(now));
    Ok(update.exec(txn).await?.rows_affected == 1)
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

fn message_row(message: &Message) -> outbox::ActiveModel {
    let digest = |of: fn(&Turn) -> Digest| message.turn.as_ref().map(|turn| of(turn).to_vec());
    outbox::ActiveModel {
        id: Set(message.id.as_uuid()),
        channel: Set(message.channel.to_string()),
        recipient: Set(message.recipient.clone()),
        purpose: Set(message.purpose.to_string()),
        challenge_id: Set(message.challenge_id.as_uuid()),
        sealed_code: Set(message.sealed_code.clone()),
        created_at: Set(message.created_at),
        expires_at: Set(message.expires_at),
        attempts: Set(message.attempts),
        next_attempt_at: Set(message.created_at),
        contact: Set(digest(|turn| turn.contact)),
        asker: Set(digest(|turn| turn.asker)),
        network: Set(digest(|turn| turn.network)),
        has_account: Set(message.turn.is_some_and(|turn| turn.has_account)),
    }
}

/// Reads a row with all columns.
pub(crate) fn read_row(row: &QueryResult) -> Result<Challenge, StoreError> {
    Ok(read(challenge::Model::from_query_result(row, "").map_err(|error| store_error(&error))?)?)
}

fn read(row: challenge::Model) -> Result<Challenge, Inconsistency> {
    let id = row.id;
    let wrong = |problem| Inconsistency { table: "challenges", id: id.to_string(), problem };
    let digest = |bytes: Vec<u8>| Digest::try_from(bytes).map_err(|_| wrong("a digest has not 32 bytes"));
    // MariaDB may keep the JSON `null` where another backend keeps none.
    let pending = row.pending.filter(|pending| *pending != Value::Null).map(serde_json::from_value).transpose();
    Ok(Challenge {
        id: id.into(),
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

pub(crate) fn read_message(row: outbox::Model) -> Result<Message, Inconsistency> {
    let id = row.id;
    let wrong = |problem| Inconsistency { table: "outbox", id: id.to_string(), problem };
    let digest = |bytes: Vec<u8>| Digest::try_from(bytes).map_err(|_| wrong("a digest has not 32 bytes"));
    let turn = match (row.contact, row.asker, row.network) {
        (Some(contact), Some(asker), Some(network)) => Some(Turn {
            contact: digest(contact)?,
            asker: digest(asker)?,
            network: digest(network)?,
            has_account: row.has_account,
        }),
        _ => None,
    };
    Ok(Message {
        id: id.into(),
        channel: row.channel.parse().map_err(|_| wrong("unknown channel"))?,
        recipient: row.recipient,
        purpose: row.purpose.parse().map_err(|_| wrong("unknown purpose"))?,
        challenge_id: row.challenge_id.into(),
        sealed_code: row.sealed_code,
        created_at: row.created_at,
        expires_at: row.expires_at,
        attempts: row.attempts,
        turn,
    })
}
