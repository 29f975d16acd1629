//! One connection of its own, outside of any pool.

#[cfg(feature = "postgres")]
use std::sync::Arc;

#[cfg(feature = "mysql")]
use sea_orm::sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
#[cfg(feature = "postgres")]
use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sea_orm::sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, query_with};
use sea_orm::{QueryResult, SqlxError, Statement, Values};
use sea_query_sqlx::SqlxValues;

use crate::file_reader::FileToRead;
#[cfg(feature = "mysql")]
use crate::mysql::MySqlLimits;
#[cfg(feature = "postgres")]
use crate::pipeline::Target;
use crate::sqlite::plain_file;

/// Opens connections to one database.
pub(crate) enum Connector {
    Sqlite(Box<SqliteConnectOptions>),
    #[cfg(feature = "postgres")]
    Postgres(Box<PgConnectOptions>, Option<Arc<Target>>),
    #[cfg(feature = "mysql")]
    MySql(Box<MySqlConnectOptions>, MySqlLimits),
}

impl Connector {
    pub(crate) async fn connect(&self) -> Result<Connection, SqlxError> {
        match self {
            Self::Sqlite(file) => Ok(Connection::Sqlite(file.connect().await?)),
            #[cfg(feature = "postgres")]
            Self::Postgres(server, _) => Ok(Connection::Postgres(Box::new(server.connect().await?))),
            #[cfg(feature = "mysql")]
            Self::MySql(server, limits) => {
                let mut connection = server.connect().await?;
                limits.set(&mut connection).await?;
                Ok(Connection::MySql(Box::new(connection)))
            }
        }
    }

    /// The file, where it can be read in the thread that wants to know.
    pub(crate) fn file(&self) -> Option<FileToRead> {
        match self {
            Self::Sqlite(file) => plain_file(file).map(|path| FileToRead(path.to_owned())),
            #[cfg(any(feature = "mysql", feature = "postgres"))]
            _ => None,
        }
    }

    /// The server, where queries to it can be pipelined.
    #[cfg(feature = "postgres")]
    pub(crate) fn pipeline(&self) -> Option<&Arc<Target>> {
        if let Self::Postgres(_, target) = self { target.as_ref() } else { None }
    }

    /// Whether connections end with the runtime that they were opened in. `SQLite` has a thread for each instead.
    pub(crate) fn is_of_a_runtime(&self) -> bool {
        !matches!(self, Self::Sqlite(_))
    }
}

/// A connection to one of the databases.
pub(crate) enum Connection {
    Sqlite(SqliteConnection),
    #[cfg(feature = "postgres")]
    Postgres(Box<PgConnection>),
    #[cfg(feature = "mysql")]
    MySql(Box<MySqlConnection>),
}

impl Connection {
    /// The rows of a query, which is prepared once and kept.
    pub(crate) async fn all(&mut self, statement: Statement) -> Result<Vec<QueryResult>, SqlxError> {
        // The text is made of ours by the query builder; what callers say is bound.
        let sql = AssertSqlSafe(statement.sql);
        let values = SqlxValues(statement.values.unwrap_or(Values(Vec::new())));
        match self {
            Self::Sqlite(connection) => Ok(results(query_with(sql, values).fetch_all(connection).await?)),
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => Ok(results(query_with(sql, values).fetch_all(&mut **connection).await?)),
            #[cfg(feature = "mysql")]
            Self::MySql(connection) => Ok(results(query_with(sql, values).fetch_all(&mut **connection).await?)),
        }
    }

    pub(crate) async fn ping(&mut self) -> Result<(), SqlxError> {
        match self {
            Self::Sqlite(connection) => connection.ping().await,
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => connection.ping().await,
            #[cfg(feature = "mysql")]
            Self::MySql(connection) => connection.ping().await,
        }
    }

    pub(crate) async fn close(self) -> Result<(), SqlxError> {
        match self {
            Self::Sqlite(connection) => connection.close().await,
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => connection.close().await,
            #[cfg(feature = "mysql")]
            Self::MySql(connection) => connection.close().await,
        }
    }
}

fn results<R: Into<QueryResult>>(rows: Vec<R>) -> Vec<QueryResult> {
    rows.into_iter().map(Into::into).collect()
}
