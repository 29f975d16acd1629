//! The session of a browser: its refresh token is in a cookie that no script reads and no other page can use.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::app::{Answer, Caller, PASSWORD, TestApp, assert_problem, phone, send};
use crate::on_every_backend;

on_every_backend!(
    every_way_in_puts_the_refresh_token_into_a_cookie_that_asks_for_it,
    the_cookie_is_renewed_from_a_page_of_our_own_only,
    a_token_in_the_body_counts_before_the_cookie,
    the_cookie_signs_out_and_an_access_token_counts_before_it,
    no_other_route_looks_at_the_cookie,
    a_wrong_session_header_is_refused,
);

const OWN_PAGE: (&str, &str) = ("sec-fetch-site", "same-origin");

fn post(caller: &Caller, path: &str, body: &Value) -> RequestBuilder {
    caller.request("POST", path).json(body)
}

/// A request that asks for the cookie.
async fn with_cookie(app: &TestApp, path: &str, body: Value) -> Answer {
    send(post(&app.anonymous(), path, &body).header("x-clientele-session", "cookie")).await
}

/// The cookie of an answer as a browser sends it back.
fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie");
    let (pair, attributes) = set.split_once("; ").unwrap();
    for attribute in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/"] {
        assert!(attributes.split("; ").any(|given| given == attribute), "{attribute} in {set}");
    }
    assert!(!set.contains("Domain"), "{set}");
    assert!(pair.starts_with("__Host-clientele=") && answer.body.get("refresh_token").is_none(), "{}", answer.text);
    pair.to_owned()
}

async fn signed_in(app: &TestApp) -> Answer {
    app.admin().await;
    with_cookie(app, "/auth/signin", json!({ "email": "admin@example.com", "password": PASSWORD })).await.good()
}

