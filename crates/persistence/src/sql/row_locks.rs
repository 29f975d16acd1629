//! Locks of rows, as each backend has them.

use sea_orm::sea_query::{LockType, SelectStatement};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult};

use crate::transaction::Transaction;

/// Reads rows that stay as they are until the transaction ends, though others may read them so as well.
pub(crate) async fn keep(txn: &Transaction, mut select: SelectStatement) -> Result<Vec<QueryResult>, DbErr> {
    match txn.get_database_backend() {
        DbBackend::MySql => {
            let mut statement = DbBackend::MySql.build(&select);
            // The builder knows only `FOR SHARE`, which MariaDB does not.
            statement.sql.push_str(" LOCK IN SHARE MODE");
            txn.query_all_raw(statement).await
        }
        // Nobody else writes to SQLite anyway.
        DbBackend::Sqlite => txn.query_all(&select).await,
        _ => txn.query_all(select.lock(LockType::Share)).await,
    }
}

/// The lock of a row that stays as it is. For statements of entities, which `MariaDB` can only give the stronger lock.
pub(crate) fn keeping(txn: &Transaction) -> LockType {
    if txn.get_database_backend() == DbBackend::Postgres { LockType::Share } else { LockType::Update }
}

/// The lock of a row that is written, but not removed: others may refer to it, where that is known.
pub(crate) fn for_writing(txn: &Transaction) -> LockType {
    if txn.get_database_backend() == DbBackend::Postgres { LockType::NoKeyUpdate } else { LockType::Update }
}
