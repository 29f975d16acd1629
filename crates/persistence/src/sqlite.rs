//! Connections to the file of `SQLite`.

use std::path::Path;
use std::time::Duration;

use sea_orm::sqlx::ConnectOptions as _;
use sea_orm::sqlx::sqlite::{Sqlite, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{DatabaseConnection, DbErr};
use tokio::time::sleep;

use crate::error::is_conflict;
use crate::options::STATEMENT_CACHE;
use crate::pools::{lasting_pool, open};

/// Of all connections, however they are opened.
pub(crate) const PRAGMAS: [(&str, &str); 3] =
    [("temp_store", "MEMORY"), ("cache_size", "-16384"), ("mmap_size", "268435456")];

pub(crate) async fn sqlite_writer(
    file: &SqliteConnectOptions,
    patience: Duration,
) -> Result<DatabaseConnection, DbErr> {
    let connection = sqlite_connection(file)
        .read_only(false)
        .journal_mode(SqliteJournalMode::Wal)
        // An acknowledged write survives a power cut.
        .synchronous(SqliteSynchronous::Full)
        .pragma("journal_size_limit", (64 << 20).to_string());
    // A new file is switched to WAL under a lock for which SQLite does not wait.
    let mut attempt = 1;
    loop {
        match open(lasting_pool::<Sqlite>(1, patience), connection.clone()).await {
            Err(error) if attempt < 50 && is_conflict(&error) => sleep(Duration::from_millis(20)).await,
            opened => return opened,
        }
        attempt += 1;
    }
}

pub(crate) async fn sqlite_readers(
    file: &SqliteConnectOptions,
    patience: Duration,
) -> Result<DatabaseConnection, DbErr> {
    open(lasting_pool::<Sqlite>(4, patience), sqlite_reader(file)).await
}

pub(crate) fn sqlite_reader(file: &SqliteConnectOptions) -> SqliteConnectOptions {
    sqlite_connection(file).read_only(true).pragma("query_only", "ON")
}

pub(crate) fn sqlite_connection(file: &SqliteConnectOptions) -> SqliteConnectOptions {
    let connection = file
        .clone()
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .statement_cache_capacity(STATEMENT_CACHE);
    PRAGMAS.into_iter().fold(connection, |connection, (name, value)| connection.pragma(name, value))
}

/// Where the file is, if its URL asks for no other way to open it, such as other locks.
pub(crate) fn plain_file(file: &SqliteConnectOptions) -> Option<&Path> {
    let url = file.to_url_lossy();
    let is_usual = |(name, value): (&str, &str)| name == "mode" || (name, value) == ("cache", "private");
    url.query_pairs().all(|(name, value)| is_usual((&name, &value))).then(|| file.get_filename())
}

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectionTrait, DbBackend, Statement};

    use super::*;
    use crate::connect::Target;
    use crate::sqlite_file::create;
    use crate::testing::TestDatabase;

    #[tokio::test]
    async fn what_is_acknowledged_on_sqlite_is_synced_to_the_disk() {
        let test = TestDatabase::sqlite();
        let Target::Sqlite(file) = Target::parse(test.url()).unwrap() else { panic!("no SQLite") };
        create(file.get_filename()).unwrap();
        let writer = sqlite_writer(&file, Duration::from_secs(10)).await.unwrap();
        let pragma = async |name: &str| {
            let statement = Statement::from_string(DbBackend::Sqlite, format!("PRAGMA {name}"));
            writer.query_one_raw(statement).await.unwrap().unwrap()
        };
        assert_eq!(pragma("journal_mode").await.try_get_by_index::<String>(0).unwrap(), "wal");
        let synchronous: i64 = pragma("synchronous").await.try_get_by_index(0).unwrap();
        assert_eq!(synchronous, 2, "FULL: at every commit, also in WAL");
    }
}
