//! Web pages of other origins.

use serde_json::json;

use crate::app::{Answer, TestApp, assert_problem, phone, send};
use crate::on_every_backend;

on_every_backend!(
    no_page_may_call_unless_the_operator_says_so,
    pages_of_the_operator_may_call,
    every_exposed_header_is_one_that_answers_have,
    any_page_may_call_when_all_may
);

const PAGE: &str = "https://app.example.com";

async fn preflight(app: &TestApp, origin: &str, method: &str) -> Answer {
    let request = app.anonymous().request("OPTIONS", "/users/me");
    let request = request.header("origin", origin).header("access-control-request-method", method);
    send(request.header("access-control-request-headers", "authorization,content-type,if-match")).await
}

fn allowed_origin(answer: &Answer) -> Option<&str> {
    answer.headers.get("access-control-allow-origin").map(|value| value.to_str().unwrap())
}

async fn no_page_may_call_unless_the_operator_says_so(app: TestApp) {
    let answer = preflight(&app, PAGE, "PATCH").await;
    assert_problem(&answer, 401, "invalid_token");
    assert_eq!(allowed_origin(&answer), None);
    let answer = app.anonymous().get_with("/health/live", &[("origin", PAGE)]).await;
    assert_eq!((answer.status.code(), allowed_origin(&answer)), (200, None));
}

async fn pages_of_the_operator_may_call(app: TestApp) {
    let app = app
        .another(|settings| {
            settings.http.cors_origins = vec![PAGE.parse().unwrap(), "http://localhost:3000".parse().unwrap()];
        })
        .await;
    for origin in [PAGE, "http://localhost:3000"] {
        let answer = preflight(&app, origin, "PATCH").await;
        assert_eq!(answer.status, 200, "no token is needed: {}", answer.text);
        assert_eq!(allowed_origin(&answer), Some(origin));
        assert!(answer.header("access-control-allow-methods").contains("PATCH"));
        let headers = answer.header("access-control-allow-headers").to_lowercase();
        assert!(["authorization", "content-type", "if-match"].iter().all(|name| headers.contains(name)), "{headers}");
        assert!(answer.headers.get("access-control-allow-credentials").is_none());
    }
    let refused = app.anonymous().get_with("/users/me", &[("origin", PAGE)]).await;
    assert_problem(&refused, 401, "invalid_token");
    assert_eq!(allowed_origin(&refused), Some(PAGE), "scripts can read what went wrong");
    let exposed = refused.header("access-control-expose-headers").to_lowercase();
    for name in ["etag", "location", "link", "x-request-id", "ratelimit", "ratelimit-policy", "retry-after"] {
        assert!(exposed.split(", ").any(|header| header == name), "{name} in {exposed}");
    }
    let mut exposed: Vec<_> = exposed.split(", ").collect();
    exposed.sort_unstable();
    assert_eq!(exposed, api::EXPOSED_HEADERS, "which the answers of all tests are held against");
    assert!(exposed.contains(&"www-authenticate") && refused.headers.contains_key("www-authenticate"));
    assert!(refused.header("vary").to_lowercase().contains("origin"));

    let other = "https://evil.example.com";
    assert_eq!(allowed_origin(&preflight(&app, other, "PATCH").await), None);
    let answer = app.anonymous().get_with("/health/live", &[("origin", other)]).await;
    assert_eq!((answer.status.code(), allowed_origin(&answer)), (200, None), "which the browser keeps to itself");
}

async fn any_page_may_call_when_all_may(app: TestApp) {
    let app = app.another(|settings| settings.http.cors_origins = vec!["*".parse().unwrap()]).await;
    let answer = preflight(&app, PAGE, "DELETE").await;
    assert_eq!((answer.status.code(), allowed_origin(&answer)), (200, Some("*")));
    let answer = app.anonymous().get_with("/health/live", &[("origin", PAGE)]).await;
    assert_eq!(allowed_origin(&answer), Some("*"));
}

async fn every_exposed_header_is_one_that_answers_have(app: TestApp) {
    let admin = app.admin().await;
    let limited = app
        .another(|settings| {
            settings.limits.auth_per_address = 1;
        })
        .await;
    let mut answers = Vec::new();
    for n in 0..2 {
        answers.push(admin.post("/users/", json!({ "role": "customer", "phone": phone(n) })).await);
    }
    answers.push(admin.get("/users/?limit=1").await);
    answers.push(admin.get("/users/export").await);
    answers.push(admin.delete("/users/").await);
    answers.push(app.anonymous().get("/users/").await);
    while answers.last().is_some_and(|answer| answer.status != 429) {
        answers.push(limited.anonymous().post("/auth/signin", json!({})).await);
        assert!(answers.len() < 1000, "never limited");
    }
    for name in api::EXPOSED_HEADERS {
        assert!(answers.iter().any(|answer| answer.headers.contains_key(name)), "no answer has {name}");
    }
}
