//! A connection to the file of `SQLite` that is asked in the thread that wants to know.
//!
//! `sqlx` has a thread for each connection, and hands it each query and each row, of which it duplicates every value.
//! That takes four times as long as to read a page of people.
//!
//! Nobody depends on this connection. It neither waits nor works for long: a query that it has no answer for at once
//! is asked again of another connection, which has a thread of its own.

use std::path::PathBuf;
use std::time::Duration;

use chrono::SecondsFormat;
use domain::store::StoreError;
use rusqlite::types::{ToSqlOutput, Value as Stored, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, StatementStatus, ToSql, params_from_iter};
use sea_orm::sea_query::{OptionEnum, Value};
use sea_orm::{Statement, Values};

use crate::cells::FromCells;
use crate::options::STATEMENT_CACHE;
use crate::sqlite::PRAGMAS;

#[cfg(test)]
pub(crate) mod tests;

/// After so many instructions of its virtual machine a query is given up.
const MAX_STEPS: i32 = 50_000;

/// Where the file is.
pub(crate) struct FileToRead(pub(crate) PathBuf);

/// A connection that only reads.
pub(crate) struct FileReader(Connection);

/// Why there are no rows.
pub(crate) enum NotRead {
    /// It takes too long, or a lock, or a row is not as expected. The connection is as good as before.
    Now,
    /// The connection is to be closed.
    Broken,
}

impl From<rusqlite::Error> for NotRead {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            None | Some(ErrorCode::OperationInterrupted | ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::Now
            }
            Some(_) => Self::Broken,
        }
    }
}

impl From<StoreError> for NotRead {
    fn from(_: StoreError) -> Self {
        Self::Now
    }
}

impl FileToRead {
    /// Opens it as the other connections that read do, but without their patience.
    pub(crate) fn open(&self) -> Result<FileReader, NotRead> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_PRIVATE_CACHE;
        let connection = Connection::open_with_flags(&self.0, flags)?;
        connection.busy_timeout(Duration::ZERO)?;
        connection.pragma_update(None, "query_only", "ON")?;
        for (name, value) in PRAGMAS {
            connection.pragma_update(None, name, value)?;
        }
        connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
        connection.progress_handler(MAX_STEPS, Some(|| true))?;
        Ok(FileReader(connection))
    }
}

impl FileReader {
    /// The rows of a query.
    pub(crate) fn all<T: FromCells>(&self, query: &Statement) -> Result<Vec<T>, NotRead> {
        let mut statement = self.0.prepare_cached(&query.sql)?;
        // `SQLite` counts on from the last time that the statement ran.
        statement.reset_status(StatementStatus::VmStep);
        let values = query.values.as_ref().map_or(&[][..], |Values(values)| values);
        let mut rows = statement.query(params_from_iter(values.iter().map(Bound)))?;
        let mut read = Vec::new();
        while let Some(row) = rows.next()? {
            read.push(T::read(row)?);
        }
        Ok(read)
    }
}

/// A value, bound as `sqlx` binds it.
struct Bound<'v>(&'v Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let stored = match self.0 {
            Value::Bool(value) => value.map(|value| Stored::Integer(value.into())),
            Value::TinyInt(value) => value.map(|value| Stored::Integer(value.into())),
            Value::SmallInt(value) => value.map(|value| Stored::Integer(value.into())),
            Value::Int(value) => value.map(|value| Stored::Integer(value.into())),
            Value::BigInt(value) => value.map(Stored::Integer),
            Value::TinyUnsigned(value) => value.map(|value| Stored::Integer(value.into())),
            Value::SmallUnsigned(value) => value.map(|value| Stored::Integer(value.into())),
            Value::Unsigned(value) => value.map(|value| Stored::Integer(value.into())),
            Value::Float(value) => value.map(|value| Stored::Real(value.into())),
            Value::Double(value) => value.map(Stored::Real),
            Value::String(value) => return Ok(borrowed(value.as_deref().map(|text| ValueRef::Text(text.as_bytes())))),
            Value::Bytes(value) => return Ok(borrowed(value.as_deref().map(ValueRef::Blob))),
            Value::Uuid(value) => return Ok(borrowed(value.as_ref().map(|id| ValueRef::Blob(id.as_bytes())))),
            Value::Char(value) => value.map(|value| Stored::Text(value.into())),
            Value::Enum(OptionEnum::Some(value)) => Some(Stored::Text(value.value.to_string())),
            Value::Enum(OptionEnum::None(_)) => None,
            Value::ChronoDateTimeUtc(value) => {
                value.map(|time| Stored::Text(time.to_rfc3339_opts(SecondsFormat::AutoSi, false)))
            }
            // Not in what is read of people; which others there are depends on the features of the build.
            _ => return Err(rusqlite::Error::ToSqlConversionFailure("another kind of value".into())),
        };
        Ok(stored.map_or(borrowed(None), ToSqlOutput::Owned))
    }
}

fn borrowed(value: Option<ValueRef<'_>>) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(value.unwrap_or(ValueRef::Null))
}
