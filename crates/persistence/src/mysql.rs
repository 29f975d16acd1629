//! Connections to `MySQL` and `MariaDB`.

use sea_orm::sqlx::mysql::{MySql, MySqlConnectOptions, MySqlConnection};
use sea_orm::sqlx::{AssertSqlSafe, Executor as _};
use sea_orm::{DatabaseConnection, DbErr, SqlxError};

use crate::options::Options;
use crate::pools::{open, server_pool};

pub(crate) fn mysql_connection(server: &MySqlConnectOptions, options: &Options) -> MySqlConnectOptions {
    server.clone().statement_cache_capacity(options.statement_cache).charset("utf8mb4").collation("utf8mb4_bin")
}

/// The statements that begin a connection to `MySQL` or `MariaDB`.
#[derive(Clone)]
pub(crate) struct MySqlLimits(String);

impl MySqlLimits {
    pub(crate) fn of(options: &Options) -> Self {
        // MariaDB runs the first comment and MySQL the second, because their limits have different names. The text holds
        // only numbers and names, so it is safe.
        Self(format!(
            "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), SESSION innodb_lock_wait_timeout = {lock} \
             /*M!, SESSION max_statement_time = {statement}, SESSION idle_transaction_timeout = {idle} */ \
             /*!80000 , SESSION max_execution_time = {milliseconds} */",
            lock = options.lock_timeout.as_secs().max(1),
            statement = options.statement_timeout.as_secs_f32(),
            idle = options.idle_timeout.as_secs().max(1),
            milliseconds = options.statement_timeout.as_millis(),
        ))
    }

    pub(crate) async fn set(&self, connection: &mut MySqlConnection) -> Result<(), SqlxError> {
        connection.execute(AssertSqlSafe(self.0.clone())).await?;
        // As on PostgreSQL: a statement sees what was committed before it began, and gaps are not locked.
        connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
        Ok(())
    }
}

pub(crate) async fn mysql_pool(server: &MySqlConnectOptions, options: &Options) -> Result<DatabaseConnection, DbErr> {
    let limits = MySqlLimits::of(options);
    let pool = server_pool::<MySql>(options).after_connect(move |connection, _| {
        let limits = limits.clone();
        Box::pin(async move { limits.set(connection).await })
    });
    open(pool, mysql_connection(server, options)).await
}
