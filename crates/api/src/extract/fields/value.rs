//! What the fields of a body can hold.

use auth::Password;
use chrono::{DateTime, Datelike};
use domain::{
    ChallengeId, DisplayName, Email, Metadata, Phone, Role, StaffRole, Timestamp, TrunkNumber, UserId, ValueError,
    VerificationMethod,
};
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::schema;

/// A value that a field can hold.
pub(crate) trait FieldValue: Sized {
    /// Reads the value; `None` is what stands for "no value", such as an empty name.
    fn read(value: Value) -> Result<Option<Self>, ValueError>;

    /// What the document says of it.
    fn schema() -> Value;
}

pub(crate) fn text(value: Value) -> Result<String, ValueError> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(ValueError::new("wrong_type", "must be a string")),
    }
}

fn object(value: Value) -> Result<Map<String, Value>, ValueError> {
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(ValueError::new("wrong_type", "must be an object")),
    }
}

pub(crate) fn not_a_uuid() -> ValueError {
    ValueError::new("invalid_id", "must be a UUID")
}

pub(crate) fn timestamp(text: &str) -> Result<Timestamp, ValueError> {
    // A `+` that was not escaped arrives as a space.
    let timestamp = DateTime::parse_from_rfc3339(&text.replace(' ', "+"))
        .map_err(|_| ValueError::new("invalid_time", "must be an RFC 3339 time, such as 2026-01-31T12:00:00Z"))?;
    // Stored timestamps have microseconds, so a bound with nanoseconds is rounded up.
    let begun = i64::from(timestamp.timestamp_subsec_nanos() % 1000 != 0);
    DateTime::from_timestamp_micros(timestamp.timestamp_micros() + begun)
        .filter(|timestamp| is_storable(*timestamp))
        .ok_or_else(|| ValueError::new("out_of_range", "must be in the years 1000 to 9999, in UTC"))
}

/// Whether every database can compare with this timestamp.
pub(crate) fn is_storable(timestamp: Timestamp) -> bool {
    (1000..=9999).contains(&timestamp.year())
}

/// Values that are read from a text or, the last three, from another value: the type, how, and the schema.
macro_rules! field_values {
    ($($type:ty: |$value:ident| $read:expr, $schema:expr;)+) => {$(
        impl FieldValue for $type {
            fn read($value: Value) -> Result<Option<Self>, ValueError> {
                $read
            }

            fn schema() -> Value {
                $schema
            }
        }
    )+};
}

field_values! {
    SecretString: |value| text(value).map(|text| Some(text.into())), json!({ "type": "string" });
    Password: |value| Password::parse(&text(value)?).map(Some), schema::new_password();
    Email: |value| Email::parse(&text(value)?).map(Some),
        json!({ "type": "string", "format": "email", "maxLength": 254 });
    Phone: |value| Phone::parse(&text(value)?).map(Some), json!({ "type": "string", "example": "+998901234567" });
    DisplayName: |value| DisplayName::parse_optional(&text(value)?),
        json!({ "type": "string", "maxLength": DisplayName::MAX_LENGTH });
    TrunkNumber: |value| TrunkNumber::parse_optional(&text(value)?),
        json!({ "type": "string", "maxLength": TrunkNumber::MAX_LENGTH });
    Role: |value| text(value)?.parse().map(Some), schema::reference("Role");
    StaffRole: |value| text(value)?.parse().map(Some), schema::reference("StaffRole");
    VerificationMethod: |value| text(value)?.parse().map(Some), schema::reference("VerificationMethod");
    UserId: |value| text(value)?.parse().map(Some).map_err(|_| not_a_uuid()),
        json!({ "type": "string", "format": "uuid" });
    Timestamp: |value| timestamp(&text(value)?).map(Some), json!({ "type": "string", "format": "date-time" });
    // A text that is not a UUID becomes an id that no challenge has, so the answer is that of a wrong code.
    ChallengeId: |value| Ok(Some(text(value)?.parse().unwrap_or_else(|_| Uuid::nil().into()))),
        json!({ "type": "string", "format": "uuid" });
    bool: |value| value.as_bool().map(Some).ok_or_else(|| ValueError::new("wrong_type", "must be true or false")),
        json!({ "type": "boolean" });
    Metadata: |value| Metadata::parse(object(value)?).map(Some), schema::any_object();
    // A merge patch of metadata.
    Map<String, Value>: |value| object(value).map(Some), schema::any_object();
}
