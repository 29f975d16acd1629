//! Importing many customers. It takes a few statements for each batch of lines.

mod held;
mod writes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use domain::actor::Authority;
use domain::store::{ImportBatch, ImportBatches, ImportFound, ImportKeys, ImportStore, StoreError, Update, WriteError};
use domain::{Email, UserId};
use sea_orm::sea_query::LockType;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect,
    TransactionTrait,
};
use tokio::join;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tracing::{Instrument, debug_span};
use uuid::Uuid;

use crate::entity::{admin_manager, customer, user};
use crate::error::{Failure, is_conflict, out_of_time, store_error};
use crate::runtime::OnRuntime;
use crate::sql::bulk::is_any_of;
use crate::store::Store;
use crate::stores::users::newly_assigned;
use crate::tables::{authority, people, users};
use crate::transaction::Transaction;
use held::Held;
use writes::Writes;

#[async_trait]
impl ImportStore for Store {
    async fn find_for_import(&self, keys: &ImportKeys) -> Result<ImportFound, StoreError> {
        let people = async {
            let txn = self.reader.begin().await?;
            let people = look_up(&txn, keys).await?;
            txn.commit().await.map(|()| people)
        };
        let people = self.in_time(people).instrument(debug_span!("read")).await.map_err(|_| out_of_time())?;
        found(&people.map_err(|error| store_error(&error))?)
    }

    /// This does not begin again when it loses against others, since the lines would have to be read again. Each batch
    /// has a time limit; the whole has none, since it depends on the file.
    async fn import_customers(&self, by: &Authority, parts: &mut dyn ImportBatches) -> Result<(), WriteError> {
        let parts = Mutex::new(parts);
        let all = async |txn: Arc<Transaction>| {
            self.import_parts(&txn, by, &mut **parts.lock().await).await?;
            // Only at the end, so that a file of millions of lines does not keep those waiting who want to stop it.
            authority::hold(&txn, by, None).await
        };
        let written = OnRuntime::new(&self.runtime, self.try_once(&all)).instrument(debug_span!("write"));
        written.await.map_err(|failure| match failure {
            Failure::Database(error) if is_conflict(&error) => WriteError::Stale,
            failure => failure.into(),
        })
    }

    async fn find_emails(&self, ids: &[UserId]) -> Result<BTreeMap<UserId, Email>, StoreError> {
        let mut select = people::select();
        let ids = ids.iter().map(|id| id.as_uuid().into()).collect();
        let are_meant = is_any_of(self.reader.get_database_backend(), admin_manager::Column::Id, ids);
        select.cond_where(are_meant.map_err(|error| store_error(&error))?);
        let rows = self.all(&select).await?;
        let staff = rows.iter().map(|row| people::read_user(Some(row)));
        let staff: Vec<_> = staff.filter_map(Result::transpose).collect::<Result<_, _>>()?;
        Ok(staff.into_iter().filter_map(|user| Some((user.id, user.staff()?.email.clone()))).collect())
    }
}

impl Store {
    /// While the database writes a part, the next one is made into statements, and the one after it is read.
    async fn import_parts(
        &self,
        txn: &Transaction,
        by: &Authority,
        parts: &mut dyn ImportBatches,
    ) -> Result<(), Failure> {
        plan_again(txn).await?;
        let (mut held, mut before) = (Held::default(), Writes::default());
        let mut keys = parts.next().await.map_err(WriteError::from)?;
        while let Some(asked) = keys {
            authority::check(txn, by).await?;
            if before.is_about(&asked) {
                self.write_part(txn, std::mem::take(&mut before)).await?;
            }
            let judged = timeout(self.time_limit, judge(txn, &asked, parts, &mut held)).await;
            let part = judged.map_err(|_| WriteError::from(out_of_time()))??;
            let backend = txn.get_database_backend();
            let made = self.runtime.spawn_blocking(move || Writes::of(backend, part));
            let (written, next) = join!(self.write_part(txn, before), parts.next());
            written?;
            keys = next.map_err(WriteError::from)?;
            before = made.await.map_err(|error| WriteError::from(StoreError::Failed(error.into())))??;
        }
        self.write_part(txn, before).await
    }

    async fn write_part(&self, txn: &Transaction, writes: Writes) -> Result<(), Failure> {
        timeout(self.time_limit, writes.run(txn)).await.map_err(|_| WriteError::from(out_of_time()))?
    }
}

/// How often the people of a part are read. A person who was locked after one read does not change before the next.
const LOOKS: u32 = 8;

