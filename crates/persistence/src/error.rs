//! Maps the errors of drivers to those of the domain. No other file does so.

use std::io;
use std::path::PathBuf;

use domain::Field;
use domain::store::{StoreError, WriteError};
use sea_orm::sqlx::error::{DatabaseError as DriverError, ErrorKind};
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, SqlxError, SqlxSqliteError};
use uuid::Uuid;

/// Why a database cannot be opened or brought to its schema.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The URL cannot be read. It is not repeated here, since it may hold a password.
    #[error("the database URL is not valid: {0}")]
    InvalidUrl(String),
    /// No driver for such a URL.
    #[error("unknown database `{0}:`; use sqlite:, postgres:, mysql: or mariadb:")]
    UnknownScheme(String),
    /// The driver was left out of this program.
    #[error("this program was built without {0}")]
    NoDriver(&'static str),
    /// The file of `SQLite` or its folder cannot be made or written.
    #[error("cannot write the database file {}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The database is on a server, which has tools of its own for backups.
    #[error("`clientele backup` copies SQLite; for {backend} use {tool}")]
    OtherBackup {
        /// What the database is.
        backend: &'static str,
        /// What makes copies of it.
        tool: &'static str,
    },
    /// `SQLite` knows no users, so nobody can be granted anything.
    #[error("SQLite has no users to grant anything to; the mode of its file (0600) says who may use it")]
    NoUsers,
    /// Migrations are missing, and the user of the URL may not make them.
    #[error(
        "the database lacks migrations, and this user may not make them: run `clientele migrate up` as the user who \
         owns the tables, and grant what `clientele migrate grants` prints"
    )]
    MayNotMigrate(#[source] StoreError),
    /// A newer program has migrated this database.
    #[error("the database has migrations that this program does not know: {}", .0.join(", "))]
    SchemaTooNew(Vec<String>),
    /// The database could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DbErr> for DatabaseError {
    fn from(error: DbErr) -> Self {
        Self::Store(store_error(&error))
    }
}

/// A row that this crate cannot have written. Somebody else has changed the database.
#[derive(Debug, thiserror::Error)]
#[error("inconsistent row {id} in {table}: {problem}")]
pub(crate) struct Inconsistency {
    pub(crate) table: &'static str,
    pub(crate) id: String,
    pub(crate) problem: &'static str,
}

impl Inconsistency {
    /// Makes errors about one row from what is wrong with it.
    pub(crate) fn of(table: &'static str, id: Uuid) -> impl Fn(&'static str) -> Self {
        move |problem| Self { table, id: id.to_string(), problem }
    }
}

impl From<Inconsistency> for StoreError {
    fn from(error: Inconsistency) -> Self {
        Self::Failed(Box::new(error))
    }
}

/// What ends a transaction early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The database did. The transaction may be worth another attempt.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// A rule did.
    #[error(transparent)]
    Refused(#[from] WriteError),
}

impl From<Inconsistency> for Failure {
    fn from(error: Inconsistency) -> Self {
        Self::Refused(WriteError::Store(error.into()))
    }
}

impl From<Failure> for WriteError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) => error,
            Failure::Database(error) => match unique_violation(&error).as_deref() {
                Some("uq_admin_managers_email") => Self::Taken(Field::Email),
                Some("uq_customers_phone") => Self::Taken(Field::Phone),
                Some("uq_idempotency_keys_caller_id_key_digest") => Self::Stale,
                _ if is_foreign_key_violation(&error) => Self::Gone,
                _ => Self::Store(store_error(&error)),
            },
        }
    }
}

/// The error of a deletion. If other rows still refer to the row, this is a failure and no rule that the caller broke.
pub(crate) fn not_deleted(error: DbErr) -> Failure {
    if is_foreign_key_violation(&error) {
        return WriteError::Store(store_error(&error)).into();
    }
    error.into()
}

/// Whether the database user lacks the right to do this.
pub(crate) fn is_denied(error: &DbErr) -> bool {
    driver_error(error).is_some_and(|error| match code(error) {
        Code::Postgres(code) => code == "42501",
        // A right on a database, on a table, on a column; a right of administrators.
        Code::MySql(number) => matches!(number, 1044 | 1142 | 1143 | 1227),
        _ => false,
    })
}

/// Whether a trigger of `MySQL`, or a missing right, prevented the change of an audit event.
pub(crate) fn is_kept(error: &DbErr) -> bool {
    is_denied(error) || driver_error(error).is_some_and(|error| matches!(code(error), Code::MySql(1644)))
}

/// The error when the database took longer than its time limit.
pub(crate) fn out_of_time() -> StoreError {
    StoreError::Unavailable("the time limit has passed".into())
}

pub(crate) fn store_error(error: &DbErr) -> StoreError {
    let message = message(error).into();
    if is_unavailable(error) { StoreError::Unavailable(message) } else { StoreError::Failed(message) }
}

/// Whether the transaction lost against another one and may succeed when it is run again.
pub(crate) fn is_conflict(error: &DbErr) -> bool {
    // Two requests for one code: the second one finds the challenge of the first when it runs again.
    if unique_violation(error).as_deref() == Some("uq_challenges_purpose_subject") {
        return true;
    }
    driver_error(error).is_some_and(|error| match code(error) {
        Code::Sqlite(5 | 6) => true,
        Code::Postgres(code) => matches!(code, "40001" | "40P01"),
        Code::MySql(number) => number == 1213,
        _ => false,
    })
}

