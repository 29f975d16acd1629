//! Who calls is remembered for a moment. Nobody may notice but by the speed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::app::{Caller, PASSWORD, TestApp, phone};
use crate::on_every_backend;

on_every_backend!(
    no_reader_gets_in_after_the_answer_to_a_change,
    no_key_gets_in_after_the_answer_to_a_change,
    a_profile_is_the_one_that_was_written_last,
    whoever_asks_another_instance_for_the_present_gets_it,
    it_can_be_turned_off,
);

/// Asks for the caller's profile again and again. Ends with when each question began and what its status was.
fn hammer(caller: &Caller, is_over: &Arc<AtomicBool>) -> JoinHandle<Vec<(Instant, u16)>> {
    let (caller, is_over) = (caller.clone(), Arc::clone(is_over));
    tokio::spawn(async move {
        let mut seen = Vec::new();
        while !is_over.load(Ordering::SeqCst) {
            let began = Instant::now();
            let answer = caller.get("/users/me").await;
            seen.push((began, answer.status.code()));
        }
        seen
    })
}

/// Changes the authority of a manager, and answers when that was answered.
async fn change(admin: &Caller, manager: &str, round: usize) -> Instant {
    let path = format!("/users/{manager}");
    match round % 3 {
        0 => admin.patch(&path, json!({ "is_active": false })).await.good(),
        1 => admin.delete(&format!("{path}/sessions")).await.good(),
        _ => admin.patch(&path, json!({ "role": "admin" })).await.good(),
    };
    Instant::now()
}

/// Lets four read while `change` is made, and demands that nobody who asks after its answer gets in.
async fn race(caller: &Caller, change: impl AsyncFnOnce() -> Instant) {
    let is_over = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..4).map(|_| hammer(caller, &is_over)).collect();
    for _ in 0..3 {
        caller.get("/users/me").await.good();
    }
    let answered = change().await;
    for _ in 0..3 {
        assert_eq!(caller.get("/users/me").await.status, 401);
    }
    is_over.store(true, Ordering::SeqCst);
    let mut seen = Vec::new();
    for reader in readers {
        seen.extend(reader.await.unwrap());
    }
    seen.retain(|(began, _)| *began > answered);
    assert!(seen.iter().all(|(_, status)| *status == 401), "{seen:?}");
}

async fn no_reader_gets_in_after_the_answer_to_a_change(app: TestApp) {
    let app = app.another(|settings| settings.limits.enabled = false).await;
    let admin = app.admin().await;
    let manager = app.manager(&admin, "ann@example.com").await.id;
    for round in 0..9 {
        let caller = app.sign_in("ann@example.com", PASSWORD).await;
        race(&caller, async || change(&admin, &manager, round).await).await;
        let back = json!({ "is_active": true, "role": "manager" });
        admin.patch(&format!("/users/{manager}"), back).await.good();
    }
}

async fn no_key_gets_in_after_the_answer_to_a_change(app: TestApp) {
    let app = app.another(|settings| settings.limits.enabled = false).await;
    let admin = app.admin().await;
    let manager = app.manager(&admin, "ann@example.com").await;
    let path = format!("/users/{}", manager.id);
    for round in 0..9 {
        let owner = app.sign_in("ann@example.com", PASSWORD).await;
        let made = owner.makes_key(&["read_user"]).await;
        let key = format!("/auth/keys/{}", made.body["id"].as_str().unwrap());
        race(&app.with_token(made.body["key"].as_str().unwrap()), async || {
            match round % 3 {
                0 => owner.delete(&key).await.good(),
                1 => admin.patch(&path, json!({ "is_active": false })).await.good(),
                _ => admin.patch(&path, json!({ "role": "admin" })).await.good(),
            };
            Instant::now()
        })
        .await;
        admin.patch(&path, json!({ "is_active": true, "role": "manager" })).await.good();
    }
}

async fn a_profile_is_the_one_that_was_written_last(app: TestApp) {
    let admin = app.admin().await;
    let customer = app.customer(&phone(1)).await;
    let path = format!("/users/{}", customer.id);
    for round in 0..10 {
        let name = format!("Name {round}");
        let body = json!({ "display_name": name });
        let changed = match round % 2 {
            0 => customer.patch("/users/me", body).await.good(),
            _ => admin.patch(&path, body).await.good(),
        };
        let seen = customer.get("/users/me").await.good();
        assert_eq!((&seen.body["display_name"], seen.header("etag")), (&json!(name), changed.header("etag")));
    }
    let manager = app.manager(&admin, "ann@example.com").await;
    admin.patch(&path, json!({ "assigned_manager_id": manager.id })).await.good();
    assert_eq!(customer.get("/users/me").await.body["assigned_manager_id"], json!(manager.id));
    let handover = format!("/users/{}/handover", manager.id);
    admin.post(&handover, json!({ "to": [] })).await.good();
    assert_eq!(customer.get("/users/me").await.body["assigned_manager_id"], Value::Null);
}

async fn whoever_asks_another_instance_for_the_present_gets_it(app: TestApp) {
    let there = app.another(|_| {}).await;
    let here = app.customer(&phone(1)).await;
    let elsewhere = there.with_token(here.token.as_deref().unwrap());
    for round in 0..5 {
        elsewhere.get("/users/me").await.good();
        let name = json!(format!("Name {round}"));
        here.patch("/users/me", json!({ "display_name": name })).await.good();
        let seen = elsewhere.get_with("/users/me", &[("Cache-Control", "no-cache")]).await.good();
        assert_eq!(seen.body["display_name"], name);
    }
    sleep(Duration::from_secs(2)).await;
    assert_eq!(elsewhere.get("/users/me").await.body["display_name"], json!("Name 4"));
}

async fn it_can_be_turned_off(app: TestApp) {
    let there = app.another(|settings| settings.auth.identity_cache = false).await;
    let here = app.customer(&phone(1)).await;
    let elsewhere = there.with_token(here.token.as_deref().unwrap());
    elsewhere.get("/users/me").await.good();
    here.patch("/users/me", json!({ "display_name": "Bo" })).await.good();
    assert_eq!(elsewhere.get("/users/me").await.body["display_name"], json!("Bo"));
    here.post("/auth/signout", Value::Null).await.good();
    assert_eq!(elsewhere.get("/users/me").await.status, 401);
}
