//! Each value is read as it was bound, and nothing is read as what it is not.

use bytes::BytesMut;
use chrono::{DateTime, Utc};
use sea_orm::Value;
use serde_json::{Value as Json, json};
use tokio_postgres::types::{IsNull, ToSql};
use uuid::Uuid;

use super::super::bound::{Bound, kind};
use super::*;

/// As it is sent; `None` is NULL.
fn sent(value: &Value) -> Option<Vec<u8>> {
    let mut out = BytesMut::new();
    match Bound(value).to_sql(&kind(value).unwrap(), &mut out).unwrap() {
        IsNull::Yes => None,
        IsNull::No => Some(out.to_vec()),
    }
}

fn come_back<T: Cell + Clone + Into<Value> + PartialEq + std::fmt::Debug>(values: impl IntoIterator<Item = T>) {
    for value in values {
        let bound: Value = value.clone().into();
        let sent = sent(&bound);
        assert_eq!(T::of_server(&kind(&bound).unwrap(), sent.as_deref()), Some(value));
    }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn values_come_back_as_they_were_bound() {
    come_back([0, 1, -1, i64::MIN, i64::MAX]);
    come_back([true, false]);
    come_back(["", "Şahin Ünal-Öz", "日本 🦀", "a'b\"c\\"].map(str::to_owned));
    come_back([Uuid::nil(), Uuid::max(), Uuid::from_u128(7)]);
    come_back([Some(Uuid::from_u128(7)), None]);
    come_back([Option::<String>::None]);
    let times = [
        "2000-01-01T00:00:00Z",
        "1999-12-31T23:59:59.999999Z",
        "2024-02-29T23:59:59.000001Z",
        "0001-01-01T00:00:00Z",
        "-4713-12-31T00:00:00Z",
        "+262000-01-01T00:00:00Z",
    ];
    come_back(times.map(at));
}

#[test]
fn what_is_finer_than_a_microsecond_is_left_out_as_by_sqlx() {
    for (time, micros) in [("2000-01-01T00:00:00.0000019Z", 1_i64), ("1999-12-31T23:59:59.9999981Z", -1)] {
        let sent = sent(&at(time).into()).unwrap();
        assert_eq!(sent, micros.to_be_bytes(), "{time}");
    }
}

#[test]
fn infinity_is_no_time() {
    for micros in [i64::MIN, i64::MAX, i64::MIN + 1, i64::MAX - 1] {
        assert_eq!(Timestamp::of_server(&Type::TIMESTAMPTZ, Some(&micros.to_be_bytes())), None, "{micros}");
    }
}

#[test]
fn json_comes_in_two_forms() {
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    for text in [r#"{"ключ": [null, true, 0.1, -7, 1e300]}"#, "{}", "null", "18446744073709551615", &deep] {
        let expected: Json = serde_json::from_str(text).unwrap();
        assert_eq!(Json::of_server(&Type::JSON, Some(text.as_bytes())), Some(expected.clone()));
        let binary = [&[1], text.as_bytes()].concat();
        assert_eq!(Json::of_server(&Type::JSONB, Some(&binary)), Some(expected));
    }
    for (kind, sent) in [(Type::JSONB, &b"{}"[..]), (Type::JSONB, b"\x02{}"), (Type::JSONB, b""), (Type::JSON, b"{")] {
        assert_eq!(Json::of_server(&kind, Some(sent)), None, "{kind} {sent:?}");
    }
    assert_eq!(Option::<Json>::of_server(&Type::JSONB, Some(b"\x01null")), Some(Some(json!(null))));
}

#[test]
fn other_types_and_lengths_are_not_read() {
    for kind in [Type::INT4, Type::NUMERIC, Type::BYTEA, Type::UNKNOWN, Type::TIMESTAMP, Type::NAME] {
        let sent = Some(&[0_u8; 8][..]);
        assert_eq!(i64::of_server(&kind, sent), None, "{kind}");
        assert_eq!(bool::of_server(&kind, sent), None, "{kind}");
        assert_eq!(String::of_server(&kind, sent), None, "{kind}");
        assert_eq!(Uuid::of_server(&kind, sent), None, "{kind}");
        assert_eq!(Timestamp::of_server(&kind, sent), None, "{kind}");
        assert_eq!(Json::of_server(&kind, sent), None, "{kind}");
        assert_eq!(Option::<i64>::of_server(&kind, sent), None, "{kind}");
    }
    assert_eq!(i64::of_server(&Type::INT8, Some(&[0; 4])), None);
    assert_eq!(bool::of_server(&Type::BOOL, Some(&[2])), None);
    assert_eq!(String::of_server(&Type::TEXT, Some(&[0xff])), None);
    assert_eq!(Uuid::of_server(&Type::UUID, Some(&[0; 15])), None);
    assert_eq!(Timestamp::of_server(&Type::TIMESTAMPTZ, Some(&[0; 4])), None);
}

#[test]
fn null_is_read_only_where_it_may_be() {
    assert_eq!(i64::of_server(&Type::INT8, None), None);
    assert_eq!(bool::of_server(&Type::BOOL, None), None);
    assert_eq!(String::of_server(&Type::TEXT, None), None);
    assert_eq!(Uuid::of_server(&Type::UUID, None), None);
    assert_eq!(Timestamp::of_server(&Type::TIMESTAMPTZ, None), None);
    assert_eq!(Json::of_server(&Type::JSONB, None), None);
    assert_eq!(Option::<String>::of_server(&Type::TEXT, None), Some(None));
}

#[test]
fn a_value_is_bound_only_as_what_it_is() {
    let mut out = BytesMut::new();
    for (value, wanted) in [
        (Value::from("x"), Type::UUID),
        (Value::from(7_i64), Type::INT4),
        (Value::from(Option::<String>::None), Type::UUID),
        (Value::from(7_i32), Type::INT4),
        (Value::from(0.5), Type::FLOAT8),
    ] {
        assert!(Bound(&value).to_sql(&wanted, &mut out).is_err(), "{value:?}");
    }
    assert!(out.is_empty());
}
