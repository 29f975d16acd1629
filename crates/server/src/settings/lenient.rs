//! Reads numbers, booleans and lists from text, since the environment has only text.

use std::fmt::Display;
use std::net::SocketAddr;
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The text of a single value. An error says only what was expected, never the value.
fn text<'de, D: Deserializer<'de>>(deserializer: D, expected: &str) -> Result<String, D::Error> {
    match Value::deserialize(deserializer) {
        Ok(Value::String(text)) => Ok(text),
        Ok(value @ (Value::Number(_) | Value::Bool(_))) => Ok(value.to_string()),
        _ => Err(D::Error::custom(format!("expected {expected}"))),
    }
}

pub(super) fn number<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(deserializer: D) -> Result<T, D::Error> {
    let text = text(deserializer, "a number")?;
    text.trim().parse().map_err(|error| D::Error::custom(format!("{text:?} is not a number: {error}")))
}

pub(super) fn optional_number<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    number(deserializer).map(Some)
}

pub(super) fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let text = text(deserializer, "true or false")?;
    text.trim().parse().map_err(|_| D::Error::custom(format!("{text:?} is neither true nor false")))
}

pub(super) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = |_| D::Error::custom(format!("{text:?} is not an address with a port, such as 127.0.0.1:8080"));
    text.trim().parse().map_err(wrong)
}

/// A text that parses.
pub(super) fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(deserializer: D) -> Result<T, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

pub(super) fn optional_parsed<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    parsed(deserializer).map(Some)
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawList {
    List(Vec<String>),
    Text(String),
}

/// Whether an item is a name or an address and nothing more. Anything else may be a URL with a password.
fn is_address(item: &str) -> bool {
    let rest = item.split_once("://").map_or(item, |(_, rest)| rest);
    let (host, port) = rest.split_once(':').unwrap_or((rest, ""));
    let is_name = host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '*'));
    let is_number = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '/');
    (is_name && port.chars().all(|c| c.is_ascii_digit())) || item.chars().all(is_number)
}

/// A list, or its items with commas between them.
pub(super) fn list<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let items = match RawList::deserialize(deserializer).map_err(|_| D::Error::custom("expected a list"))? {
        RawList::List(items) => items,
        RawList::Text(text) => text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(Into::into).collect(),
    };
    let shown = |item: &str| if is_address(item) { format!("{item:?}") } else { "an item".to_owned() };
    let wrong = |item: &str, error| D::Error::custom(format!("{} is {error}", shown(item)));
    let parse = |item: &String| item.parse().map_err(|error| wrong(item, error));
    items.iter().map(parse).collect()
}
