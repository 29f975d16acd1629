//! How a session goes on: rotation, its ten seconds, and what ends it.

use chrono::TimeDelta;
use domain::testing::FixedClock;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::app::{Answer, PASSWORD, TestApp, assert_problem, phone};
use crate::on_every_backend;

on_every_backend!(in still time:
    each_token_gives_the_next_pair,
    the_token_just_spent_gives_the_same_successor_on_every_instance,
    two_at_the_same_instant_get_the_same_successor,
    the_token_just_spent_ends_the_session_after_ten_seconds,
    an_older_token_ends_the_session,
    garbage_is_refused_and_changes_nothing,
    a_deactivated_person_is_not_renewed,
    a_session_that_nobody_renews_ends,
);

/// An admin who is signed in, as the answer to the sign-in.
async fn signed_in(app: &TestApp) -> Answer {
    app.admin().await;
    let answer = app.anonymous().post("/auth/signin", credentials("admin@example.com")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer
}

fn credentials(email: &str) -> Value {
    json!({ "email": email, "password": PASSWORD })
}

fn token(answer: &Answer) -> &str {
    answer.body["refresh_token"].as_str().unwrap()
}

async fn refresh(app: &TestApp, token: &str) -> Answer {
    app.anonymous().post("/auth/refresh", json!({ "refresh_token": token })).await
}

async fn is_alive(app: &TestApp, answer: &Answer) -> bool {
    app.signed_in(answer).get("/users/me").await.status == 200
}

async fn each_token_gives_the_next_pair(app: TestApp, clock: FixedClock) {
    // A longer last day than three renewals take.
    let app = app.another(|settings| settings.auth.session_max_ttl_staff = 365 * 24 * 3600).await;
    let mut last = signed_in(&app).await;
    for _ in 0..3 {
        clock.advance(TimeDelta::days(29));
        assert!(!is_alive(&app, &last).await, "the access token is good for fifteen minutes");
        let next = refresh(&app, token(&last)).await;
        assert_eq!(next.status, 200, "{}", next.body);
        assert_eq!(next.keys(), last.keys());
        assert_eq!(next.body["status"], "signed_in");
        assert_eq!(next.body["refresh_expires_in"], 30 * 24 * 3600);
        assert_eq!(next.header("cache-control"), "no-store");
        assert_ne!(token(&next), token(&last));
        assert!(is_alive(&app, &next).await);
        last = next;
    }
}

async fn the_token_just_spent_gives_the_same_successor_on_every_instance(app: TestApp, clock: FixedClock) {
    let second = app.another(|_| {}).await;
    let first = signed_in(&app).await;
    let next = refresh(&app, token(&first)).await;
    assert_eq!(next.status, 200, "{}", next.body);
    clock.advance(TimeDelta::seconds(10));
    for instance in [&second, &app] {
        let again = refresh(instance, token(&first)).await;
        assert_eq!(again.status, 200, "{}", again.body);
        assert_eq!(token(&again), token(&next));
        assert!(is_alive(&app, &again).await && is_alive(&second, &again).await);
    }
    assert_eq!(refresh(&second, token(&next)).await.status, 200, "the successor is not spent by that");
}

async fn two_at_the_same_instant_get_the_same_successor(app: TestApp, _: FixedClock) {
    let second = app.another(|_| {}).await;
    let mut last = token(&signed_in(&app).await).to_owned();
    for _ in 0..5 {
        let instances = [&app, &second, &app, &second];
        let answers = join_all(instances.iter().map(|instance| refresh(instance, &last))).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "{}", answers[0].body);
        assert!(answers.iter().all(|answer| token(answer) == token(&answers[0])));
        token(&answers[0]).clone_into(&mut last);
    }
}

async fn the_token_just_spent_ends_the_session_after_ten_seconds(app: TestApp, clock: FixedClock) {
    let first = signed_in(&app).await;
    let next = refresh(&app, token(&first)).await;
    clock.advance(TimeDelta::microseconds(10_000_001));
    assert_problem(&refresh(&app, token(&first)).await, 401, "invalid_token");
    assert_problem(&refresh(&app, token(&next)).await, 401, "invalid_token");
    assert!(!is_alive(&app, &next).await);
}

async fn an_older_token_ends_the_session(app: TestApp, _: FixedClock) {
    let second = app.another(|_| {}).await;
    let (first, bystander) = (signed_in(&app).await, app.sign_in("admin@example.com", PASSWORD).await);
    let next = refresh(&app, token(&first)).await;
    let newest = refresh(&app, token(&next)).await;
    assert!(is_alive(&second, &newest).await);
    assert_problem(&refresh(&second, token(&first)).await, 401, "invalid_token");
    assert!(!is_alive(&app, &newest).await && !is_alive(&second, &newest).await);
    assert_problem(&refresh(&app, token(&newest)).await, 401, "invalid_token");
    assert_eq!(bystander.get("/users/me").await.status, 200, "other sessions of the person go on");
}

async fn garbage_is_refused_and_changes_nothing(app: TestApp, _: FixedClock) {
    let first = signed_in(&app).await;
    let caller = app.signed_in(&first);
    let before = caller.get("/auth/sessions").await.good().body;
    let good = token(&first);
    let swapped = if good.ends_with('A') { "B" } else { "A" };
    let mut problems = Vec::new();
    for garbage in [
        String::new(),
        "x".to_owned(),
        good[1..].to_owned(),
        format!("{good}A"),
        format!("{}{swapped}", &good[..good.len() - 1]),
        format!("B{}", &good[1..]),
        good.to_lowercase(),
        "A".repeat(good.len()),
        "\u{430}".repeat(48),
        caller.token.clone().unwrap(),
        "A".repeat(60_000),
    ] {
        let answer = refresh(&app, &garbage).await;
        assert_problem(&answer, 401, "invalid_token");
        assert!(garbage.is_empty() || !answer.text.contains(&format!("\"{garbage}\"")));
        problems.push(answer.body["detail"].clone());
    }
    assert!(problems.windows(2).all(|pair| pair[0] == pair[1]));
    for wrong in [json!({}), json!({ "refresh_token": 7 }), json!({ "refresh_token": null })] {
        assert_eq!(app.anonymous().post("/auth/refresh", wrong).await.pointers(), ["/refresh_token"]);
    }
    assert_eq!(caller.get("/auth/sessions").await.good().body, before);
    assert_eq!(refresh(&app, good).await.status, 200);
}

async fn a_deactivated_person_is_not_renewed(app: TestApp, _: FixedClock) {
    let customer = app.customer(&phone(1)).await;
    let first = signed_in(&app).await;
    app.database().run("UPDATE users SET is_active = FALSE WHERE role = 'admin'").await;
    assert_problem(&refresh(&app, token(&first)).await, 401, "invalid_token");
    assert!(!is_alive(&app, &first).await);
    assert_eq!(customer.get("/users/me").await.status, 200);
}

async fn a_session_that_nobody_renews_ends(app: TestApp, clock: FixedClock) {
    let first = signed_in(&app).await;
    clock.advance(TimeDelta::days(30));
    assert_problem(&refresh(&app, token(&first)).await, 401, "invalid_token");
}
