//! Errors have one form, and say 401 before anything else.

use std::time::{Duration, Instant};

use crate::app::{PATIENCE, TestApp, assert_problem, send};
use crate::on_every_backend;

on_every_backend!(
    without_identity_it_is_401_whatever_the_path,
    with_identity_it_is_404_and_405,
    request_ids_are_taken_if_sane,
    answers_carry_security_headers,
    head_answers_like_get,
    readiness_is_a_migrated_database,
);

async fn without_identity_it_is_401_whatever_the_path(app: TestApp) {
    let anyone = app.anonymous();
    for path in [
        "/nowhere",
        "/users",
        "/users/",
        "/users/me",
        "/users/x",
        "/users/managed-customers",
        "/auth/nowhere",
        "/users/x/y",
        "//users",
        "/USERS",
    ] {
        for method in ["GET", "POST", "PATCH", "DELETE", "PUT", "BREW"] {
            assert_problem(&send(anyone.request(method, path)).await, 401, "invalid_token");
        }
    }
    // RFC 6750 section 3.1: an error is named where a token was offered, and only there.
    assert_eq!(anyone.get("/users/me").await.header("www-authenticate"), "Bearer");
    let basic = anyone.get_with("/users/me", &[("authorization", "Basic YWRhOng=")]).await;
    assert_eq!(basic.header("www-authenticate"), "Bearer");
    let offered = app.with_token("x").get("/users/me").await;
    assert_eq!(offered.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    assert_problem(&send(anyone.request("DELETE", "/auth/signin")).await, 405, "method_not_allowed");
    let twice =
        anyone.request("GET", "/users/me").header("authorization", "Bearer a").header("authorization", "Bearer b");
    assert_problem(&send(twice).await, 401, "invalid_token");
    let admin = app.admin().await;
    let in_url = format!("/users/me?access_token={}", admin.token.unwrap());
    assert_problem(&anyone.get(&in_url).await, 401, "invalid_token");
}

async fn with_identity_it_is_404_and_405(app: TestApp) {
    let admin = app.admin().await;
    for path in ["/nowhere", "/users/x/y", "/auth/nowhere", "/users/../users/x", "/docs/nowhere.js"] {
        assert_problem(&admin.get(path).await, 404, "not_found");
    }
    for (method, path, allow) in [
        ("DELETE", "/users/", "GET, POST, HEAD"),
        ("POST", "/users/me", "GET, PATCH, HEAD"),
        ("GET", "/auth/signin", "POST"),
        ("PUT", "/docs/", "GET, HEAD"),
    ] {
        let answer = send(admin.request(method, path)).await;
        assert_problem(&answer, 405, "method_not_allowed");
        assert_eq!(answer.header("allow"), allow);
    }
}

async fn request_ids_are_taken_if_sane(app: TestApp) {
    let admin = app.admin().await;
    assert_eq!(
        admin.get_with("/users/me", &[("x-request-id", "call-42.a:b_c")]).await.header("x-request-id"),
        "call-42.a:b_c"
    );
    for strange in ["a b", "\"", &"x".repeat(200), ""] {
        let answer = admin.get_with("/users/me", &[("x-request-id", strange)]).await;
        let id = answer.header("x-request-id");
        assert!(id != strange && uuid::Uuid::parse_str(id).is_ok(), "{id}");
    }
    let refused = app.anonymous().get_with("/users/me", &[("x-request-id", "call-43")]).await;
    assert_eq!(refused.body["request_id"], "call-43");
}

async fn answers_carry_security_headers(app: TestApp) {
    let admin = app.admin().await;
    for answer in [admin.get("/users/me").await, admin.get("/nowhere").await, app.anonymous().get("/users/").await] {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ] {
            assert_eq!(answer.header(name), value);
        }
        assert!(answer.headers.get("server").is_none());
    }
}

async fn head_answers_like_get(app: TestApp) {
    let admin = app.admin().await;
    let head = send(admin.request("HEAD", "/users/me")).await;
    assert_eq!(head.status, 200);
    assert!(head.text.is_empty());
    assert_eq!(head.header("etag"), admin.get("/users/me").await.header("etag"));
}

async fn readiness_is_a_migrated_database(app: TestApp) {
    assert_eq!(app.anonymous().get("/health/ready").await.status, 200);
    app.database().run("DELETE FROM seaql_migrations").await;
    // The database is asked once a second: an answer may be that old.
    let deadline = Instant::now() + PATIENCE;
    let mut answer = app.anonymous().get("/health/ready").await;
    while answer.status == 200 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(50)).await;
        answer = app.anonymous().get("/health/ready").await;
    }
    assert_problem(&answer, 503, "unavailable");
    assert!(answer.header("retry-after").parse::<u32>().is_ok());
    assert_eq!(app.anonymous().get("/health/live").await.status, 200);
}
