//! Which database a URL means, and its connections.

use std::time::Duration;

#[cfg(feature = "mysql")]
use sea_orm::sqlx::mysql::{MySql, MySqlConnectOptions, MySqlSslMode};
use sea_orm::sqlx::pool::PoolOptions;
#[cfg(feature = "postgres")]
use sea_orm::sqlx::postgres::{PgConnectOptions, PgSslMode, Postgres};
use sea_orm::sqlx::sqlite::{Sqlite, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{ConnectOptions, Connection, Database, Pool};
use sea_orm::{DatabaseConnection, DbErr, RuntimeErr, SqlxError};
use tokio::time::sleep;

use crate::error::{DatabaseError, is_conflict};
use crate::options::{Options, STATEMENT_CACHE, Server};
#[cfg(any(feature = "mysql", feature = "postgres"))]
use crate::server_url;
use crate::sqlite_file::create;

/// A connection that was idle for so long is tested before it is used.
#[cfg(any(feature = "mysql", feature = "postgres"))]
const TRIED_OUT_AFTER: Duration = Duration::from_secs(30);

/// A database that a URL names. Never printed, since it may hold a password.
#[derive(Clone)]
pub(crate) enum Target {
    Sqlite(Box<SqliteConnectOptions>),
    #[cfg(feature = "postgres")]
    Postgres(Box<PgConnectOptions>),
    #[cfg(feature = "mysql")]
    MySql(Box<MySqlConnectOptions>),
}

impl Target {
    pub(crate) fn parse(url: &str) -> Result<Self, DatabaseError> {
        let Some((scheme, rest)) = url.split_once(':') else {
            return Err(DatabaseError::InvalidUrl("it does not begin with `sqlite:` or the like".to_owned()));
        };
        match scheme {
            "sqlite" => sqlite(url),
            #[cfg(feature = "postgres")]
            "postgres" | "postgresql" => Ok(Self::Postgres(Box::new(server(&format!("postgres:{rest}"))?))),
            #[cfg(feature = "mysql")]
            "mysql" | "mariadb" => Ok(Self::MySql(Box::new(server(&format!("mysql:{rest}"))?))),
            #[cfg(not(feature = "postgres"))]
            "postgres" | "postgresql" => Err(DatabaseError::NoDriver("PostgreSQL")),
            #[cfg(not(feature = "mysql"))]
            "mysql" | "mariadb" => Err(DatabaseError::NoDriver("MySQL")),
            _ => {
                // A URL without a scheme may begin with anything, a password included.
                let _ = rest;
                let is_name = scheme.len() <= 16 && scheme.bytes().all(|b| b.is_ascii_alphanumeric());
                Err(DatabaseError::UnknownScheme(if is_name { scheme } else { "…" }.to_owned()))
            }
        }
    }

    /// The server of the URL. A file of SQLite has none.
    pub(crate) fn server(&self) -> Option<Server> {
        match self {
            Self::Sqlite(_) => None,
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => Some(Server {
                is_remote: server.get_socket().is_none() && !server_url::is_local(server.get_host()),
                requires_tls: !matches!(
                    server.get_ssl_mode(),
                    PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer
                ),
                tls_option: "sslmode=verify-full",
                has_unknown_options: false,
            }),
            #[cfg(feature = "mysql")]
            Self::MySql(server) => Some(Server {
                is_remote: server.get_socket().is_none() && !server_url::is_local(server.get_host()),
                requires_tls: !matches!(server.get_ssl_mode(), MySqlSslMode::Disabled | MySqlSslMode::Preferred),
                tls_option: "ssl-mode=VERIFY_IDENTITY",
                has_unknown_options: false,
            }),
        }
    }

    /// The connections that write and those that read. On servers they are the same.
    pub(crate) async fn open(
        &self,
        options: &Options,
    ) -> Result<(DatabaseConnection, DatabaseConnection), DatabaseError> {
        match self {
            Self::Sqlite(file) => {
                create(file.get_filename())?;
                let writer = sqlite_writer(file, options.acquire_timeout).await?;
                Ok((writer, sqlite_readers(file, options.acquire_timeout).await?))
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => {
                let pool = postgres(server, options).await?;
                Ok((pool.clone(), pool))
            }
            #[cfg(feature = "mysql")]
            Self::MySql(server) => {
                let pool = mysql(server, options).await?;
                Ok((pool.clone(), pool))
            }
        }
    }

    /// How many connections write.
    #[cfg_attr(
        not(any(feature = "mysql", feature = "postgres")),
        expect(unused_variables, reason = "SQLite has one, whatever is asked for")
    )]
    pub(crate) fn connections(&self, options: &Options) -> usize {
        match self {
            Self::Sqlite(_) => 1,
            #[cfg(any(feature = "mysql", feature = "postgres"))]
            _ => options.max_connections as usize,
        }
    }

    /// One connection for copies. It neither creates nor changes the file of `SQLite`.
    pub(crate) async fn open_as_it_is(&self) -> Result<DatabaseConnection, DatabaseError> {
        match self {
            // Not read-only, because the last connection to close cleans up, for which it has to write.
            Self::Sqlite(file) => {
                let connection = sqlite_connection(file).read_only(false);
                Ok(open(lasting_pool::<Sqlite>(1, Duration::from_secs(10)), connection).await?)
            }
            #[cfg(any(feature = "mysql", feature = "postgres"))]
            _ => self.open_one().await,
        }
    }

    /// One connection without time limits, for migrations.
    pub(crate) async fn open_one(&self) -> Result<DatabaseConnection, DatabaseError> {
        let patience = Duration::from_secs(10);
        match self {
            Self::Sqlite(file) => {
                create(file.get_filename())?;
                Ok(sqlite_writer(file, patience).await?)
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => Ok(open(lasting_pool::<Postgres>(1, patience), (**server).clone()).await?),
            #[cfg(feature = "mysql")]
            Self::MySql(server) => Ok(open(lasting_pool::<MySql>(1, patience), (**server).clone()).await?),
        }
    }
}

async fn open<DB: Database>(
    pool: PoolOptions<DB>,
    server: <DB::Connection as Connection>::Options,
) -> Result<DatabaseConnection, DbErr>
where
    Pool<DB>: Into<DatabaseConnection>,
{
    let pool = pool.connect_with(server).await;
    pool.map(Into::into).map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))
}

