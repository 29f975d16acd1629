//! Reads of many people, and refusals that are recorded.

use serde_json::{Value, json};

use crate::app::{Caller, TestApp, assert_problem, phone};
use crate::import::import;
use crate::on_every_backend;

on_every_backend!(
    an_import_is_recorded_with_its_counts,
    an_export_is_recorded_with_its_counts,
    an_export_that_nobody_reads_to_its_end_is_recorded,
    a_read_of_all_stored_data_is_recorded,
    wrong_codes_are_recorded,
    a_reused_refresh_token_is_recorded_with_the_reason,
);

async fn events(admin: &Caller, action: &str) -> Vec<Value> {
    admin.get(&format!("/audit-events?action={action}&limit=200")).await.good().items().to_vec()
}

/// What an event says.
fn facts(event: &Value) -> Value {
    let changes = event["changes"].as_object().unwrap();
    changes.iter().map(|(name, change)| (name.clone(), change["to"].clone())).collect::<serde_json::Map<_, _>>().into()
}

async fn an_import_is_recorded_with_its_counts(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let file = format!("phone,display_name\n{},A\n{},B\n", phone(1), phone(2));
    for (query, status) in [("?dry_run=true", 200), ("", 200), ("?on_existing=update&on_error=skip", 200)] {
        assert_eq!(import(&ann, query, file.clone()).await.status, status);
    }
    let bad = format!("phone\n{}\nno phone\n", phone(3));
    assert_problem(&import(&ann, "", bad.clone()).await, 422, "validation_failed");
    assert_eq!(import(&ann, "?on_error=skip", bad).await.status, 200);
    let recorded = events(&admin, "users.imported").await;
    assert!(recorded.iter().all(|event| event["actor_id"] == ann.id.as_str() && event["subject_id"].is_null()));
    let told: Vec<_> = recorded.iter().rev().map(facts).collect();
    let fact = |dry_run, created, skipped, errors| json!({ "dry_run": dry_run, "created": created, "updated": 0, "skipped": skipped, "errors": errors });
    let expected =
        [fact(true, 2, 0, 0), fact(false, 2, 0, 0), fact(false, 0, 2, 0), fact(false, 0, 0, 1), fact(false, 1, 0, 1)];
    assert_eq!(told, expected);
}

async fn an_export_is_recorded_with_its_counts(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    ann.enters(&phone(1)).await;
    for (caller, query) in [(&admin, ""), (&ann, "?role=customer"), (&ann, "?q=nobody")] {
        assert_eq!(caller.get(&format!("/users/export{query}")).await.status, 200);
    }
    let recorded = events(&admin, "users.exported").await;
    let told: Vec<_> = recorded.iter().rev().map(|event| (event["actor_id"].clone(), facts(event))).collect();
    let fact = |who: &Caller, people| (json!(who.id), json!({ "people": people, "complete": true }));
    assert_eq!(told, [fact(&admin, 3), fact(&ann, 1), fact(&ann, 0)]);
}

async fn an_export_that_nobody_reads_to_its_end_is_recorded(app: TestApp) {
    let admin = app.admin().await;
    let lines: Vec<_> = (1..=5000).map(|n| format!("{},{}", phone(n), "x".repeat(100))).collect();
    let imported = import(&admin, "", format!("phone,display_name\n{}\n", lines.join("\n"))).await;
    assert_eq!(imported.body["created"], 5000, "{}", imported.text);
    let mut half = admin.request("GET", "/users/export").send().await.unwrap();
    assert!(half.chunk().await.unwrap().is_some());
    drop(half);
    let recorded = loop {
        match events(&admin, "users.exported").await {
            recorded if recorded.is_empty() => tokio::task::yield_now().await,
            recorded => break recorded,
        }
    };
    let people = facts(&recorded[0])["people"].as_u64().unwrap();
    assert_eq!(facts(&recorded[0])["complete"], false);
    assert!((1..=5000).contains(&people), "{people}");
}

async fn a_read_of_all_stored_data_is_recorded(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    for caller in [&admin, &ann] {
        assert_eq!(caller.get(&format!("/users/{}/data", ann.id)).await.status, 200);
    }
    let recorded = events(&admin, "user.data_read").await;
    let actors: Vec<_> = recorded.iter().rev().map(|event| event["actor_id"].as_str().unwrap()).collect();
    assert_eq!(actors, [&*admin.id, &*ann.id]);
    assert!(recorded.iter().all(|event| event["subject_id"] == ann.id.as_str()));
    let counts = json!({ "sessions": 1, "challenges": 0, "created_customers": 0, "assigned_customers": 0 });
    assert!(recorded.iter().all(|event| facts(event) == counts), "{recorded:?}");
}

async fn wrong_codes_are_recorded(app: TestApp) {
    let admin = app.admin().await;
    let customer = app.customer(&phone(1)).await;
    let sent = app.anonymous().post("/auth/signin", json!({ "phone": phone(1) })).await;
    let code = app.code_after(&phone(1), 1).await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    assert_problem(&app.verify(&sent, wrong).await, 401, "invalid_code");
    let nobodys = json!({ "challenge_id": "018f0000-0000-7000-8000-000000000000", "code": wrong });
    assert_problem(&app.anonymous().post("/auth/verify", nobodys.clone()).await, 401, "invalid_code");
    let mut reset = nobodys;
    reset["new_password"] = crate::app::PASSWORD.into();
    assert_problem(&app.anonymous().post("/auth/password/reset", reset).await, 401, "invalid_code");
    let recorded = events(&admin, "signin.failed").await;
    let told: Vec<_> = recorded.iter().rev().map(|event| (event["subject_id"].clone(), facts(event))).collect();
    let fact = |subject| (subject, json!({ "reason": "wrong_code" }));
    assert_eq!(told, [fact(json!(customer.id)), fact(Value::Null), fact(Value::Null)]);
}

async fn a_reused_refresh_token_is_recorded_with_the_reason(app: TestApp) {
    let admin = app.admin().await;
    app.manager(&admin, "ann@example.com").await;
    let body = json!({ "email": "ann@example.com", "password": crate::app::PASSWORD });
    let signed_in = app.anonymous().post("/auth/signin", body).await;
    let first = signed_in.body["refresh_token"].clone();
    let mut token = first.clone();
    for _ in 0..2 {
        let renewed = app.anonymous().post("/auth/refresh", json!({ "refresh_token": token })).await;
        assert_eq!(renewed.status, 200, "{}", renewed.text);
        token = renewed.body["refresh_token"].clone();
    }
    assert_problem(
        &app.anonymous().post("/auth/refresh", json!({ "refresh_token": first })).await,
        401,
        "invalid_token",
    );
    let recorded = events(&admin, "session.ended").await;
    assert_eq!(recorded[0]["subject_id"], signed_in.body["user"]["id"]);
    assert_eq!(facts(&recorded[0]), json!({ "reason": "refresh_token_reused" }));
}
