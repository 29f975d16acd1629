//! Where settings come from, and the messages about wrong ones. These never show a value, which may be a secret.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use figment::error::Kind;

use super::foreign::is_foreign;
use super::sections::Settings;
use crate::error::SettingsError;

/// The file that is read when none is named, if it is there.
const DEFAULT_FILE: &str = "clientele.toml";
const PREFIX: &str = "CLIENTELE_";
const DATABASE_URL: &str = "DATABASE_URL";

/// The variables of the environment that belong to us.
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

/// The path and content of the settings file. The default file need not exist.
pub(super) fn from_file(named: Option<&Path>) -> Result<(PathBuf, toml::Table), SettingsError> {
    let path = named.unwrap_or_else(|| Path::new(DEFAULT_FILE));
    let table = match std::fs::read_to_string(path) {
        Ok(text) => text.parse().map_err(|error| SettingsError::Key(misspelt(path, &text, &error)))?,
        Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => toml::Table::new(),
        Err(source) => return Err(SettingsError::File { path: path.to_owned(), source }),
    };
    Ok((path.to_owned(), table))
}

/// Line and column of a mistake. The error's own message would show the line itself.
fn misspelt(path: &Path, text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("{}, line {line}, column {column}: {}", path.display(), error.message())
}

/// One setting of the environment.
pub(super) struct Variable {
    /// As it was written, with `…_FILE`.
    pub(super) name: String,
    /// The dotted key of the setting.
    pub(super) key: String,
    pub(super) value: String,
    /// The file that the value was read from, if any.
    pub(super) file: Option<PathBuf>,
}

/// The settings in the variables. An empty variable counts as not set, since compose files pass `X: ${X:-}`. Line ends at
/// the end of a value are removed, since files of variables may come from Windows.
pub(super) fn from_environment(variables: Vec<(String, String)>) -> Result<Vec<Variable>, SettingsError> {
    let ours = variables.into_iter().filter(|(name, value)| is_ours(name) && !is_foreign(name, value));
    let mut ours: Vec<_> = ours.map(|(name, value)| (name, without_line_ends(&value).to_owned())).collect();
    ours.retain(|(_, value)| !value.is_empty());
    // Later ones win: `CLIENTELE_DATABASE__URL` is the more specific name.
    ours.sort_by_key(|(name, _)| name.starts_with(PREFIX));
    let names: BTreeSet<_> = ours.iter().map(|(name, _)| name.clone()).collect();
    ours.into_iter().map(|(name, value)| variable(name, value, &names)).collect()
}

fn variable(name: String, value: String, names: &BTreeSet<String>) -> Result<Variable, SettingsError> {
    let Some(plain) = name.strip_suffix("_FILE") else {
        return Ok(Variable { key: key(&name)?, name, value, file: None });
    };
    if names.contains(plain) {
        return Err(SettingsError::Key(format!("{plain} and {name} are both set: give one of them")));
    }
    let key = key(plain)?;
    let text = std::fs::read_to_string(&value)
        .map_err(|error| SettingsError::Key(format!("{name}: cannot read {value}: {error}")))?;
    let text = without_line_ends(&text).to_owned();
    if text.is_empty() {
        // Unlike an empty variable, this is an error, since an operator who names a file relies on it.
        return Err(SettingsError::Key(format!("{name}: {value} is empty")));
    }
    Ok(Variable { key, name, value: text, file: Some(value.into()) })
}

pub(super) fn without_line_ends(text: &str) -> &str {
    text.trim_end_matches(['\r', '\n'])
}

/// The names of the variables of Kubernetes or docker, which are ignored.
#[must_use]
pub fn ignored(variables: &[(String, String)]) -> Vec<&str> {
    let foreign = variables.iter().filter(|(name, value)| is_foreign(name, value));
    let mut names: Vec<_> = foreign.map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names
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

/// The dotted keys of a file.
pub(super) fn leaves(table: &toml::Table) -> Vec<String> {
    let mut keys = Vec::new();
    for (name, value) in table {
        match value {
            toml::Value::Table(inner) if !inner.is_empty() => {
                keys.extend(leaves(inner).into_iter().map(|key| format!("{name}.{key}")));
            }
            _ => keys.push(name.clone()),
        }
    }
    keys
}

/// Refuses unknown keys of the file and of the environment, by the name as it was written.
pub(super) fn check_keys(path: &Path, table: &toml::Table, variables: &[Variable]) -> Result<(), SettingsError> {
    let known: Vec<_> = Settings::default().shown().into_iter().map(|(key, _)| key).collect();
    for key in leaves(table) {
        check_key(&known, &key, &format!("{key} in {}", path.display()))?;
    }
    let written = |variable: &Variable| format!("{} ({})", variable.name, variable.key);
    variables.iter().try_for_each(|variable| check_key(&known, &variable.key, &written(variable)))
}

/// Refuses what is neither a setting nor a section, by its name as it was `written`.
fn check_key(known: &[String], key: &str, written: &str) -> Result<(), SettingsError> {
    let is_section = |name: &str| known.iter().any(|known| member(known, name).is_some());
    if known.iter().any(|known| known == key) || (!key.is_empty() && is_section(key)) {
        return Ok(());
    }
    let mut section = key;
    while !is_section(section) {
        section = section.rsplit_once('.').map_or("", |(outer, _)| outer);
    }
    let members: BTreeSet<_> = known.iter().filter_map(|known| member(known, section)).collect();
    let members = members.into_iter().collect::<Vec<_>>().join(", ");
    Err(SettingsError::Key(format!("unknown setting {written}; allowed here are {members}")))
}

/// The member of this section that the key belongs to; the section with the empty name has all.
fn member<'a>(key: &'a str, section: &str) -> Option<&'a str> {
    let rest = if section.is_empty() { Some(key) } else { key.strip_prefix(section)?.strip_prefix('.') };
    rest?.split('.').next()
}

/// Describes what is wrong with a value, without the value.
pub(super) fn describe(error: &figment::Error) -> String {
    let key = error.path.join(".");
    let text = match &error.kind {
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
