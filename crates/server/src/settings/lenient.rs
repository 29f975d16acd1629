//! The environment has only text: numbers and truth values are read out of it here.

use std::fmt::Display;
use std::net::SocketAddr;
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
#[serde(untagged)]
enum Raw {
    Number(i64),
    Boolean(bool),
    Text(String),
}

impl Raw {
    fn text(self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Boolean(boolean) => boolean.to_string(),
            Self::Text(text) => text,
        }
    }
}

pub(super) fn number<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(deserializer: D) -> Result<T, D::Error> {
    let text = Raw::deserialize(deserializer)?.text();
    text.trim().parse().map_err(|error| D::Error::custom(format!("{text:?} is not a number: {error}")))
}

pub(super) fn optional_number<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    number(deserializer).map(Some)
}

pub(super) fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let text = Raw::deserialize(deserializer)?.text();
    text.trim().parse().map_err(|_| D::Error::custom(format!("{text:?} is neither true nor false")))
}

pub(super) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = |_| D::Error::custom(format!("{text:?} is not an address with a port, such as 127.0.0.1:8080"));
    text.trim().parse().map_err(wrong)
}
