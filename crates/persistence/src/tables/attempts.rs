//! `attempts`: counters of attempts that have a limit.

use std::collections::HashMap;

use domain::Timestamp;
use domain::limit::{Attempt, Counter, Settled, settle_all, take_all};
use domain::session::Digest;
use domain::store::WriteError;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, LockType, OnConflict};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::attempt::{ActiveModel, Column, Entity};
use crate::error::Failure;
use crate::transaction::Transaction;

/// Counts the attempts. A refusal ends the transaction.
pub(crate) async fn take(txn: &Transaction, attempts: &[Attempt], now: Timestamp) -> Result<(), Failure> {
    let attempts = in_order(attempts);
    let (written, seen): (Vec<_>, Vec<_>) = attempts.iter().partition(|attempt| attempt.limit.counts_at_once());
    // Without a lock: many requests share these counters and would wait for one another.
    let mut counters = read(txn, &seen, None).await?;
    hold(txn, &written, now).await?;
    counters.extend(read(txn, &written, Some(LockType::Update)).await?);
    let taken = take_all(&attempts, |key| counters.get(key).copied(), now).map_err(WriteError::TooMany)?;
    Ok(write(txn, taken).await?)
}

/// Locks the rows of all attempts until the transaction ends, whatever their limit, so that transactions count them one
/// after the other. A refusal ends the transaction.
pub(crate) async fn hold_and_check(txn: &Transaction, attempts: &[Attempt], now: Timestamp) -> Result<(), Failure> {
    let attempts = in_order(attempts);
    hold(txn, &attempts, now).await?;
    let counters = read(txn, &attempts, Some(LockType::Update)).await?;
    take_all(&attempts, |key| counters.get(key).copied(), now).map_err(WriteError::TooMany)?;
    Ok(())
}

/// Counts the outcome of attempts. A counter that was removed meanwhile stays removed.
pub(crate) async fn settle(
    txn: &Transaction,
    attempts: &[Attempt],
    settled: Settled,
    now: Timestamp,
) -> Result<(), Failure> {
    let concerned = |attempt: &&Attempt| attempt.limit.counts_at_once() || settled.begins(attempt.limit);
    let attempts: Vec<_> = attempts.iter().filter(concerned).copied().collect();
    let counters = read(txn, &attempts, Some(LockType::Update)).await?;
    let (mut kept, mut forgotten) = (Vec::new(), Vec::new());
    for (key, counter) in settle_all(&attempts, |key| counters.get(key).copied(), settled, now) {
        match counter {
            Some(counter) => kept.push((key, counter)),
            None => forgotten.push(key),
        }
    }
    if !forgotten.is_empty() {
        Entity::delete_many().filter(Column::Subject.is_in(bytes(&forgotten))).exec(txn).await?;
    }
    Ok(write(txn, kept).await?)
}

/// Every transaction takes the rows in this order, so that no two wait for each other.
fn in_order(attempts: &[Attempt]) -> Vec<Attempt> {
    let mut attempts = attempts.to_vec();
    attempts.sort_unstable_by_key(|attempt| attempt.key);
    attempts
}

/// Makes the missing rows, and locks all of them until the transaction ends.
async fn hold(txn: &Transaction, attempts: &[Attempt], now: Timestamp) -> Result<(), DbErr> {
    let fresh = attempts.iter().map(|attempt| row(&attempt.key, &Counter::new(now)));
    let unchanged =
        OnConflict::column(Column::Subject).value(Column::Count, Expr::col((Entity, Column::Count))).to_owned();
    Entity::insert_many(fresh).on_conflict(unchanged).exec_without_returning(txn).await.map(|_| ())
}

async fn read(
    txn: &Transaction,
    attempts: &[Attempt],
    lock: Option<LockType>,
) -> Result<HashMap<Digest, Counter>, DbErr> {
    if attempts.is_empty() {
        return Ok(HashMap::new());
    }
    let keys: Vec<Digest> = attempts.iter().map(|attempt| attempt.key).collect();
    // Without a lock, MySQL may answer with the rows as they were when the transaction first read anything.
    // The order is that of `in_order`, or a transaction that settles two rows and one that counts them could deadlock.
    let mut select = Entity::find().filter(Column::Subject.is_in(bytes(&keys))).order_by_asc(Column::Subject);
    if let Some(lock) = lock {
        select = select.lock(lock);
    }
    let counter = |row: crate::entity::attempt::Model| {
        let key = Digest::try_from(row.subject).ok()?;
        let number = |number: i32| u32::try_from(number).unwrap_or_default();
        let (count, pending) = (number(row.count), number(row.pending));
        Some((key, Counter { count, pending, not_before: row.not_before, expires_at: row.expires_at }))
    };
    Ok(select.all(txn).await?.into_iter().filter_map(counter).collect())
}

async fn write(txn: &Transaction, counters: Vec<(Digest, Counter)>) -> Result<(), DbErr> {
    let rows = counters.iter().map(|(key, counter)| row(key, counter));
    let replaced = OnConflict::column(Column::Subject)
        .update_columns([Column::Count, Column::Pending, Column::NotBefore, Column::ExpiresAt])
        .to_owned();
    Entity::insert_many(rows).on_conflict(replaced).exec_without_returning(txn).await.map(|_| ())
}

fn row(key: &Digest, counter: &Counter) -> ActiveModel {
    ActiveModel {
        subject: Set(key.to_vec()),
        count: Set(counter.count.try_into().unwrap_or(i32::MAX)),
        pending: Set(counter.pending.try_into().unwrap_or(i32::MAX)),
        not_before: Set(counter.not_before),
        expires_at: Set(counter.expires_at),
    }
}

fn bytes(keys: &[Digest]) -> Vec<Vec<u8>> {
    keys.iter().map(|key| key.to_vec()).collect()
}