#[cfg(any(feature = "mysql", feature = "postgres"))]
fn server<O: ConnectOptions>(url: &str) -> Result<O, DatabaseError> {
    O::from_url(&server_url::parse(url)?)
        .map(ConnectOptions::disable_statement_logging)
        .map_err(|_| DatabaseError::InvalidUrl("an option of it cannot be read".to_owned()))
}

fn sqlite(url: &str) -> Result<Target, DatabaseError> {
    let file: SqliteConnectOptions =
        url.parse().map_err(|error: SqlxError| DatabaseError::InvalidUrl(error.to_string()))?;
    let path = file.get_filename();
    if path.as_os_str().is_empty() {
        return Err(DatabaseError::InvalidUrl("it names no file".to_owned()));
    }
    if url.contains(":memory:") || url.contains("mode=memory") {
        let reason = "a database in memory cannot be used, because its connections would not share it; name a file";
        return Err(DatabaseError::InvalidUrl(reason.to_owned()));
    }
    Ok(Target::Sqlite(Box::new(file.disable_statement_logging())))
}

async fn sqlite_writer(file: &SqliteConnectOptions, patience: Duration) -> Result<DatabaseConnection, DbErr> {
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

async fn sqlite_readers(file: &SqliteConnectOptions, patience: Duration) -> Result<DatabaseConnection, DbErr> {
    let connection = sqlite_connection(file).read_only(true).pragma("query_only", "ON");
    open(lasting_pool::<Sqlite>(4, patience), connection).await
}

fn sqlite_connection(file: &SqliteConnectOptions) -> SqliteConnectOptions {
    file.clone()
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .statement_cache_capacity(STATEMENT_CACHE)
        .pragma("temp_store", "MEMORY")
        .pragma("cache_size", "-16384")
        .pragma("mmap_size", (256 << 20).to_string())
}

/// A pool whose connections stay open. Those to a file do not age, and one that holds a lock must not be replaced.
fn lasting_pool<DB: Database>(size: u32, patience: Duration) -> PoolOptions<DB> {
    PoolOptions::new()
        .max_connections(size)
        .acquire_timeout(patience)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

#[cfg(feature = "postgres")]
async fn postgres(server: &PgConnectOptions, options: &Options) -> Result<DatabaseConnection, DbErr> {
    let milliseconds = |limit: Duration| limit.as_millis().to_string();
    let connection = server.clone().statement_cache_capacity(options.statement_cache).options([
        ("statement_timeout", milliseconds(options.statement_timeout)),
        ("lock_timeout", milliseconds(options.lock_timeout)),
        ("idle_in_transaction_session_timeout", milliseconds(options.idle_timeout)),
    ]);
    open(server_pool::<Postgres>(options), connection).await
}

#[cfg(feature = "mysql")]
async fn mysql(server: &MySqlConnectOptions, options: &Options) -> Result<DatabaseConnection, DbErr> {
    use sea_orm::sqlx::{AssertSqlSafe, Executor as _};

    let connection =
        server.clone().statement_cache_capacity(options.statement_cache).charset("utf8mb4").collation("utf8mb4_bin");
    // MariaDB runs the first comment and MySQL the second, because their limits have different names. The text holds
    // only numbers and names, so it is safe.
    let limits = format!(
        "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), SESSION innodb_lock_wait_timeout = {lock} \
         /*M!, SESSION max_statement_time = {statement}, SESSION idle_transaction_timeout = {idle} */ \
         /*!80000 , SESSION max_execution_time = {milliseconds} */",
        lock = options.lock_timeout.as_secs().max(1),
        statement = options.statement_timeout.as_secs_f32(),
        idle = options.idle_timeout.as_secs().max(1),
        milliseconds = options.statement_timeout.as_millis(),
    );
    let pool = server_pool::<MySql>(options).after_connect(move |connection, _| {
        let limits = AssertSqlSafe(limits.clone());
        Box::pin(async move {
            connection.execute(limits).await?;
            // As on PostgreSQL: a statement sees what was committed before it began, and gaps are not locked.
            connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
            Ok(())
        })
    });
    open(pool, connection).await
}

#[cfg(any(feature = "mysql", feature = "postgres"))]
fn server_pool<DB: Database>(options: &Options) -> PoolOptions<DB> {
    PoolOptions::new()
        .max_connections(options.max_connections)
        .acquire_timeout(options.acquire_timeout)
        .test_before_acquire(false)
        .before_acquire(|connection: &mut DB::Connection, about| {
            Box::pin(async move {
                if about.idle_for >= TRIED_OUT_AFTER {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectionTrait, DbBackend, Statement};

    use super::*;
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
