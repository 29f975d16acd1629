//! The OpenAPI document and the page that shows it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::app::TestApp;
use crate::on_every_backend;

on_every_backend!(the_document_is_served, the_page_needs_no_other_host);

async fn the_document_is_served(app: TestApp) {
    let answer = app.anonymous().get("/openapi.json").await;
    assert_eq!(answer.status, 200);
    assert!(answer.body["openapi"].as_str().unwrap().starts_with("3.1"));
    for (path, method) in [
        ("/auth/signup", "post"),
        ("/auth/signin", "post"),
        ("/users/", "get"),
        ("/users/", "post"),
        ("/users/me", "get"),
        ("/users/managed-customers/", "get"),
    ] {
        assert!(answer.body["paths"][path][method].is_object(), "{method} {path}");
    }
    for (path, item) in answer.body["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let answers = operation["responses"].as_object().unwrap();
            assert_eq!(answers.contains_key("429"), !path.starts_with("/health/"), "{method} {path}");
            assert!(!path.starts_with("/users") || answers.contains_key("503"), "{method} {path}");
            assert_eq!(answers.contains_key("408"), operation["requestBody"].is_object(), "{method} {path}");
        }
    }
    for (schema, status) in
        [("SignedIn", "signed_in"), ("CodeSent", "code_sent"), ("ApprovalRequired", "approval_required")]
    {
        let documented = &answer.body["components"]["schemas"][schema]["properties"]["status"];
        assert_eq!(documented["enum"], serde_json::json!([status]), "{schema}");
    }
    assert!(!answer.text.contains("\"allOf\""), "nothing is a text and an object at once");
    let mut wanted = BTreeSet::new();
    references(&answer.body, &mut wanted);
    for reference in wanted {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(answer.body.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                found.insert(reference.to_owned());
            }
            members.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

async fn the_page_needs_no_other_host(app: TestApp) {
    for (path, base) in [("/docs", ""), ("/docs/", "/docs/")] {
        let page = app.anonymous().get(path).await;
        assert_eq!(page.status, 200);
        assert!(page.header("content-type").starts_with("text/html"));
        assert!(!page.text.contains("http://") && !page.text.contains("https://"), "{}", page.text);
        let mut files = 0;
        let is_file = |text: &&str| text.rsplit_once('.').is_some_and(|(_, kind)| ["js", "css", "png"].contains(&kind));
        for attribute in page.text.split('"').filter(is_file) {
            let url = format!("{base}{}", attribute.trim_start_matches("./"));
            let url = if url.starts_with('/') { url } else { format!("/{url}") };
            assert_eq!(app.anonymous().get(&url).await.status, 200, "{url}");
            files += 1;
        }
        assert!(files >= 3, "{}", page.text);
    }
}

/// `docs/security.md` names tests as `http::module::name`, `faults::module::name` or `crate::module::name`.
#[test]
fn the_tests_that_the_security_page_names_are_there() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let page = std::fs::read_to_string(root.join("docs/security.md")).unwrap();
    let mut named = 0;
    for name in page.split('`').skip(1).step_by(2).filter(|text| text.matches("::").count() == 2) {
        let [part, module, test] = name.split("::").collect::<Vec<_>>()[..] else { continue };
        let is_of_server = ["http", "faults"].contains(&part);
        let folder = if is_of_server { format!("server/tests/{part}") } else { format!("{part}/src") };
        let files = rust_files(&root.join("crates").join(folder));
        let of_module = files.iter().filter(|path| path.components().any(|part| stem(part.as_ref()) == module));
        let found = of_module.map(|path| std::fs::read_to_string(path).unwrap());
        assert!(found.into_iter().any(|text| text.contains(&format!("fn {test}("))), "{name} is nowhere");
        named += 1;
    }
    assert!(named > 40, "{named}");
}

fn stem(name: &Path) -> &str {
    name.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] }).collect()
}