/// A request with the cookie and these headers.
async fn send_cookie(caller: &Caller, path: &str, cookie: &str, headers: &[(&str, &str)], body: Value) -> Answer {
    let request = post(caller, path, &body).header("cookie", cookie);
    send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

async fn every_way_in_puts_the_refresh_token_into_a_cookie_that_asks_for_it(app: TestApp) {
    let body = json!({ "setup_token": app.setup_token, "email": "admin@example.com", "password": PASSWORD });
    let signed_up = with_cookie(&app, "/auth/signup", body).await;
    assert_eq!(signed_up.status, 201, "{}", signed_up.text);
    cookie(&signed_up);
    let credentials = json!({ "email": "admin@example.com", "password": PASSWORD });
    let signed_in = with_cookie(&app, "/auth/signin", credentials.clone()).await.good();
    let cookie_text = cookie(&signed_in);
    assert!(signed_in.header("set-cookie").contains(&format!("Max-Age={}", signed_in.body["refresh_expires_in"])));
    let number = phone(1);
    let sent = with_cookie(&app, "/auth/signup", json!({ "phone": number })).await.good();
    assert!(sent.headers.get("set-cookie").is_none());
    let code = app.code(&number).await;
    let verified =
        with_cookie(&app, "/auth/verify", json!({ "challenge_id": sent.body["challenge_id"], "code": code }));
    assert_ne!(cookie(&verified.await.good()), cookie_text);
    let plain = app.anonymous().post("/auth/signin", credentials).await.good();
    assert!(plain.headers.get("set-cookie").is_none() && plain.body["refresh_token"].is_string());
}

async fn the_cookie_is_renewed_from_a_page_of_our_own_only(app: TestApp) {
    let mut last = cookie(&signed_in(&app).await);
    let anyone = app.anonymous();
    for headers in [
        &[][..],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example.com")],
        &[("sec-fetch-site", "cross-site"), ("origin", app.address.as_str())],
    ] {
        let refused = send_cookie(&anyone, "/auth/refresh", &last, headers, json!({})).await;
        assert_problem(&refused, 401, "invalid_token");
        assert!(refused.headers.get("set-cookie").is_none());
    }
    for headers in [&[OWN_PAGE][..], &[("origin", app.address.as_str())]] {
        let renewed = send_cookie(&anyone, "/auth/refresh", &last, headers, json!({})).await.good();
        let next = cookie(&renewed);
        assert_ne!(next, last);
        assert_eq!(app.signed_in(&renewed).get("/users/me").await.status, 200);
        last = next;
    }
    let two_tabs = send_cookie(&anyone, "/auth/refresh", &last, &[OWN_PAGE], json!({})).await.good();
    let again = send_cookie(&anyone, "/auth/refresh", &last, &[OWN_PAGE], json!({})).await.good();
    assert_eq!(cookie(&two_tabs), cookie(&again), "a second tab gets the same successor");
    let garbage = send_cookie(&anyone, "/auth/refresh", "__Host-clientele=x", &[OWN_PAGE], json!({})).await;
    assert_problem(&garbage, 401, "invalid_token");
    let none = send(post(&anyone, "/auth/refresh", &json!({})).header(OWN_PAGE.0, OWN_PAGE.1)).await;
    assert_problem(&none, 422, "validation_failed");
}

async fn a_token_in_the_body_counts_before_the_cookie(app: TestApp) {
    let in_cookie = cookie(&signed_in(&app).await);
    let other = app.try_sign_in("admin@example.com", PASSWORD).await.good();
    let body = json!({ "refresh_token": other.body["refresh_token"] });
    let renewed = send_cookie(&app.anonymous(), "/auth/refresh", &in_cookie, &[OWN_PAGE], body).await.good();
    assert!(renewed.headers.get("set-cookie").is_none());
    assert!(renewed.body["refresh_token"].is_string());
    let wrong = json!({ "refresh_token": "wrong" });
    let refused = send_cookie(&app.anonymous(), "/auth/refresh", &in_cookie, &[OWN_PAGE], wrong).await;
    assert_problem(&refused, 401, "invalid_token");
    let good = send_cookie(&app.anonymous(), "/auth/refresh", &in_cookie, &[OWN_PAGE], json!({})).await;
    assert_eq!(good.status, 200, "the cookie is as good as before");
}

async fn the_cookie_signs_out_and_an_access_token_counts_before_it(app: TestApp) {
    let first = signed_in(&app).await;
    let (in_cookie, with_token) = (cookie(&first), app.signed_in(&first));
    let other = app.sign_in("admin@example.com", PASSWORD).await;
    let done = send_cookie(&other, "/auth/signout", &in_cookie, &[OWN_PAGE], json!({})).await;
    assert_eq!(done.status, 204);
    assert_eq!(other.get("/users/me").await.status, 401, "the session of the access token has ended");
    assert_eq!(with_token.get("/users/me").await.status, 200, "that of the cookie has not");
    let dead = send_cookie(&other, "/auth/signout", &in_cookie, &[OWN_PAGE], json!({})).await;
    assert_problem(&dead, 401, "invalid_token");
    for headers in [&[][..], &[("sec-fetch-site", "cross-site")], &[("origin", "https://evil.example.com")]] {
        let refused = send_cookie(&app.anonymous(), "/auth/signout", &in_cookie, headers, json!({})).await;
        assert_problem(&refused, 401, "invalid_token");
    }
    let done = send_cookie(&app.anonymous(), "/auth/signout", &in_cookie, &[OWN_PAGE], json!({})).await;
    assert_eq!(done.status, 204, "{}", done.text);
    assert!(done.header("set-cookie").starts_with("__Host-clientele=;"), "the browser forgets it");
    assert!(done.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(with_token.get("/users/me").await.status, 401);
    let gone = send_cookie(&app.anonymous(), "/auth/refresh", &in_cookie, &[OWN_PAGE], json!({})).await;
    assert_problem(&gone, 401, "invalid_token");
}

async fn no_other_route_looks_at_the_cookie(app: TestApp) {
    let in_cookie = cookie(&signed_in(&app).await);
    for (method, path) in [
        ("GET", "/users/me"),
        ("GET", "/users/"),
        ("POST", "/users/"),
        ("GET", "/auth/sessions"),
        ("DELETE", "/auth/sessions"),
        ("POST", "/auth/reauthenticate"),
        ("POST", "/auth/password/change"),
    ] {
        let request = app.anonymous().request(method, path).header("cookie", &in_cookie).header(OWN_PAGE.0, OWN_PAGE.1);
        assert_problem(&send(request).await, 401, "invalid_token");
    }
}

async fn a_wrong_session_header_is_refused(app: TestApp) {
    app.admin().await;
    let credentials = json!({ "email": "admin@example.com", "password": PASSWORD });
    for value in ["body", "Cookie", ""] {
        let answer =
            send(post(&app.anonymous(), "/auth/signin", &credentials).header("x-clientele-session", value)).await;
        assert_problem(&answer, 400, "bad_request");
        assert!(answer.text.contains("X-Clientele-Session"), "{}", answer.text);
    }
}
