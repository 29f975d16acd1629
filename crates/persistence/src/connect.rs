//! Which database a URL means, and its connections.

#[cfg(feature = "postgres")]
use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::ConnectOptions;
#[cfg(feature = "mysql")]
use sea_orm::sqlx::mysql::{MySql, MySqlConnectOptions, MySqlSslMode};
#[cfg(feature = "postgres")]
use sea_orm::sqlx::postgres::{PgConnectOptions, PgSslMode, Postgres};
use sea_orm::sqlx::sqlite::{Sqlite, SqliteConnectOptions};
use sea_orm::{DatabaseConnection, SqlxError};

use crate::connection::Connector;
use crate::error::DatabaseError;
#[cfg(feature = "mysql")]
use crate::mysql::{MySqlLimits, mysql_connection, mysql_pool};
use crate::options::{MAX_PER_THREAD, Options, Server};
#[cfg(feature = "postgres")]
use crate::pipeline;
#[cfg(feature = "postgres")]
use crate::pools::server_pool;
use crate::pools::{lasting_pool, open};
#[cfg(any(feature = "mysql", feature = "postgres"))]
use crate::server_url;
use crate::sqlite::{sqlite_connection, sqlite_reader, sqlite_readers, sqlite_writer};
use crate::sqlite_file::create;

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
                let pool = open(server_pool::<Postgres>(options), postgres(server, options)).await?;
                Ok((pool.clone(), pool))
            }
            #[cfg(feature = "mysql")]
            Self::MySql(server) => {
                let pool = mysql_pool(server, options).await?;
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
            _ => options.shared_connections() as usize,
        }
    }

    /// What opens connections for the threads that serve requests.
    #[cfg_attr(
        not(any(feature = "mysql", feature = "postgres")),
        expect(unused_variables, reason = "SQLite has no limits")
    )]
    pub(crate) fn connector(&self, options: &Options) -> Connector {
        match self {
            Self::Sqlite(file) => Connector::Sqlite(Box::new(sqlite_reader(file))),
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => {
                let server = postgres(server, options);
                let target = pipeline::Target::of(&server, options).map(Arc::new);
                Connector::Postgres(Box::new(server), target)
            }
            #[cfg(feature = "mysql")]
            Self::MySql(server) => {
                Connector::MySql(Box::new(mysql_connection(server, options)), MySqlLimits::of(options))
            }
        }
    }

    /// How many connections each of these threads has.
    pub(crate) fn connections_per_thread(&self, options: &Options) -> usize {
        match self {
            Self::Sqlite(_) if options.threads == 0 => 0,
            Self::Sqlite(_) => MAX_PER_THREAD,
            #[cfg(any(feature = "mysql", feature = "postgres"))]
            _ => options.connections_per_thread(),
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

#[cfg(feature = "postgres")]
fn postgres(server: &PgConnectOptions, options: &Options) -> PgConnectOptions {
    let milliseconds = |limit: Duration| limit.as_millis().to_string();
    server.clone().statement_cache_capacity(options.statement_cache).options([
        ("statement_timeout", milliseconds(options.statement_timeout)),
        ("lock_timeout", milliseconds(options.lock_timeout)),
        ("idle_in_transaction_session_timeout", milliseconds(options.idle_timeout)),
    ])
}
