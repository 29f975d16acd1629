//! Values of a query in the binary format of `PostgreSQL`, as `sqlx` binds them.

use std::error::Error;

use bytes::{BufMut, BytesMut};
use chrono::{DateTime, Utc};
use sea_orm::Value;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// The first moment of 2000, from which `PostgreSQL` counts.
pub(super) const EPOCH: DateTime<Utc> = DateTime::from_timestamp_nanos(946_684_800_000_000_000);

/// A value of a query.
#[derive(Debug)]
pub(super) struct Bound<'v>(pub(super) &'v Value);

/// The type that `sqlx` gives to such a value; `None` for those that are not bound here.
pub(super) fn kind(value: &Value) -> Option<Type> {
    Some(match value {
        Value::Bool(_) => Type::BOOL,
        Value::BigInt(_) => Type::INT8,
        Value::String(_) => Type::TEXT,
        Value::Uuid(_) => Type::UUID,
        Value::ChronoDateTimeUtc(_) => Type::TIMESTAMPTZ,
        _ => return None,
    })
}

impl ToSql for Bound<'_> {
    fn to_sql(&self, wanted: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        if kind(self.0).as_ref() != Some(wanted) {
            return Err("another kind of value".into());
        }
        let is_there = match self.0 {
            Value::Bool(value) => value.map(|value| out.put_u8(value.into())).is_some(),
            Value::BigInt(value) => value.map(|value| out.put_i64(value)).is_some(),
            Value::String(value) => value.as_ref().map(|text| out.put_slice(text.as_bytes())).is_some(),
            Value::Uuid(value) => value.as_ref().map(|id| out.put_slice(id.as_bytes())).is_some(),
            Value::ChronoDateTimeUtc(Some(time)) => {
                out.put_i64((*time - EPOCH).num_microseconds().ok_or("a time that PostgreSQL cannot hold")?);
                true
            }
            _ => false,
        };
        Ok(if is_there { IsNull::No } else { IsNull::Yes })
    }

    /// Judged with the value, in `to_sql`.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
