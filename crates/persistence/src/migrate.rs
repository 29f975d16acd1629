//! Bringing a database to its schema and back, one process at a time.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::store::StoreError;
use migration::Migrator;
use sea_orm::sea_query::Query;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait,
};
use sea_orm_migration::{IntoSchemaManagerConnection, MigratorTrait, SchemaManager};
use tokio::time::{sleep, timeout};

use crate::connect::Target;
use crate::error::{DatabaseError, is_denied, store_error};

/// Which migrations a database has, by name, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// Known to this program and applied.
    pub applied: Vec<String>,
    /// Known to this program and not applied.
    pub pending: Vec<String>,
    /// Applied by a newer program.
    pub unknown: Vec<String>,
}

impl Schema {
    /// Whether this is the schema that this program knows.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.pending.is_empty() && self.unknown.is_empty()
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Step {
    Up,
    Down(Option<u32>),
    Fresh,
}

/// The number of our lock, to tell it from other locks on the same server.
const LOCK: i64 = 0x636c_6965_6e74;

/// How long to wait for another process that migrates.
const PATIENCE: Duration = Duration::from_mins(10);
/// How often the lock is tried. The time limits of some servers would end a statement that waits for it.
const INTERVAL: Duration = Duration::from_millis(100);

/// Reads which migrations a database has.
pub(crate) async fn read<'c, C>(connection: &'c C) -> Result<Schema, DbErr>
where
    C: ConnectionTrait,
    &'c C: IntoSchemaManagerConnection<'c>,
{
    let table = Migrator::migration_table_name();
    let mut found = BTreeSet::new();
    if SchemaManager::new(connection).has_table(table.to_string()).await? {
        let select = Query::select().column("version").from(table).take();
        for row in connection.query_all(&select).await? {
            found.insert(row.try_get::<String>("", "version")?);
        }
    }
    let known = Migrator::migrations().into_iter().map(|migration| migration.name().to_owned());
    let (applied, pending) = known.partition(|name| found.remove(name));
    Ok(Schema { applied, pending, unknown: found.into_iter().collect() })
}

/// Takes the step on a connection of its own, in one transaction where the backend can. Others who want to migrate
/// wait.
pub(crate) async fn migrate(target: &Target, step: Step) -> Result<(), DatabaseError> {
    let connection = target.open_one().await?;
    let result = take_locked(&connection, step).await;
    let closed = connection.close().await;
    result?;
    Ok(closed?)
}

async fn take_locked(connection: &DatabaseConnection, step: Step) -> Result<(), DatabaseError> {
    // On MySQL each statement that changes the schema commits, but the transaction keeps the
    // connection, to which the lock belongs.
    let mode = Some(SqliteTransactionMode::Immediate);
    let options = TransactionOptions { sqlite_transaction_mode: mode, ..TransactionOptions::default() };
    let txn = connection.begin_with_options(options).await?;
    lift_limits(&txn).await?;
    lock(&txn).await?;
    take(&txn, step).await?;
    // A lock of MySQL ends with its connection, which is closed next; one of PostgreSQL with the transaction.
    Ok(txn.commit().await?)
}

async fn take(txn: &DatabaseTransaction, step: Step) -> Result<(), DatabaseError> {
    let schema = read(txn).await?;
    if !schema.unknown.is_empty() {
        return Err(DatabaseError::SchemaTooNew(schema.unknown));
    }
    run(txn, step).await.map_err(|error| {
        if is_denied(&error) { DatabaseError::MayNotMigrate(store_error(&error)) } else { error.into() }
    })
}

async fn run(txn: &DatabaseTransaction, step: Step) -> Result<(), DbErr> {
    match step {
        Step::Up => Migrator::up(txn, None).await,
        Step::Down(Some(steps)) => Migrator::down(txn, Some(steps)).await,
        Step::Down(None) => Migrator::reset(txn).await,
        // Not the migrator's own `fresh`, which drops tables that are not ours too.
        Step::Fresh => {
            Migrator::reset(txn).await?;
            Migrator::up(txn, None).await
        }
    }
}

/// Lifts the time limits of the role and the database, because a migration may take long.
async fn lift_limits(txn: &DatabaseTransaction) -> Result<(), DbErr> {
    if txn.get_database_backend() == DbBackend::Postgres {
        for limit in ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"] {
            txn.execute_unprepared(&format!("SET LOCAL {limit} = 0")).await?;
        }
    }
    Ok(())
}

/// Waits until nobody else migrates.
async fn lock(txn: &DatabaseTransaction) -> Result<(), DatabaseError> {
    if try_lock(txn).await? {
        return Ok(());
    }
    tracing::info!("waiting for another process that migrates");
    let waited = timeout(PATIENCE, async {
        while !try_lock(txn).await? {
            sleep(INTERVAL).await;
        }
        Ok(())
    });
    let out_of_time = |_| StoreError::Unavailable("another process migrates".into());
    waited.await.map_err(out_of_time)?
}

/// Takes the lock if nobody has it. `SQLite` needs none, because only one immediate transaction runs at a time.
async fn try_lock(txn: &DatabaseTransaction) -> Result<bool, DatabaseError> {
    let backend = txn.get_database_backend();
    let sql = match backend {
        DbBackend::Postgres => {
            format!("SELECT CASE WHEN pg_try_advisory_xact_lock({LOCK}) THEN 1 ELSE 0 END::bigint AS held")
        }
        // Such locks are the server's, so the database is part of the name.
        DbBackend::MySql => {
            "SELECT CAST(GET_LOCK(CONCAT('clientele.', MD5(DATABASE())), 0) AS SIGNED) AS held".to_owned()
        }
        _ => return Ok(true),
    };
    let row = txn.query_one_raw(Statement::from_string(backend, sql)).await?;
    let held = row.map(|row| row.try_get::<Option<i64>>("", "held")).transpose()?.flatten();
    Ok(held == Some(1))
}
