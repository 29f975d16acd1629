//! Whole answers, status and headers and body, as snapshots under `snapshots/`. A change of behaviour shows there as a
//! diff. `INSTA_UPDATE=always cargo test --test http whole_answers::sqlite` writes them again.

use std::fmt::Write as _;

use chrono::TimeDelta;
use domain::testing::FixedClock;
use serde_json::{Value, json};

use crate::app::{Answer, Caller, PASSWORD, TestApp, phone, send};
use crate::on_every_backend;

on_every_backend!(
    in still time:
    of_signing_in,
    of_signing_in_by_phone,
    of_entering_people,
    of_reading_people,
    of_changing_people,
    of_refusals,
    of_a_limit,
    of_files,
    of_the_audit_trail,
    of_keys_and_health,
);

async fn of_signing_in(app: TestApp, _: FixedClock) {
    app.admin().await;
    let right = json!({ "email": "admin@example.com", "password": PASSWORD });
    let wrong = json!({ "email": "admin@example.com", "password": "wrong" });
    pin("sign_in", &app.anonymous().post("/auth/signin", right).await);
    pin("sign_in_refused", &app.anonymous().post("/auth/signin", wrong).await);
    let admin = app.sign_in("admin@example.com", PASSWORD).await;
    pin("sessions", &admin.get("/auth/sessions").await);
    pin("sign_out", &admin.post("/auth/signout", json!({})).await);
}

async fn of_signing_in_by_phone(app: TestApp, _: FixedClock) {
    let sent = app.anonymous().post("/auth/signup", json!({ "phone": phone(1) })).await;
    pin("code_sent", &sent);
    let code = app.code(&phone(1)).await;
    let wrong = if code == "111111" { "222222" } else { "111111" };
    pin("code_refused", &app.verify(&sent, wrong).await);
    pin("code_verified", &app.verify(&sent, &code).await);
    let staff = json!({ "email": "ann@example.com", "password": PASSWORD });
    pin("approval_required", &app.anonymous().post("/auth/signup", staff).await);
}

async fn of_entering_people(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    let staff = json!({
        "role": "manager", "email": "ann@example.com", "password": PASSWORD, "display_name": "Ann",
        "phone": phone(1), "tin_trunk_number": "77", "verification_method": "whatsapp",
    });
    pin("entered_manager", &admin.post("/users/", staff).await);
    let customer = json!({ "role": "customer", "phone": phone(2), "metadata": { "tier": [1, { "ў": null }] } });
    pin("entered_customer", &admin.post("/users/", customer.clone()).await);
    pin("refused_409", &admin.post("/users/", customer).await);
    let wrong = json!({
        "role": "manager", "email": "ann", "password": "short", "display_name": "x".repeat(500),
        "phone": 7, "verification_method": "pigeon", "wings": 2,
    });
    pin("refused_422_staff", &admin.post("/users/", wrong).await);
    let wrong = json!({ "role": "customer", "phone": "1", "assigned_manager_id": "ann", "metadata": [] });
    pin("refused_422_customer", &admin.post("/users/", wrong).await);
}

async fn of_reading_people(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    pin("me", &admin.get("/users/me").await);
    for n in 1..=3 {
        admin.enters(&phone(n)).await;
    }
    let page = admin.get("/users/?role=customer&limit=2&include_total=true").await;
    pin("list_first_page", &page);
    pin("list_last_page", &admin.get(&page.next_page()).await);
    pin("refused_422_query", &admin.get("/users/?limit=0&wings=2&sort=age").await);
    let customer = app.customer(&phone(1)).await;
    pin("data", &customer.get(&format!("/users/{}/data", customer.id)).await);
    pin("refused_404", &customer.get(&format!("/users/{}", admin.id)).await);
    pin("refused_403", &customer.get("/users/").await);
}

async fn of_changing_people(app: TestApp, clock: FixedClock) {
    let admin = app.admin().await;
    let path = format!("/users/{}", admin.enters(&phone(1)).await);
    clock.advance(TimeDelta::seconds(1));
    let change = json!({ "display_name": "Bo", "metadata": { "a": 1 } });
    pin("changed", &admin.patch(&path, change.clone()).await);
    let stale = admin.request("PATCH", &path).header("if-match", "\"long gone\"").json(&change);
    pin("refused_412", &send(stale).await);
    let last = admin.patch("/users/me", json!({ "is_active": false })).await;
    pin("refused_409_last_admin", &last);
    let ann = app.manager(&admin, "ann@example.com").await;
    pin("refused_403_fields", &ann.patch("/users/me", json!({ "role": "admin" })).await);
    pin("erased", &admin.delete(&path).await);
}

async fn of_refusals(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    pin("refused_401", &app.anonymous().get("/users/me").await);
    pin("refused_401_token", &app.with_token("x").get("/users/me").await);
    pin("refused_405", &admin.delete("/users/").await);
    pin("refused_415", &admin.post_text("/users/", "text/plain", "{}").await);
    pin("refused_400", &admin.post_text("/users/", "application/json", "{").await);
}