/// Makes `PostgreSQL` plan again how it checks foreign keys, and by indexes. This connection may have done so when there
/// were few rows: then it would read all of them for each new row.
async fn plan_again(txn: &impl ConnectionTrait) -> Result<(), DbErr> {
    if txn.get_database_backend() == DbBackend::Postgres {
        // No builder knows these statements.
        txn.execute_unprepared("DISCARD PLANS").await?;
        txn.execute_unprepared("SET LOCAL enable_seqscan = off").await?;
    }
    Ok(())
}

/// How `PostgreSQL` plans from here on: each execution anew, or as it likes. It would keep the plan of the first
/// look-ups, when the tables may have few rows, and later read every row for each part. But what it plans for itself, to check
/// foreign keys, it has to keep: to plan that anew takes longer than to insert a row.
async fn plan_each(txn: &impl ConnectionTrait, each: bool) -> Result<(), DbErr> {
    if txn.get_database_backend() == DbBackend::Postgres {
        // No builder knows these statements.
        let mode = if each { "force_custom_plan" } else { "auto" };
        txn.execute_unprepared(&format!("SET LOCAL plan_cache_mode = {mode}")).await?;
    }
    Ok(())
}

async fn look_up(txn: &impl ConnectionTrait, keys: &ImportKeys) -> Result<Vec<QueryResult>, DbErr> {
    let backend = txn.get_database_backend();
    let phones: Vec<_> = keys.phones.iter().map(|phone| phone.as_str().into()).collect();
    let emails: Vec<_> = keys.emails.iter().map(|email| email.as_str().into()).collect();
    let mut people = Vec::new();
    plan_each(txn, true).await?;
    if !phones.is_empty() {
        let is_theirs = is_any_of(backend, customer::Column::Phone, phones)?;
        people.append(&mut txn.query_all(people::select().cond_where(is_theirs)).await?);
    }
    if !emails.is_empty() {
        let is_theirs = is_any_of(backend, admin_manager::Column::Email, emails)?;
        people.append(&mut txn.query_all(people::select().cond_where(is_theirs)).await?);
    }
    plan_each(txn, false).await?;
    Ok(people)
}

fn found(rows: &[QueryResult]) -> Result<ImportFound, StoreError> {
    let mut found = ImportFound::default();
    for row in rows {
        let Some(user) = people::read_user(Some(row))? else { continue };
        if let Some(phone) = user.customer().map(|customer| customer.phone.clone()) {
            found.customers.insert(phone, user);
        } else if let Some(email) = user.staff().map(|staff| staff.email.clone()) {
            found.staff.insert(email, user);
        }
    }
    Ok(found)
}

/// Locks the people of a part, and answers what the part writes. People who changed before the lock are judged again.
async fn judge(
    txn: &Transaction,
    keys: &ImportKeys,
    parts: &mut dyn ImportBatches,
    held: &mut Held,
) -> Result<ImportBatch, Failure> {
    let unknown = held.unknown(keys);
    for _ in 0..LOOKS {
        let mut found = found(&look_up(txn, &unknown).await?).map_err(WriteError::from)?;
        held.complete(&mut found, keys);
        let part = parts.judge(&found)?;
        // Locks are taken in one order everywhere: staff, customers.
        let managers = held.missing(assigned(&part));
        users::hold_active_managers(txn, &managers).await?;
        if hold_unchanged(txn, &part.updated).await? {
            held.add(&managers, found);
            return Ok(part);
        }
    }
    Err(WriteError::Stale.into())
}

/// Every manager who gets a customer, in the order of their ids.
fn assigned(part: &ImportBatch) -> BTreeSet<UserId> {
    let created = part.created.iter().filter_map(|user| user.customer()?.assigned_manager_id);
    created.chain(part.updated.iter().filter_map(|update| newly_assigned(&update.before, &update.after))).collect()
}

/// Locks these people until the transaction ends. Answers whether they still have the version that was read.
async fn hold_unchanged(txn: &Transaction, updates: &[Update]) -> Result<bool, DbErr> {
    if updates.is_empty() {
        return Ok(true);
    }
    let held = user::Entity::find()
        .select_only()
        .columns([user::Column::Id, user::Column::Version])
        .filter(user::Column::Id.is_in(updates.iter().map(|update| update.before.id.as_uuid())))
        .order_by_asc(user::Column::Id)
        .lock(LockType::Update);
    let versions: BTreeMap<Uuid, i64> = held.into_tuple().all(txn).await?.into_iter().collect();
    let is_unchanged = |update: &Update| versions.get(&update.before.id.as_uuid()) == Some(&update.before.version);
    Ok(updates.iter().all(is_unchanged))
}
