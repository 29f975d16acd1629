//! Settings as they may be shown: every key, and no secret.

use std::fmt::Display;

use secrecy::{ExposeSecret, SecretString};
use serde::Serializer;
use serde_json::Value;

/// What stands for a secret that is set.
const SET: &str = "(set)";

#[expect(clippy::ref_option, reason = "serde asks for this signature")]
pub(super) fn secret<T, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(_) => serializer.serialize_str(SET),
        None => serializer.serialize_none(),
    }
}

/// What prints no secret of its own.
#[expect(clippy::ref_option, reason = "serde asks for this signature")]
pub(super) fn text<T: Display, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

pub(super) fn list<T: Display, S: Serializer>(items: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(items.iter().map(ToString::to_string))
}

/// A URL without its password and its options, which may hold another one.
pub(super) fn url<S: Serializer>(value: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&masked(value.expose_secret()))
}

/// The same of one that need not be set.
#[expect(clippy::ref_option, reason = "serde asks for this signature")]
pub(super) fn optional_url<S: Serializer>(value: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.serialize_str(&masked(value)),
        None => serializer.serialize_none(),
    }
}

fn masked(url: &str) -> String {
    let (url, options) = url.split_once('?').map_or((url, ""), |(url, _)| (url, "?…"));
    let Some((scheme, rest)) = url.split_once("://") else { return format!("{url}{options}") };
    // A password may hold an `@` that should have been escaped, so the last one counts.
    let Some((who, place)) = rest.rsplit_once('@') else { return format!("{scheme}://{rest}{options}") };
    let who = who.split_once(':').map_or(who.to_owned(), |(name, _)| format!("{name}:…"));
    format!("{scheme}://{who}@{place}{options}")
}

/// The leaves of nested sections, as dotted keys.
pub(super) fn flatten(value: &Value) -> Vec<(String, Value)> {
    let Value::Object(members) = value else { return Vec::new() };
    let mut leaves = Vec::new();
    for (name, value) in members {
        if value.is_object() {
            leaves.extend(flatten(value).into_iter().map(|(key, value)| (format!("{name}.{key}"), value)));
        } else {
            leaves.push((name.clone(), value.clone()));
        }
    }
    leaves
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_loses_its_password() {
        for (url, shown) in [
            ("sqlite:data/clientele.db", "sqlite:data/clientele.db"),
            ("sqlite:x.db?mode=ro", "sqlite:x.db?…"),
            ("postgres://db/x", "postgres://db/x"),
            ("postgres://ann@db/x", "postgres://ann@db/x"),
            ("postgres://ann:p@ss:word@db:5432/x", "postgres://ann:…@db:5432/x"),
        ] {
            assert_eq!(masked(url), shown);
        }
    }
}