/// Whether the connection is gone, so that another may have an answer.
pub(crate) fn is_lost(error: &SqlxError) -> bool {
    match error {
        SqlxError::Io(_) | SqlxError::Protocol(_) | SqlxError::PoolClosed | SqlxError::WorkerCrashed => true,
        // Class 57: ended by an operator. 1927: killed.
        SqlxError::Database(error) => match code(&**error) {
            Code::Postgres(code) => code.starts_with("57P"),
            Code::MySql(number) => matches!(number, 1053 | 1927),
            _ => false,
        },
        _ => false,
    }
}

fn is_unavailable(error: &DbErr) -> bool {
    match error {
        DbErr::ConnectionAcquire(ConnAcquireErr::Timeout | ConnAcquireErr::ConnectionClosed) => true,
        _ => sqlx_error(error).is_some_and(|error| match error {
            SqlxError::Io(_)
            | SqlxError::Tls(_)
            | SqlxError::Protocol(_)
            | SqlxError::PoolTimedOut
            | SqlxError::PoolClosed
            | SqlxError::WorkerCrashed => true,
            SqlxError::Database(error) => is_temporary(&**error),
            _ => false,
        }),
    }
}

fn is_temporary(error: &dyn DriverError) -> bool {
    match code(error) {
        // BUSY, LOCKED, IOERR, FULL, CANTOPEN
        Code::Sqlite(code) => matches!(code, 5 | 6 | 10 | 13 | 14),
        // Classes: connection, rollback (retried in vain), resources, operator (also a
        // statement out of time). Codes: lock not available, standby, idle in transaction.
        Code::Postgres(code) => {
            matches!(code.get(..2), Some("08" | "40" | "53" | "57")) || matches!(code, "55P03" | "25006" | "25P03")
        }
        // Full disk or table, too many connections, shutdown, read-only, locks and statements out of time, killed.
        Code::MySql(number) => matches!(
            number,
            1021 | 1040 | 1053 | 1114 | 1203 | 1205 | 1213 | 1226 | 1290 | 1317 | 1836 | 1927 | 1969 | 3024 | 4031
        ),
        Code::Unknown => false,
    }
}

/// The code of an error: the primary code of `SQLite`, the `SQLSTATE` of `PostgreSQL`, or the number of `MySQL`.
enum Code<'e> {
    Sqlite(i32),
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "no PostgreSQL in this build"))]
    Postgres(&'e str),
    #[cfg_attr(not(feature = "mysql"), expect(dead_code, reason = "no MySQL in this build"))]
    MySql(u16),
    Unknown,
}

fn code(error: &dyn DriverError) -> Code<'_> {
    #[cfg(feature = "postgres")]
    if let Some(error) = error.try_downcast_ref::<sea_orm::SqlxPostgresError>() {
        return Code::Postgres(error.code());
    }
    #[cfg(feature = "mysql")]
    if let Some(error) = error.try_downcast_ref::<sea_orm::SqlxMySqlError>() {
        return Code::MySql(error.number());
    }
    let extended = error.try_downcast_ref::<SqlxSqliteError>().and_then(DriverError::code);
    extended.and_then(|code| code.parse::<i32>().ok()).map_or(Code::Unknown, |code| Code::Sqlite(code & 0xff))
}

/// Whether a row refers to a row that does not exist, or is still referred to. `SQLite` does not say by which key.
fn is_foreign_key_violation(error: &DbErr) -> bool {
    driver_error(error).is_some_and(|error| error.kind() == ErrorKind::ForeignKeyViolation)
}

/// The name of the unique constraint that a write violated.
fn unique_violation(error: &DbErr) -> Option<String> {
    let error = driver_error(error)?;
    if error.kind() != ErrorKind::UniqueViolation {
        return None;
    }
    match code(error) {
        Code::Sqlite(_) => error.message().split_once("failed: ").map(|(_, columns)| sqlite_constraint(columns)),
        // Duplicate entry 'value' for key 'table.name'. The value may hold anything, so the key is read from the end.
        Code::MySql(_) => {
            let key = error.message().rsplit('\'').nth(1)?;
            Some(key.rsplit('.').next().unwrap_or(key).to_owned())
        }
        Code::Postgres(_) | Code::Unknown => error.constraint().map(ToOwned::to_owned),
    }
}

/// The name of our constraint from the columns that `SQLite` names, such as `t.a, t.b`.
fn sqlite_constraint(columns: &str) -> String {
    let table = columns.split('.').next().unwrap_or_default();
    let names: Vec<_> = columns.split(", ").filter_map(|column| column.split('.').nth(1)).collect();
    format!("uq_{table}_{}", names.join("_"))
}

/// The message for the log. It holds no values, which some messages of MySQL repeat.
fn message(error: &DbErr) -> String {
    match driver_error(error) {
        Some(driver) => match code(driver) {
            Code::MySql(number @ (1062 | 1264 | 1292 | 1366 | 1406)) => {
                let constraint = unique_violation(error).unwrap_or_default();
                format!("MySQL error {number} {constraint}").trim_end().to_owned()
            }
            _ => error.to_string(),
        },
        None => error.to_string(),
    }
}

fn driver_error(error: &DbErr) -> Option<&dyn DriverError> {
    sqlx_error(error).and_then(SqlxError::as_database_error)
}

fn sqlx_error(error: &DbErr) -> Option<&SqlxError> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

/// Refuses when the row was no longer as the caller saw it.
pub(crate) fn stale_unless(written: bool) -> Result<(), Failure> {
    if written { Ok(()) } else { Err(WriteError::Stale.into()) }
}
