//! A file of SQLite, filled by one transaction for each table.

use std::path::Path;

use rusqlite::types::{ToSqlOutput, Value as Stored};
use rusqlite::{Connection, ToSql, params_from_iter};

use super::value::{Rows, Value};
use crate::outcome::Outcome;

pub(super) fn insert(file: &Path, table: &str, columns: &[&str], rows: Rows) -> Outcome<()> {
    let mut connection = Connection::open(file)?;
    let transaction = connection.transaction()?;
    let places = vec!["?"; columns.len()].join(", ");
    let mut insert = transaction.prepare(&format!("INSERT INTO {table} ({}) VALUES ({places})", columns.join(", ")))?;
    for row in rows {
        insert.execute(params_from_iter(row))?;
    }
    drop(insert);
    Ok(transaction.commit()?)
}

pub(super) fn settle(file: &Path) -> Outcome<()> {
    Ok(Connection::open(file)?.execute_batch("ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)")?)
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(match self {
            Self::Null => Stored::Null,
            Self::Id(id) => Stored::Blob(id.as_bytes().to_vec()),
            Self::Text(text) | Self::Json(text) => Stored::Text(text.clone()),
            Self::Bool(flag) => Stored::Integer((*flag).into()),
            Self::Number(number) => Stored::Integer(*number),
            Self::Time(time) => Stored::Text(time.to_rfc3339()),
            Self::Bytes(bytes) => Stored::Blob(bytes.clone()),
        }))
    }
}
