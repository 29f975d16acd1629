//! Rows for `SQLite` as the text of a JSON array, with an array for each row.

use chrono::SecondsFormat;
use sea_orm::sea_query::{ColumnType, Expr};
use sea_orm::{DbErr, Value};

/// The text of the rows.
#[derive(Default)]
pub(super) struct JsonRows(String);

impl JsonRows {
    pub(super) fn push(&mut self, row: Vec<Value>) -> Result<(), DbErr> {
        self.0.push(if self.0.is_empty() { '[' } else { ',' });
        for (at, value) in row.into_iter().enumerate() {
            self.0.push(if at == 0 { '[' } else { ',' });
            self.0.push_str(&text(value)?);
        }
        self.0.push(']');
        Ok(())
    }

    pub(super) fn into_text(self) -> String {
        if self.0.is_empty() { "[]".to_owned() } else { self.0 + "]" }
    }
}

/// A value as JSON. What is no text there is text as sqlx would bind it: the two must be equal in indexes.
fn text(value: Value) -> Result<String, DbErr> {
    let text = match value {
        Value::Bool(Some(is_so)) => return Ok(is_so.to_string()),
        Value::BigInt(Some(number)) => return Ok(number.to_string()),
        Value::Uuid(None) | Value::String(None) | Value::ChronoDateTimeUtc(None) => return Ok("null".to_owned()),
        Value::Uuid(Some(id)) => id.as_simple().to_string(),
        Value::String(Some(text)) => text,
        Value::Json(Some(json)) => json.to_string(),
        Value::ChronoDateTimeUtc(Some(at)) => at.to_rfc3339_opts(SecondsFormat::AutoSi, false),
        // Not shown: it may be a secret.
        _ => return Err(DbErr::Type("a value that no row has a place for".to_owned())),
    };
    serde_json::to_string(&text).map_err(|error| DbErr::Json(error.to_string()))
}

/// Takes a column out of a row.
pub(super) fn taken_out(at: usize, of: &ColumnType) -> Expr {
    let value = format!("given.value ->> {at}");
    Expr::cust(if matches!(of, ColumnType::Uuid) { format!("unhex({value})") } else { value })
}
