//! One-time codes.

use async_trait::async_trait;
use domain::challenge::{Challenge, Message};
use domain::limit::{Attempt, Settled};
use domain::store::{ChallengeStore, CodeGuess, Outcome, StoreError, Tried, WriteError};
use domain::{ChallengeId, PasswordHash, Timestamp, UserId};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::entity::{challenge, user};
use crate::error::{Failure, stale_unless};
use crate::steps::accounts;
use crate::store::Store;
use crate::tables::{attempts, audit_events, challenges, messages, notices, profiles, sessions, users};
use crate::transaction::Transaction;

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
                let before = challenges::read(row)?;
                if before.is_open(challenge.created_at) && before.created_at > quiet_since {
                    return Ok(before);
                }
                // Deleted by its id, so that a challenge that somebody else opened meanwhile stays. The retry answers
                // it.
                challenge::Entity::delete_by_id(before.id.as_uuid()).exec(&*txn).await?;
            }
            attempts::take(&txn, attempts, challenge.created_at).await?;
            challenges::insert(&txn, challenge, message).await?;
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
            attempts::hold_and_check(&txn, guess.if_wrong, now).await?;
            let is_sent = !messages::is_unsent(&txn, id).await?;
            let challenge = challenges::count_try(&txn, id, now).await?;
            let tried = challenge.map(|challenge| {
                let is_right = is_sent && (guess.is_right)(&challenge);
                Tried { challenge, is_right }
            });
            if !tried.as_ref().is_some_and(|tried| tried.is_right) {
                attempts::settle(&txn, guess.if_wrong, Settled::Wrong, now).await?;
            }
            Ok(tried)
        })
        .await
    }

    async fn return_try(&self, id: ChallengeId) -> Result<(), StoreError> {
        let update = challenge::Entity::update_many()
            .col_expr(challenge::Column::Tries, Expr::col(challenge::Column::Tries).sub(1))
            .filter(challenge::Column::Id.eq(id.as_uuid()))
            .filter(challenge::Column::Tries.gt(0));
        self.execute(update).await.map(drop)
    }

    async fn redeem(&self, id: ChallengeId, now: Timestamp, outcome: &Outcome) -> Result<(), WriteError> {
        self.write(move |txn| async move {
            // Every transaction locks the person before their challenges.
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
                Some(account) => challenges::belongs_to(&txn, id, account.user.id).await,
                None => Ok(()),
            }
        })
        .await
    }
}

/// Carries out the purpose of a challenge. `verified` is the person whose row was changed already.
async fn carry_out(
    txn: &Transaction,
    now: Timestamp,
    outcome: &Outcome,
    verified: Option<UserId>,
) -> Result<(), Failure> {
    if let Some(account) = &outcome.account {
        accounts::insert_account(txn, account, &outcome.events).await?;
    }
    if let Some((id, password)) = &outcome.password {
        // Verifying has touched the person already, and both together are one change.
        let old = profiles::password_before(txn, *id).await?;
        set_password(txn, *id, password, now, verified != Some(*id)).await?;
        Box::pin(notices::tell_of_password(txn, *id, old.as_ref(), &outcome.events)).await?;
    }
    if let Some(session) = &outcome.session {
        sessions::start(txn, session, &outcome.events).await?;
    }
    Ok(audit_events::record_all(txn, &outcome.events).await?)
}

/// Locks the person, notes that their contact is proven, and answers whether that is a change. If the contact was
/// proven before, the row stays as it is, because a sign-in must not make somebody else's view of the person stale.
async fn verify(txn: &Transaction, id: UserId, now: Timestamp) -> Result<bool, Failure> {
    let update = user::Entity::update_many()
        .col_expr(user::Column::VerifiedAt, now.into())
        .filter(user::Column::Id.eq(id.as_uuid()))
        .filter(user::Column::VerifiedAt.is_null());
    if update.exec(txn).await?.rows_affected == 1 {
        return users::touch(txn, id, now).await;
    }
    let held = user::Entity::find_by_id(id.as_uuid()).lock_exclusive().one(txn).await?;
    stale_unless(held.is_some())?;
    Ok(false)
}

async fn set_password(
    txn: &Transaction,
    id: UserId,
    password: &PasswordHash,
    now: Timestamp,
    is_first_change: bool,
) -> Result<(), Failure> {
    let update = profiles::set_password(id, password, now);
    stale_unless(update.exec(txn).await?.rows_affected == 1)?;
    if is_first_change {
        users::touch(txn, id, now).await?;
    }
    sessions::end_all(txn, id, None).await?;
    challenges::close_those_of_password(txn, id).await
}
