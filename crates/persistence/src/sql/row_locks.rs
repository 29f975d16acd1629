//! Locks on rows, as each backend has them.

use sea_orm::sea_query::{LockType, SelectStatement};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult};

use crate::transaction::Transaction;

/// Reads rows with a shared lock: they stay as they are until the transaction ends, and others may lock them the same
/// way.
pub(crate) async fn keep(txn: &Transaction, mut select: SelectStatement) -> Result<Vec<QueryResult>, DbErr> {
    match txn.get_database_backend() {
        DbBackend::MySql => {
            let mut statement = DbBackend::MySql.build(&select);
            // The builder knows only `FOR SHARE`, which MariaDB does not support.
            statement.sql.push_str(" LOCK IN SHARE MODE");
            txn.query_all_raw(statement).await
        }
        // On SQLite nobody else writes.
        DbBackend::Sqlite => txn.query_all(&select).await,
        _ => txn.query_all(select.lock(LockType::Share)).await,
    }
}

/// The lock for a row that stays as it is, in statements on entities. On `MariaDB` these have only the exclusive lock.
pub(crate) fn keeping(txn: &Transaction) -> LockType {
    if txn.get_database_backend() == DbBackend::Postgres { LockType::Share } else { LockType::Update }
}

/// The lock for a row that is written but not removed. On `PostgreSQL` other rows may refer to it meanwhile.
pub(crate) fn for_writing(txn: &Transaction) -> LockType {
    if txn.get_database_backend() == DbBackend::Postgres { LockType::NoKeyUpdate } else { LockType::Update }
}
