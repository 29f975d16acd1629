//! Many at once, by the clock of the computer, whose readings overtake each other.

use futures_util::future::join_all;
use serde_json::json;

use crate::app::{Answer, PASSWORD, TestApp};
use crate::on_every_backend;

on_every_backend!(right_passwords_at_once_wait_for_nobody);

const ADMIN: &str = "admin@example.com";

async fn sign_in(app: &TestApp, password: &str) -> Answer {
    app.anonymous().post("/auth/signin", json!({ "email": ADMIN, "password": password })).await
}

async fn right_passwords_at_once_wait_for_nobody(app: TestApp) {
    app.admin().await;
    let second = app.another(|_| {}).await;
    let instances = [&app, &second];
    for round in 0..5 {
        for answer in join_all((0..24).map(|n| sign_in(instances[n % 2], PASSWORD))).await {
            assert_eq!(answer.status, 200, "round {round}: {}", answer.text);
        }
    }
}