async fn of_a_limit(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    let app = app.another(|settings| settings.limits.per_user = 1).await;
    let admin = app.with_token(admin.token.as_ref().unwrap());
    for _ in 0..20 {
        assert_eq!(admin.get("/users/me").await.status, 200);
    }
    pin("refused_429", &admin.get("/users/me").await);
}

async fn of_files(app: TestApp, clock: FixedClock) {
    let admin = app.admin().await;
    clock.advance(TimeDelta::seconds(1));
    let file = format!("phone,display_name\n{},Bo\n{},\"=Al, jr\"\n7,Cy\n", phone(1), phone(2));
    pin("import_aborted", &import(&admin, "", &file).await);
    pin("import", &import(&admin, "?on_error=skip", &file).await);
    pin("export_csv", &admin.get("/users/export?sort=created_at").await);
    let lines = admin.get_with("/users/export?sort=created_at", &[("accept", "application/x-ndjson")]).await;
    pin("export_json_lines", &lines);
}

async fn import(caller: &Caller, query: &str, file: &str) -> Answer {
    caller.post_text(&format!("/users/import{query}"), "text/csv", file.to_owned()).await
}

async fn of_the_audit_trail(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    let body = json!({ "role": "customer", "phone": phone(1), "display_name": "Ўктам" });
    let entered = send(admin.request("POST", "/users/").header("x-request-id", "abc-1").json(&body)).await;
    let path = format!("/audit-events?subject_id={}", entered.body["id"].as_str().unwrap());
    pin("audit_events", &admin.get(&path).await);
}

async fn of_keys_and_health(app: TestApp, _: FixedClock) {
    let anyone = app.anonymous();
    pin("jwks", &anyone.get("/.well-known/jwks.json").await);
    pin("live", &anyone.get("/health/live").await);
    pin("ready", &anyone.get("/health/ready").await);
}

#[track_caller]
fn pin(name: &str, answer: &Answer) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, whole(answer)));
}

/// Of the transport, or of the moment. `connection: close` is there when a refused body had not arrived.
const UNPINNED: [&str; 3] = ["connection", "content-length", "date"];

/// Status, headers and body. A name takes the place of what differs in each run. Time stands still.
fn whole(answer: &Answer) -> String {
    let mut text = format!("{}\n", answer.status.code());
    let mut headers: Vec<_> = answer.headers.iter().filter(|(name, _)| !UNPINNED.contains(&name.as_str())).collect();
    headers.sort_by_key(|(name, _)| name.as_str());
    for (name, value) in headers {
        let _ = writeln!(text, "{name}: {}", value.to_str().unwrap());
    }
    text.push('\n');
    text.push_str(&if answer.body.is_null() { answer.text.clone() } else { on_lines(&answer.text) });
    named_ids(named_secrets(text, &answer.body))
}

/// JSON with a line for each member, in the order in which they came. What is empty stays on its line.
fn on_lines(json: &str) -> String {
    let (mut lines, mut depth, mut is_text, mut before) = (String::new(), 0, false, ' ');
    for char in json.chars() {
        let closes = !is_text && matches!(char, '}' | ']');
        let is_first = matches!(before, '{' | '[');
        depth -= usize::from(closes);
        if !is_text && (closes != is_first || before == ',') {
            let _ = write!(lines, "\n{}", "  ".repeat(depth));
        }
        lines.push(char);
        depth += usize::from(!is_text && matches!(char, '{' | '['));
        is_text ^= char == '"' && before != '\\';
        before = char;
    }
    lines
}

/// Puts `<access_token>` in place of a token, and so on, wherever its value is.
fn named_secrets(text: String, body: &Value) -> String {
    const NAMES: [&str; 6] = ["access_token", "refresh_token", "next_cursor", "kid", "x", "y"];
    match body {
        Value::Object(members) => members.iter().fold(text, |text, (name, value)| match value.as_str() {
            Some(value) if NAMES.contains(&name.as_str()) => text.replace(value, &format!("<{name}>")),
            _ => named_secrets(text, value),
        }),
        Value::Array(values) => values.iter().fold(text, named_secrets),
        _ => text,
    }
}

/// Puts `<id 1>` in place of the first identifier, wherever it is, and so on: which number the clock gave it depends
/// on how many others were asked for before. Entity tags have identifiers without hyphens.
fn named_ids(mut text: String) -> String {
    const LENGTH: usize = 36;
    let mut count = 0;
    let is_id = |text: &str| uuid::Uuid::parse_str(text).is_ok();
    let first = |text: &str| (0..text.len()).find(|&at| text.get(at..at + LENGTH).is_some_and(is_id));
    while let Some(at) = first(&text) {
        count += 1;
        let id = text[at..at + LENGTH].to_owned();
        let name = format!("<id {count}>");
        text = text.replace(&id, &name).replace(&id.replace('-', ""), &name);
    }
    text
}
