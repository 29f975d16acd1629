//! The documents say about settings and the interface what the program does.
#![expect(clippy::unwrap_used, reason = "what fails here is to fail the test")]

mod links;
mod programs;

use std::path::{Path, PathBuf};

use serde_json::Value;
use server::settings::Settings;

fn document(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(document(name)).unwrap()
}

/// The row of a key in the documentation, up to its meaning.
fn row(key: &str, default: &Value) -> String {
    let variable = format!("CLIENTELE_{}", key.replace('.', "__").to_uppercase());
    let default = if default.is_null() { "not set".to_owned() } else { format!("`{default}`") };
    format!("| `{key}` | `{variable}` | {default} | ")
}

#[test]
fn every_key_is_documented_with_its_variable_and_its_default() {
    let text = read("docs/configuration.md");
    let rows: Vec<_> =
        text.lines().filter(|line| line.starts_with("| `") && line.contains("` | `CLIENTELE_")).collect();
    let mut keys = Settings::default().shown();
    keys.sort_by(|a, b| a.0.cmp(&b.0));
    let expected: Vec<_> = keys.iter().map(|(key, default)| row(key, default)).collect();
    for row in &expected {
        assert!(rows.iter().any(|line| line.starts_with(row.as_str())), "docs/configuration.md lacks: {row}…");
    }
    assert_eq!(rows.len(), expected.len(), "docs/configuration.md has a key that the program has not");
}

#[test]
fn every_variable_of_the_documentation_is_known_to_the_program() {
    for (key, default) in Settings::default().shown() {
        let variable = format!("CLIENTELE_{}", key.replace('.', "__").to_uppercase());
        let value = match &default {
            Value::String(text) => text.clone(),
            // A key without a default has no value to try; it is enough that it is known.
            Value::Null | Value::Array(_) => String::new(),
            other => other.to_string(),
        };
        let loaded = Settings::load(Some(&document("clientele.example.toml")), vec![(variable, value)], Vec::new());
        if let Err(error) = loaded {
            let error = error.to_string();
            assert!(default.is_null() && !error.contains("unknown"), "{error}");
        }
    }
}

#[test]
fn the_example_has_every_key_with_its_default() {
    let defaults = Settings::default().shown();
    let example = document("clientele.example.toml");
    let loaded = Settings::load(Some(&example), Vec::new(), Vec::new()).unwrap().shown();
    assert_eq!(loaded, defaults);
    let text = std::fs::read_to_string(example).unwrap();
    let said: toml::Table = text.parse().unwrap();
    for (key, default) in defaults {
        let (section, name) = key.rsplit_once('.').unwrap_or(("", &key));
        let table = section
            .split('.')
            .filter(|part| !part.is_empty())
            .try_fold(&said, |table, part| table.get(part).and_then(toml::Value::as_table));
        let table = table.unwrap_or_else(|| panic!("clientele.example.toml lacks [{section}]"));
        let heading = format!("[{section}]\n");
        let from = if section.is_empty() { 0 } else { text.find(&heading).unwrap() + heading.len() };
        let part = &text[from..];
        let part = part.find("\n[").map_or(part, |end| &part[..end]);
        let mark = if default.is_null() { "# " } else { "" };
        assert!(
            part.lines().any(|line| line.starts_with(&format!("{mark}{name} = "))),
            "clientele.example.toml lacks {key} in [{section}]"
        );
        assert_eq!(table.contains_key(name), !default.is_null(), "{key}");
    }
}

/// A change of the interface shows as a diff. `just openapi > docs/openapi.json` writes the document.
#[test]
fn the_openapi_document_is_the_committed_one() {
    let committed: Value = serde_json::from_str(&read("docs/openapi.json")).unwrap();
    assert!(
        api::openapi() == committed,
        "docs/openapi.json is old: write it anew with `just openapi > docs/openapi.json`"
    );
}

/// Every file of the workspace, as a path from its root.
fn files(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && name != ".git" {
            files(&path, found);
        } else if path.is_file() {
            let root = document("");
            found.push(format!("/{}", path.strip_prefix(root).unwrap().display()));
        }
    }
}

/// `a/{b,c}.rs` stands for `a/b.rs` and `a/c.rs`.
fn expanded(path: &str) -> Vec<String> {
    match path.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?))) {
        Some((before, (names, after))) => names.split(',').map(|name| format!("{before}{name}{after}")).collect(),
        None => vec![path.to_owned()],
    }
}

/// The ending of a file name.
fn ending(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, ending)| ending)
}

#[test]
fn every_path_that_the_documents_name_exists() {
    let (mut all, mut missing) = (Vec::new(), Vec::new());
    files(&document(""), &mut all);
    let is_known = |path: &str| {
        let path = format!("/{path}");
        all.iter().any(|file| file.ends_with(&path) || (path.ends_with('/') && file.contains(&path)))
    };
    for name in all.iter().filter(|file| ending(file) == "md" && !file.starts_with("/.")) {
        let text = read(name.trim_start_matches('/'));
        let quoted = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2)).flat_map(expanded);
        let is_path = |path: &String| {
            let is_relative = !path.starts_with(['/', '.']) && !path.contains([' ', '<', ':', '*']);
            is_relative && (ending(path) == "rs" || path.ends_with('/'))
        };
        missing.extend(quoted.filter(is_path).filter(|path| !is_known(path)).map(|path| format!("{name}: {path}")));
    }
    assert_eq!(missing, Vec::<String>::new());
}
