//! The values of a row by their position, whichever library has read it.

use domain::Timestamp;
use domain::store::StoreError;
use rusqlite::types::ValueRef;
use sea_orm::{DbErr, QueryResult, TryGetable};
use serde_json::Value;
use uuid::Uuid;

/// A row.
pub(crate) trait Cells {
    /// The value at a position, from 0.
    fn cell<T: Cell>(&self, at: usize) -> Result<T, DbErr>;
}

/// What is read of a whole row.
pub(crate) trait FromCells: Sized {
    fn read(row: &impl Cells) -> Result<Self, StoreError>;
}

/// A value of a row.
pub(crate) trait Cell: TryGetable {
    /// Reads it as `sqlx` writes it to `SQLite`; `None` for everything else, some of which `sqlx` can read too.
    fn of_file(stored: ValueRef<'_>) -> Option<Self>;
}

impl Cells for QueryResult {
    fn cell<T: Cell>(&self, at: usize) -> Result<T, DbErr> {
        self.try_get_by_index(at)
    }
}

impl Cells for rusqlite::Row<'_> {
    fn cell<T: Cell>(&self, at: usize) -> Result<T, DbErr> {
        let stored = self.get_ref(at).ok().and_then(T::of_file);
        stored.ok_or_else(|| DbErr::Type(format!("column {at} cannot be read")))
    }
}

fn text(stored: ValueRef<'_>) -> Option<&str> {
    if let ValueRef::Text(text) = stored { str::from_utf8(text).ok() } else { None }
}

impl Cell for i64 {
    fn of_file(stored: ValueRef<'_>) -> Option<Self> {
        if let ValueRef::Integer(number) = stored { Some(number) } else { None }
    }
}

impl Cell for bool {
    fn of_file(stored: ValueRef<'_>) -> Option<Self> {
        i64::of_file(stored).map(|number| number != 0)
    }
}

impl Cell for String {
    fn of_file(stored: ValueRef<'_>) -> Option<Self> {
        text(stored).map(str::to_owned)
    }
}

impl Cell for Uuid {
    fn of_file(stored: ValueRef<'_>) -> Option<Self> {
        if let ValueRef::Blob(bytes) = stored { Self::from_slice(bytes).ok() } else { None }
    }
}

impl Cell for Timestamp {
    fn of_file(stored: ValueRef<'_>) -> Option<Self> {
        let time = chrono::DateTime::parse_from_rfc3339(text(stored)?);
        time.ok().map(|time| time.to_utc())
    }
}

impl Cell for Value {
    fn of_file(stored: ValueRef<'_>) -> Option<Self> {
        text(stored).and_then(|text| serde_json::from_str(text).ok())
    }
}

impl<T: Cell> Cell for Option<T> {
    fn of_file(stored: ValueRef<'_>) -> Option<Self> {
        if stored == ValueRef::Null { Some(None) } else { T::of_file(stored).map(Some) }
    }
}
