//! The values of a row by their position, whichever library has read it.

use std::borrow::Cow;

use chrono::NaiveDate;
use domain::Timestamp;
use domain::store::StoreError;
use rusqlite::types::ValueRef;
use sea_orm::{DbErr, QueryResult, TryGetable};
use serde_json::Value;
#[cfg(feature = "postgres")]
use tokio_postgres::types::Type;
use uuid::Uuid;

#[cfg(feature = "postgres")]
use crate::pipeline::received;

/// A row.
pub(crate) trait Cells {
    /// The value at a position, from 0.
    fn cell<T: Cell>(&self, at: usize) -> Result<T, DbErr>;

    /// The same of a text that may be missing, without a copy where the row can lend it.
    fn text(&self, at: usize) -> Result<Option<Cow<'_, str>>, DbErr>;
}

/// What is read of a whole row.
pub(crate) trait FromCells: Sized {
    fn read(row: &impl Cells) -> Result<Self, StoreError>;
}

/// A value of a row.
pub(crate) trait Cell: TryGetable {
    /// Reads it as `sqlx` writes it to `SQLite`; `None` for everything else, some of which `sqlx` can read too.
    fn of_file(stored: ValueRef<'_>) -> Option<Self>;

    /// Reads it as `PostgreSQL` sends a value of this type; `None` for types and forms that are not expected.
    #[cfg(feature = "postgres")]
    fn of_server(kind: &Type, sent: Option<&[u8]>) -> Option<Self>;
}

impl Cells for QueryResult {
    fn cell<T: Cell>(&self, at: usize) -> Result<T, DbErr> {
        self.try_get_by_index(at)
    }

    fn text(&self, at: usize) -> Result<Option<Cow<'_, str>>, DbErr> {
        Ok(self.try_get_by_index::<Option<String>>(at)?.map(Cow::Owned))
    }
}

impl Cells for rusqlite::Row<'_> {
    fn cell<T: Cell>(&self, at: usize) -> Result<T, DbErr> {
        let stored = self.get_ref(at).ok().and_then(T::of_file);
        stored.ok_or_else(|| unreadable(at))
    }

    fn text(&self, at: usize) -> Result<Option<Cow<'_, str>>, DbErr> {
        match self.get_ref(at) {
            Ok(ValueRef::Null) => Ok(None),
            Ok(stored) => text(stored).map(|text| Some(Cow::Borrowed(text))).ok_or_else(|| unreadable(at)),
            Err(_) => Err(unreadable(at)),
        }
    }
}

/// The error of a value that is not as expected.
pub(crate) fn unreadable(at: usize) -> DbErr {
    DbErr::Type(format!("column {at} cannot be read"))
}

fn text(stored: ValueRef<'_>) -> Option<&str> {
    if let ValueRef::Text(text) = stored { str::from_utf8(text).ok() } else { None }
}

/// A time as `sqlx` writes it, `2026-11-26T21:04:33.123456+00:00`. A page has hundreds of them, and reading every form
/// that RFC 3339 allows takes several times as long.
fn utc(text: &[u8]) -> Option<Timestamp> {
    let (time, fraction) = text.strip_suffix(b"+00:00")?.split_at_checked(19)?;
    if [time[4], time[7], time[10], time[13], time[16]] != *b"--T::" {
        return None;
    }
    let nanos = match fraction {
        [] => 0,
        [b'.', digits @ ..] if (1..=9).contains(&digits.len()) => {
            number(digits)? * 10_u32.pow(9 - u32::try_from(digits.len()).ok()?)
        }
        _ => return None,
    };
    let year = i32::try_from(number(&time[..4])?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, number(&time[5..7])?, number(&time[8..10])?)?;
    let second = number(&time[17..])?;
    Some(date.and_hms_nano_opt(number(&time[11..13])?, number(&time[14..16])?, second, nanos)?.and_utc())
}

/// A number of up to nine digits.
fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0')))
}

impl Cell for i64 {
    fn of_file(stored: ValueRef<'_>) -> Option<Self> {
        if let ValueRef::Integer(number) = stored { Some(number) } else { None }
    }

