//! The console: how its files are served, and what a browser may do with them.

use serde_json::json;

use crate::app::{Answer, TestApp, assert_problem, send};
use crate::on_every_backend;

on_every_backend!(
    a_browser_is_led_to_the_console_and_a_client_to_the_documentation,
    every_screen_is_the_same_page_with_its_own_way_to_the_files,
    the_page_is_checked_at_each_load_and_its_files_never_again,
    a_browser_runs_nothing_but_the_files,
    only_files_of_this_version_are_there,
    without_the_console_there_is_nothing,
);

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; \
                      require-trusted-types-for 'script'; trusted-types lit-html";

/// What a browser says when somebody types an address.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

async fn get(app: &TestApp, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request = app.anonymous().request("GET", path);
    send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

/// The links of a page, resolved as a browser does.
fn links(app: &TestApp, path: &str, page: &Answer) -> Vec<String> {
    let base = reqwest::Url::parse(&app.address).unwrap().join(path).unwrap();
    let attributes = page.text.split(['\"', '>']).filter(|text| text.contains(".js") || text.contains(".css"));
    attributes.map(|link| base.join(link).unwrap().path().to_owned()).collect()
}

async fn a_browser_is_led_to_the_console_and_a_client_to_the_documentation(app: TestApp) {
    for (accept, status) in [(BROWSER, 303), ("Text/HTML;q=0.5", 303), ("*/*", 200), ("application/json", 200)] {
        let answer = get(&app, "/", &[("accept", accept)]).await;
        assert_eq!(answer.status, status, "{accept}");
        assert_eq!(answer.header("vary"), "Accept");
        let location = answer.headers.get("location").map(|value| value.to_str().unwrap());
        assert_eq!(location, (status == 303).then_some("console/"), "{accept}");
    }
    let plain = app.anonymous().get("/").await.good();
    assert_eq!(plain.body, json!({ "service": "clientele", "documentation": "docs", "openapi": "openapi.json" }));
}

async fn every_screen_is_the_same_page_with_its_own_way_to_the_files(app: TestApp) {
    let first = links(&app, "/console/", &app.anonymous().get("/console/").await.good());
    assert!(first.len() > 5, "{first:?}");
    for path in ["/console", "/console/people", "/console/people/", "/console/people/7?tab=sessions", "/console/a/b/c"]
    {
        let page = app.anonymous().get(path).await.good();
        assert!(page.header("content-type").starts_with("text/html"));
        assert_eq!(links(&app, path, &page), first, "{path}");
    }
    for link in first {
        assert_eq!(app.anonymous().get(&link).await.status, 200, "{link}");
    }
}

async fn the_page_is_checked_at_each_load_and_its_files_never_again(app: TestApp) {
    let page = app.anonymous().get("/console/").await.good();
    assert_eq!(page.header("cache-control"), "no-cache");
    let tag = page.header("etag").to_owned();
    for (known, status) in [(tag.as_str(), 304), ("*", 304), (&format!("\"other\", W/{tag}"), 304), ("\"other\"", 200)]
    {
        let again = get(&app, "/console/", &[("if-none-match", known)]).await;
        assert_eq!(again.status, status, "{known}");
        assert_eq!((again.header("etag"), again.text.is_empty()), (tag.as_str(), status == 304));
    }
    let head = send(app.anonymous().request("HEAD", "/console/people")).await;
    assert_eq!((head.status.code(), head.text.as_str()), (200, ""));

    let script = &links(&app, "/console/", &page)[0];
    let plain = app.anonymous().get(script).await.good();
    assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(plain.header("vary"), "Accept-Encoding");
    let packed = app.anonymous().request("GET", script).header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    assert!(packed.bytes().await.unwrap().len() < plain.text.len());
}

async fn a_browser_runs_nothing_but_the_files(app: TestApp) {
    let page = app.anonymous().get("/console/").await.good();
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(page.header(name), value);
    }
    assert!(!page.header("x-request-id").is_empty(), "it passes the middleware of every route");
    // A file that somebody opens by itself, such as the picture, runs nothing at all.
    let file = app.anonymous().get(&links(&app, "/console/", &page)[0]).await.good();
    assert_eq!(file.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
    assert_eq!(file.header("x-content-type-options"), "nosniff");
    for inline in ["<style", " style=", " onclick", "<base"] {
        assert!(!page.text.contains(inline), "{inline}");
    }
    assert_eq!(page.text.matches("<script").count(), 1);
}

async fn only_files_of_this_version_are_there(app: TestApp) {
    let page = app.anonymous().get("/console/").await.good();
    let script = links(&app, "/console/", &page)[0].clone();
    let hash = script.split('/').nth(2).unwrap();
    for path in [
        format!("/console/{hash}/nothing.js"),
        format!("/console/{hash}/"),
        format!("/console/{hash}/..%2f..%2fCargo.toml"),
        script.replace(hash, "0123456789abcdef"),
    ] {
        assert_problem(&app.anonymous().get(&path).await, 404, "not_found");
    }
    let written = app.anonymous().post("/console/", json!({})).await;
    assert_problem(&written, 405, "method_not_allowed");
    assert_eq!(written.header("allow"), "GET, HEAD");
}

async fn without_the_console_there_is_nothing(app: TestApp) {
    let app = app.another(|settings| settings.console.enabled = false).await;
    assert_problem(&app.anonymous().get("/console/").await, 401, "invalid_token");
    assert_eq!(get(&app, "/", &[("accept", BROWSER)]).await.body["documentation"], "docs");
}
