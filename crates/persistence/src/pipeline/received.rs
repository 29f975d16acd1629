//! Values of a row as `PostgreSQL` sends them: its binary format.

use std::borrow::Cow;
use std::error::Error;

use chrono::TimeDelta;
use domain::Timestamp;
use sea_orm::DbErr;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};

use super::bound::EPOCH;
use crate::cells::{Cell, Cells, unreadable};

impl Cells for Row {
    fn cell<T: Cell>(&self, at: usize) -> Result<T, DbErr> {
        let read = self.try_get::<_, Received<T>>(at).ok().and_then(|Received(value)| value);
        read.ok_or_else(|| unreadable(at))
    }

    fn text(&self, at: usize) -> Result<Option<Cow<'_, str>>, DbErr> {
        match self.try_get(at) {
            Ok(Lent(sent)) => Ok(sent.map(Cow::Borrowed)),
            Err(_) => Err(unreadable(at)),
        }
    }
}

/// A text that stays in its row, or NULL.
struct Lent<'a>(Option<&'a str>);

impl<'a> FromSql<'a> for Lent<'a> {
    fn from_sql(kind: &Type, sent: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        text(kind, Some(sent)).map(|text| Self(Some(text))).ok_or_else(|| "no text".into())
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(kind: &Type) -> bool {
        is_text(kind)
    }
}

/// What a value was read as, if it could be.
struct Received<T>(Option<T>);

impl<'a, T: Cell> FromSql<'a> for Received<T> {
    fn from_sql(kind: &Type, sent: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(T::of_server(kind, Some(sent))))
    }

    fn from_sql_null(kind: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(T::of_server(kind, None)))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

pub(crate) fn text<'s>(kind: &Type, sent: Option<&'s [u8]>) -> Option<&'s str> {
    if is_text(kind) { str::from_utf8(sent?).ok() } else { None }
}

fn is_text(kind: &Type) -> bool {
    matches!(*kind, Type::TEXT | Type::VARCHAR)
}

/// Microseconds since 2000. The least and the largest number mean infinity, which is no time of ours.
pub(crate) fn time(sent: &[u8]) -> Option<Timestamp> {
    let micros = i64::from_be_bytes(sent.try_into().ok()?);
    let is_infinite = micros == i64::MIN || micros == i64::MAX;
    EPOCH.checked_add_signed(TimeDelta::microseconds(micros)).filter(|_| !is_infinite)
}

/// The text of JSON. That of `jsonb` comes after the number of its version.
pub(crate) fn json<'s>(kind: &Type, sent: &'s [u8]) -> Option<&'s [u8]> {
    match (kind, sent) {
        (&Type::JSONB, [1, text @ ..]) | (&Type::JSON, text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