    #[cfg(feature = "postgres")]
    fn of_server(kind: &Type, sent: Option<&[u8]>) -> Option<Self> {
        if *kind == Type::INT8 { sent?.try_into().ok().map(Self::from_be_bytes) } else { None }
    }
}

impl Cell for bool {
    fn of_file(stored: ValueRef<'_>) -> Option<Self> {
        i64::of_file(stored).map(|number| number != 0)
    }

    #[cfg(feature = "postgres")]
    fn of_server(kind: &Type, sent: Option<&[u8]>) -> Option<Self> {
        match (kind, sent?) {
            (&Type::BOOL, [0]) => Some(false),
            (&Type::BOOL, [1]) => Some(true),
            _ => None,
        }
    }
}

impl Cell for String {
    fn of_file(stored: ValueRef<'_>) -> Option<Self> {
        text(stored).map(str::to_owned)
    }

    #[cfg(feature = "postgres")]
    fn of_server(kind: &Type, sent: Option<&[u8]>) -> Option<Self> {
        received::text(kind, sent).map(str::to_owned)
    }
}

impl Cell for Uuid {
    fn of_file(stored: ValueRef<'_>) -> Option<Self> {
        if let ValueRef::Blob(bytes) = stored { Self::from_slice(bytes).ok() } else { None }
    }

    #[cfg(feature = "postgres")]
    fn of_server(kind: &Type, sent: Option<&[u8]>) -> Option<Self> {
        if *kind == Type::UUID { Self::from_slice(sent?).ok() } else { None }
    }
}

impl Cell for Timestamp {
    fn of_file(stored: ValueRef<'_>) -> Option<Self> {
        let text = text(stored)?;
        utc(text.as_bytes()).or_else(|| Some(chrono::DateTime::parse_from_rfc3339(text).ok()?.to_utc()))
    }

    #[cfg(feature = "postgres")]
    fn of_server(kind: &Type, sent: Option<&[u8]>) -> Option<Self> {
        if *kind == Type::TIMESTAMPTZ { received::time(sent?) } else { None }
    }
}

impl Cell for Value {
    fn of_file(stored: ValueRef<'_>) -> Option<Self> {
        text(stored).and_then(|text| serde_json::from_str(text).ok())
    }

    #[cfg(feature = "postgres")]
    fn of_server(kind: &Type, sent: Option<&[u8]>) -> Option<Self> {
        received::json(kind, sent?).and_then(|text| serde_json::from_slice(text).ok())
    }
}

impl<T: Cell> Cell for Option<T> {
    fn of_file(stored: ValueRef<'_>) -> Option<Self> {
        if stored == ValueRef::Null { Some(None) } else { T::of_file(stored).map(Some) }
    }

    #[cfg(feature = "postgres")]
    fn of_server(kind: &Type, sent: Option<&[u8]>) -> Option<Self> {
        if sent.is_none() { Some(None) } else { T::of_server(kind, sent).map(Some) }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, SecondsFormat};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn times_are_read_as_they_are_written(seconds in -62_135_596_800_i64..253_402_300_800, nanos in 0_u32..1_000_000_000) {
            let time = DateTime::from_timestamp(seconds, nanos).unwrap();
            let text = time.to_rfc3339_opts(SecondsFormat::AutoSi, false);
            prop_assert_eq!(utc(text.as_bytes()), Some(time));
        }

        #[test]
        fn what_is_read_means_what_it_means_to_chrono(text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,10})?\\+00:00") {
            if let Some(time) = utc(text.as_bytes()) {
                prop_assert_eq!(DateTime::parse_from_rfc3339(&text).unwrap(), time);
            }
        }
    }

    #[test]
    fn other_forms_are_left_to_chrono() {
        for text in ["", "2026-11-26", "2026-11-26T21:04:33Z", "2026-11-26 21:04:33+00:00", "2026-11-26T21:04:33+01:00"]
        {
            assert_eq!(utc(text.as_bytes()), None, "{text}");
        }
    }
}
