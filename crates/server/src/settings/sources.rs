//! Where settings come from, and what is said of those that are wrong: never their values, which may be secrets.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::Path;

use figment::error::Kind;

use super::{DEFAULT_FILE, SettingsError};

const PREFIX: &str = "CLIENTELE_";
const DATABASE_URL: &str = "DATABASE_URL";

/// Our variables among those of the environment. What others keep there is no business of ours.
///
/// # Errors
/// When one of ours is not text.
pub fn environment(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Vec<(String, String)>, SettingsError> {
    let mut ours = Vec::new();
    for (name, value) in variables {
        let shown = name.to_string_lossy().into_owned();
        if !is_ours(&shown) {
            continue;
        }
        let (Ok(name), Ok(value)) = (name.into_string(), value.into_string()) else {
            return Err(SettingsError::Key(format!("{shown} is not text in UTF-8")));
        };
        ours.push((name, value));
    }
    Ok(ours)
}

/// The settings of a file. One that nobody named need not be there.
pub(super) fn from_file(named: Option<&Path>) -> Result<toml::Table, SettingsError> {
    let path = named.unwrap_or_else(|| Path::new(DEFAULT_FILE));
    match std::fs::read_to_string(path) {
        Ok(text) => text.parse().map_err(|error| SettingsError::Key(misspelt(path, &text, &error))),
        Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => Ok(toml::Table::new()),
        Err(source) => Err(SettingsError::File { path: path.to_owned(), source }),
    }
}

/// Where a file is wrong. The error's own words would show the line.
fn misspelt(path: &Path, text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("{}, line {line}, column {column}: {}", path.display(), error.message())
}

/// The settings among the environment's variables, as dotted keys.
pub(super) fn from_environment(variables: Vec<(String, String)>) -> Result<Vec<(String, String)>, SettingsError> {
    let mut variables: Vec<_> = variables.into_iter().filter(|(name, _)| is_ours(name)).collect();
    // Later ones win: `CLIENTELE_DATABASE__URL` is the more specific name.
    variables.sort_by_key(|(name, _)| name.starts_with(PREFIX));
    let names: BTreeSet<_> = variables.iter().map(|(name, _)| name.clone()).collect();
    let mut settings = Vec::new();
    for (name, value) in variables {
        let Some(plain) = name.strip_suffix("_FILE") else {
            settings.push((key(&name)?, value));
            continue;
        };
        if names.contains(plain) {
            return Err(SettingsError::Key(format!("{plain} and {name} are both set: give one of them")));
        }
        let text =
            std::fs::read_to_string(&value).map_err(|source| SettingsError::File { path: value.into(), source })?;
        settings.push((key(plain)?, text.trim_end_matches(['\r', '\n']).to_owned()));
    }
    Ok(settings)
}

fn is_ours(name: &str) -> bool {
    name.starts_with(PREFIX) || name.strip_suffix("_FILE").unwrap_or(name) == DATABASE_URL
}

fn key(name: &str) -> Result<String, SettingsError> {
    match name.strip_prefix(PREFIX) {
        None => Ok("database.url".to_owned()),
        Some("") => Err(SettingsError::Key(format!("{name} names no setting; {PREFIX}HTTP__LISTEN is one"))),
        Some(key) => Ok(key.to_lowercase().replace("__", ".")),
    }
}

/// What is wrong with a value, without the value.
pub(super) fn describe(error: &figment::Error) -> String {
    let key = error.path.join(".");
    let text = match &error.kind {
        Kind::UnknownField(field, allowed) => {
            let is_whole = key.ends_with(field.as_str());
            let name = if is_whole {
                key
            } else if key.is_empty() {
                field.clone()
            } else {
                format!("{key}.{field}")
            };
            return format!("unknown setting {name}; known here are {}", allowed.join(", "));
        }
        Kind::UnknownVariant(found, allowed) => {
            return format!("{key} is {found:?}; allowed is {}", allowed.join(", "));
        }
        Kind::InvalidType(_, expected) if expected.starts_with("struct ") => {
            return format!("{key} is a section: name one of the settings in it");
        }
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => format!("expected {expected}"),
        kind => kind.to_string(),
    };
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if key.is_empty() { text } else { format!("{key}: {text}") }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    fn os(text: &[u8]) -> OsString {
        OsString::from_vec(text.to_vec())
    }

    #[test]
    fn what_is_not_text_matters_only_where_it_is_ours() {
        let other = (os(b"LS_\xff"), os(b"\xff"));
        let ours = environment([other.clone(), (os(b"CLIENTELE_LOG__LEVEL"), os(b"warn"))]).unwrap();
        assert_eq!(ours, [("CLIENTELE_LOG__LEVEL".to_owned(), "warn".to_owned())]);
        for name in [&b"CLIENTELE_AUTH__MASTER_KEY"[..], b"DATABASE_URL"] {
            let message = environment([other.clone(), (os(name), os(b"sesame\xff"))]).unwrap_err().to_string();
            assert!(message.starts_with(&*os(name).to_string_lossy()) && !message.contains("sesame"), "{message}");
        }
        assert!(environment([(os(b"CLIENTELE_\xff"), os(b"x"))]).is_err());
    }

    #[test]
    fn the_place_of_a_mistake_is_told_and_not_what_is_there() {
        for (text, place) in [
            ("[auth]\nmaster_key = \"sesame", "line 2, column "),
            ("# é\n[auth]\n  master_key = sesame\n", "line 3, column 16"),
            ("[auth", "line 1, column "),
            ("a = 1\na = 2", "line 2, column 1"),
        ] {
            let message = misspelt(Path::new("mine.toml"), text, &text.parse::<toml::Table>().unwrap_err());
            assert!(message.starts_with(&format!("mine.toml, {place}")), "{message}");
            assert!(!message.contains("sesame"), "{message}");
        }
    }
}
