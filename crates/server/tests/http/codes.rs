//! One-time codes: how long they work, when another is sent, and what follows.

use chrono::TimeDelta;
use domain::testing::FixedClock;
use serde_json::{Value, json};

use crate::app::{PASSWORD, TestApp, assert_problem, phone};
use crate::on_every_backend;

on_every_backend!(in still time:
    a_code_to_sign_in_works_for_five_minutes,
    asked_again_within_a_minute_it_is_the_same_code,
    staff_who_proved_their_contact_wait_for_an_admin,
);

async fn a_code_to_sign_in_works_for_five_minutes(app: TestApp, clock: FixedClock) {
    let admin = app.admin().await;
    let mut asked = Vec::new();
    for n in [1, 2] {
        admin.enters(&phone(n)).await;
        asked.push(app.anonymous().post("/auth/signin", json!({ "phone": phone(n) })).await);
    }
    let codes = [app.code(&phone(1)).await, app.code(&phone(2)).await];
    clock.advance(TimeDelta::minutes(5) - TimeDelta::microseconds(1));
    assert_eq!(app.verify(&asked[0], &codes[0]).await.status, 200);
    clock.advance(TimeDelta::microseconds(1));
    let late = app.verify(&asked[1], &codes[1]).await;
    assert_problem(&late, 401, "invalid_code");
    assert_eq!(late.body["tries_left"], Value::Null);
}

async fn asked_again_within_a_minute_it_is_the_same_code(app: TestApp, clock: FixedClock) {
    let ask = async || {
        let sent = app.anonymous().post("/auth/signup", json!({ "phone": phone(1) })).await;
        assert_eq!(sent.status, 202, "{}", sent.text);
        sent
    };
    let first = ask().await;
    let old = app.code(&phone(1)).await;
    clock.advance(TimeDelta::seconds(60) - TimeDelta::microseconds(1));
    assert_eq!(ask().await.body["challenge_id"], first.body["challenge_id"]);
    clock.advance(TimeDelta::microseconds(1));
    let second = ask().await;
    assert_ne!(second.body["challenge_id"], first.body["challenge_id"]);
    let new = app.code_after(&phone(1), 1).await;
    assert_eq!(app.messages_to(&phone(1)), 2, "nothing was sent in between");
    assert_problem(&app.verify(&first, &old).await, 401, "invalid_code");
    assert_eq!(app.verify(&second, &new).await.status, 200);
}

async fn staff_who_proved_their_contact_wait_for_an_admin(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    let verifying = app.another(|settings| settings.signup.verify_staff = true).await;
    let sign_up = async |email: &str| {
        verifying.anonymous().post("/auth/signup", json!({ "email": email, "password": PASSWORD })).await
    };
    let (sent, taken) = (sign_up("ann@example.com").await, sign_up("admin@example.com").await);
    for answer in [&sent, &taken] {
        assert_eq!((answer.status.code(), answer.keys()), (202, sent.keys()), "{}", answer.text);
        assert_eq!((&answer.body["status"], &answer.body["channel"]), (&json!("code_sent"), &json!("email")));
    }
    let code = verifying.code("ann@example.com").await;
    verifying.has_sent_nothing_to("admin@example.com").await;
    let done = verifying.verify(&sent, &code).await;
    assert_eq!((done.status.code(), &done.body), (202, &json!({ "status": "approval_required" })), "{}", done.text);
    let signin = json!({ "email": "ann@example.com", "password": PASSWORD });
    assert_problem(&verifying.anonymous().post("/auth/signin", signin).await, 403, "account_inactive");
    let ann = admin.get("/users/?is_active=false").await.items()[0].clone();
    assert!(ann["verified_at"].is_string());
    let path = format!("/users/{}", ann["id"].as_str().unwrap());
    assert_eq!(admin.patch(&path, json!({ "is_active": true })).await.status, 200);
    verifying.sign_in("ann@example.com", PASSWORD).await;
}
