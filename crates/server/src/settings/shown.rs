//! Settings as they may be shown: every key, and no secret.

use std::fmt::Display;

use secrecy::{ExposeSecret, SecretString};
use serde::Serializer;
use serde_json::Value;

/// Shown instead of a secret.
const SET: &str = "(set)";

#[expect(clippy::ref_option, reason = "serde asks for this signature")]
pub(super) fn secret<T, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    text(&value.as_ref().map(|_| SET), serializer)
}

/// For types whose `Display` hides their secrets.
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

/// A URL without its password and without its options, which may hold another password.
pub(super) fn url<S: Serializer>(value: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&masked(value.expose_secret()))
}

/// Whether the shown value hides something.
pub(super) fn hides(shown: &str) -> bool {
    shown == SET || shown.contains('…')
}

/// Hides everything that may be a password, since a driver may accept a malformed URL.
pub(super) fn masked(url: &str) -> String {
    let (scheme, rest) = match url.split_once("://") {
        Some(parts) => parts,
        // A file of SQLite has no password.
        None if url.starts_with("sqlite:") => ("", url),
        None => return "…".to_owned(),
    };
    let (rest, options) = rest.split_once('?').map_or((rest, ""), |(rest, _)| (rest, "?…"));
    if scheme.is_empty() || scheme == "sqlite" {
        return format!("{}{options}", url.split('?').next().unwrap_or_default());
    }
    let (authority, path) = rest.split_at(rest.find(['/', '#']).unwrap_or(rest.len()));
    // The password has a `/`, `?` or `#` that should have been escaped.
    if url.rfind('@') > Some(scheme.len() + "://".len() + authority.len()) {
        return format!("{scheme}://…");
    }
    let path = path.split('#').next().unwrap_or_default();
    // A password may hold an `@` that should have been escaped, so the last one counts.
    let Some((who, place)) = authority.rsplit_once('@') else {
        return format!("{scheme}://{authority}{path}{options}");
    };
    let who = match who.split_once(':') {
        _ if who.to_ascii_lowercase().contains("%3a") => "…".to_owned(),
        Some((name, _)) => format!("{name}:…"),
        None => who.to_owned(),
    };
    format!("{scheme}://{who}@{place}{path}{options}")
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
            ("postgres://ann:x@/people?host=/cloudsql/a:b:c", "postgres://ann:…@/people?…"),
            ("postgres://ann:12/34@db/x", "postgres://…"),
            ("postgres://ann:12?34@db/x", "postgres://…"),
            ("postgres://ann:12#34@db/x", "postgres://…"),
            ("postgres://ann%3A1234@db/x", "postgres://…@db/x"),
            ("postgres:ann:1234@db/x", "…"),
        ] {
            assert_eq!(masked(url), shown);
        }
    }
}
