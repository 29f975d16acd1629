//! Values as the service stores them, whichever the database.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Rows, made as they are written.
pub(crate) type Rows = Box<dyn Iterator<Item = Vec<Value>> + Send>;

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Id(Uuid),
    Text(String),
    Json(String),
    Bool(bool),
    Number(i64),
    Time(DateTime<Utc>),
    Bytes(Vec<u8>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
