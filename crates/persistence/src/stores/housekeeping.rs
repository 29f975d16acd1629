//! Removing what has expired, and checking that the database can be used.

use async_trait::async_trait;
use domain::store::{Erasure, Expirable, HealthStore, HousekeepingStore, StoreError, WriteError};
use domain::{Authority, Timestamp, User};
use migration::Migrator;
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, LockBehavior, LockType, Order, Query};
use sea_orm::{
    ColumnTrait, EntityTrait, Iterable, PrimaryKeyToColumn, PrimaryKeyTrait, QueryFilter, QueryOrder, QuerySelect,
    Value,
};
use sea_orm_migration::MigratorTrait;

use crate::entity::{
    api_key, attempt, challenge, idempotency_key, known_network, lock, notice, outbox, session, signup, user,
};
use crate::error::{Failure, stale_unless};
use crate::steps::erasure;
use crate::store::Store;
use crate::tables::locks::{self, Lock};
use crate::tables::{people, signups};
use crate::transaction::Transaction;

#[async_trait]
impl HousekeepingStore for Store {
    /// The row's counter is the time until which housekeeping is taken, in microseconds. So no instance waits for
    /// another, and an instance that dies keeps it no longer than it said.
    async fn take_housekeeping(&self, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        let update = lock::Entity::update_many()
            .col_expr(lock::Column::Holder, until.timestamp_micros().into())
            .filter(lock::Column::Name.eq("housekeeping"))
            .filter(lock::Column::Holder.lte(now.timestamp_micros()));
        Ok(self.execute(update).await? == 1)
    }

    async fn remove_expired(&self, kind: Expirable, before: Timestamp, limit: u64) -> Result<u64, StoreError> {
        let removed = self.write(move |txn| async move {
            let (txn, of) = (&*txn, (before, limit));
            match kind {
                // A foreign key removes their messages with them.
                Expirable::Challenges => remove::<challenge::Entity>(txn, challenge::Column::ExpiresAt, of).await,
                Expirable::StoredAnswers => {
                    remove::<idempotency_key::Entity>(txn, idempotency_key::Column::ExpiresAt, of).await
                }
                Expirable::Sessions => remove::<session::Entity>(txn, session::Column::ExpiresAt, of).await,
                Expirable::ApiKeys => remove::<api_key::Entity>(txn, api_key::Column::ExpiresAt, of).await,
                Expirable::Attempts => remove::<attempt::Entity>(txn, attempt::Column::ExpiresAt, of).await,
                Expirable::Networks => remove::<known_network::Entity>(txn, known_network::Column::ExpiresAt, of).await,
            }
        });
        removed.await.map_err(WriteError::into_store_error)
    }

    async fn count_messages(&self) -> Result<u64, StoreError> {
        let all = Expr::cust("COUNT(*)");
        let codes = Query::select().expr_as(all.clone(), "total").from(outbox::Entity).take();
        let notices = Query::select().expr_as(all, "total").from(notice::Entity).take();
        Ok(self.count(&codes).await? + self.count(&notices).await?)
    }

    async fn list_unapproved(&self, before: Timestamp, limit: u64) -> Result<Vec<User>, StoreError> {
        let is_theirs = Expr::col((user::Entity, user::Column::Id)).equals((signup::Entity, signup::Column::UserId));
        let mut select = people::select();
        select
            .join(JoinType::InnerJoin, signup::Entity, is_theirs)
            .cond_where(signup::Column::RequestedAt.lt(before))
            .order_by((signup::Entity, signup::Column::RequestedAt), Order::Asc)
            .order_by((signup::Entity, signup::Column::UserId), Order::Asc)
            .limit(limit);
        let rows = self.all(&select).await?;
        rows.iter().map(people::read).collect()
    }

    async fn forget_signup(&self, erasure: &Erasure) -> Result<(), WriteError> {
        self.write(move |txn| async move {
            let id = erasure.user.id.as_uuid();
            // A transaction that makes them an admin takes these locks in the same order.
            locks::hold(&txn, Lock::Admins).await?;
            // Every transaction locks the person before their sign-up; so does the one that approves them.
            user::Entity::find_by_id(id).lock(LockType::Update).one(&*txn).await?;
            stale_unless(signups::is_unapproved(&txn, id).await?)?;
            erasure::erase(&txn, &Authority::Unconditional, erasure).await
        })
        .await
    }
}

/// Removes rows by their primary key, which is one column. Takes two statements, because `MySQL` takes no `LIMIT` in a
/// subquery of a `DELETE`.
async fn remove<E: EntityTrait<PrimaryKey: PrimaryKeyTrait<ValueType: Into<Value>>>>(
    txn: &Transaction,
    expiry: E::Column,
    (before, limit): (Timestamp, u64),
) -> Result<u64, Failure> {
    let Some(id) = E::PrimaryKey::iter().next().map(PrimaryKeyToColumn::into_column) else { return Ok(0) };
    let expired = E::find().select_only().column(id).filter(expiry.lt(before)).order_by_asc(expiry).limit(limit);
    // A row that somebody holds is in use, or the next run removes it. To wait for it while holding other rows could be
    // a deadlock. On SQLite nobody else writes.
    let expired = expired.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let ids: Vec<<E::PrimaryKey as PrimaryKeyTrait>::ValueType> = expired.into_tuple().all(txn).await?;
    if ids.is_empty() {
        return Ok(0);
    }
    // A row that was renewed since it was selected stays.
    let delete = E::delete_many().filter(id.is_in(ids)).filter(expiry.lt(before));
    Ok(delete.exec(txn).await?.rows_affected)
}

#[async_trait]
impl HealthStore for Store {
    async fn check_ready(&self) -> Result<(), StoreError> {
        let needed: Vec<_> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
        let count = needed.len() as u64;
        // Migrations of a newer release do no harm: during an upgrade, instances of both releases serve.
        let applied = Query::select()
            .expr_as(Expr::col("version").count(), "total")
            .from(Migrator::migration_table_name())
            .cond_where(Expr::col("version").is_in(needed))
            .take();
        if self.count(&applied).await? == count {
            return Ok(());
        }
        Err(StoreError::Failed("the database is not migrated to what this program needs".into()))
    }
}
