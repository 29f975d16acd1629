//! A change is judged by the authority at its commit: whoever loses it while their request arrives writes nothing.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app::{Answer, Caller, PASSWORD, TestApp, phone};
use crate::on_every_backend;

on_every_backend!(
    whoever_is_deactivated_meanwhile_writes_nothing,
    whoever_gets_another_role_meanwhile_writes_nothing,
    whoever_is_signed_out_meanwhile_writes_nothing,
    whoever_is_erased_meanwhile_writes_nothing,
    a_manager_or_customer_who_is_signed_out_meanwhile_writes_nothing,
    an_export_ends_with_its_session,
);

/// A request whose head and half of whose body have arrived.
pub(crate) struct Begun {
    door: &'static str,
    stream: TcpStream,
    rest: String,
}

/// Every request with a body through which somebody who is signed in writes, or is told what would be written.
fn doors(
    caller: &Caller,
    customer: &str,
    manager: &str,
) -> Vec<(&'static str, String, &'static str, &'static str, String)> {
    let json = "application/json";
    let body = |value: Value| value.to_string();
    let new = |role: &str, n: usize| match role {
        "customer" => json!({ "role": role, "phone": phone(n) }),
        _ => json!({ "role": role, "email": format!("new{n}@example.com"), "password": PASSWORD }),
    };
    let file = format!("phone,display_name\n{},Late\n{},Late\n", phone(801), phone(1));
    let import = |query: &str| format!("/users/import?on_existing=update{query}");
    let change = json!({ "current_password": PASSWORD, "new_password": "another fine passphrase" });
    let (own, theirs) = (format!("/users/{}", caller.id), format!("/users/{customer}"));
    let handover = format!("/users/{manager}/handover");
    vec![
        ("an admin", "/users/".into(), "POST", json, body(new("admin", 1))),
        ("a manager", "/users/".into(), "POST", json, body(new("manager", 2))),
        ("the invited", "/users/".into(), "POST", json, body(json!({ "role": "admin", "email": "new3@example.com" }))),
        ("a customer", "/users/".into(), "POST", json, body(new("customer", 800))),
        ("a patch", theirs.clone(), "PATCH", json, body(json!({ "display_name": "Late" }))),
        ("a patch of nothing", theirs, "PATCH", json, body(json!({ "display_name": null }))),
        ("a promotion", format!("/users/{manager}"), "PATCH", json, body(json!({ "is_active": false }))),
        ("their own patch", own, "PATCH", json, body(json!({ "display_name": "Late" }))),
        ("me", "/users/me".into(), "PATCH", json, body(json!({ "display_name": "Late" }))),
        ("a handover", handover.clone(), "POST", json, body(json!({ "to": [], "deactivate": true }))),
        ("a dry handover", handover, "POST", json, body(json!({ "to": [], "dry_run": true }))),
        ("a whole file", import(""), "POST", "text/csv", file.clone()),
        ("a file in parts", import("&on_error=skip"), "POST", "text/csv", file.clone()),
        ("a dry file", import("&dry_run=true"), "POST", "text/csv", file),
        ("a password", "/auth/password/change".into(), "POST", json, body(change)),
    ]
}

pub(crate) async fn begin(
    app: &TestApp,
    caller: &Caller,
    door: (&'static str, String, &str, &str, String),
    extra: &str,
) -> Begun {
    let (door, path, method, media_type, body) = door;
    let mut stream = TcpStream::connect(app.address.trim_start_matches("http://")).await.unwrap();
    let token = caller.token.as_deref().unwrap();
    let (begun, rest) = body.split_at(body.len() / 2);
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: {media_type}\r\n\
         Connection: close\r\nExpect: 100-continue\r\n{extra}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The service asks for the body when it reads it: the caller has been let in.
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n", "{door}");
    stream.write_all(begun.as_bytes()).await.unwrap();
    Begun { door, stream, rest: rest.to_owned() }
}

impl Begun {
    pub(crate) async fn refused(mut self) {
        self.stream.write_all(self.rest.as_bytes()).await.unwrap();
        let mut answer = String::new();
        self.stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 401 "), "{}: {answer}", self.door);
        assert!(answer.contains("\"code\":\"invalid_token\""), "{}: {answer}", self.door);
        assert!(answer.to_lowercase().contains("www-authenticate: bearer error=\"invalid_token\""), "{answer}");
    }
}

/// All people as the tables hold them, and the number of events of changes.
async fn everything(app: &TestApp) -> Vec<Value> {
    let mut all = Vec::new();
    for sql in [
        "SELECT role, CASE WHEN is_active THEN 'yes' ELSE 'no' END AS active, display_name FROM users ORDER BY id",
        "SELECT phone, CASE WHEN assigned_manager_id IS NULL THEN 'no' ELSE 'yes' END AS assigned FROM customers ORDER BY id",
        "SELECT email, password_hash FROM admin_managers ORDER BY id",
        "SELECT action FROM audit_events ORDER BY id",
    ] {
        all.extend(app.rows(sql).await);
    }
    all
}

/// Begins a request at every door, takes the authority away, and sends the rest.
async fn every_door(app: TestApp, take_away: impl AsyncFn(&Caller, &Caller, &Caller) -> Answer) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let customer = ann.enters(&phone(1)).await;
    let eve = app.other_admin(&admin, "eve@example.com").await;
    let elsewhere = app.sign_in("eve@example.com", PASSWORD).await;
    // A request that was carried out before, and is repeated under its key.
    let again = json!({ "role": "customer", "phone": phone(2) });
    let first = eve.request("POST", "/users/").header("idempotency-key", "k").json(&again).send().await.unwrap();
    assert_eq!(first.status(), 201);
    let mut begun = Vec::new();
    for door in doors(&eve, &customer, &ann.id) {
        begun.push(begin(&app, &eve, door, "").await);
    }
    let repeated = ("a repetition", "/users/".to_owned(), "POST", "application/json", again.to_string());
    begun.push(begin(&app, &eve, repeated, "Idempotency-Key: k\r\n").await);
    let taken = take_away(&admin, &eve, &elsewhere).await;
    assert!(matches!(taken.status.code(), 200 | 204), "{}", taken.text);
    let before = everything(&app).await;
    for request in begun {
        request.refused().await;
    }
    assert_eq!(everything(&app).await, before);
}

async fn whoever_is_deactivated_meanwhile_writes_nothing(app: TestApp) {
    every_door(app, async |admin, eve, _| {
        admin.patch(&format!("/users/{}", eve.id), json!({ "is_active": false })).await
    })
    .await;
}

async fn whoever_gets_another_role_meanwhile_writes_nothing(app: TestApp) {
    every_door(app, async |admin, eve, _| {
        admin.patch(&format!("/users/{}", eve.id), json!({ "role": "manager" })).await
    })
    .await;
}

async fn whoever_is_signed_out_meanwhile_writes_nothing(app: TestApp) {
    every_door(app, async |_, _, elsewhere| elsewhere.delete("/auth/sessions").await).await;
}

async fn whoever_is_erased_meanwhile_writes_nothing(app: TestApp) {
    every_door(app, async |admin, eve, _| admin.delete(&format!("/users/{}", eve.id)).await).await;
}

async fn a_manager_or_customer_who_is_signed_out_meanwhile_writes_nothing(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let hers = ann.enters(&phone(1)).await;
    let customer = app.customer(&phone(2)).await;
    let own = doors(&customer, &hers, &ann.id).into_iter().filter(|door| door.0 == "me");
    let of_manager = ["a customer", "a patch", "me", "a whole file", "a file in parts", "a password"];
    let mut begun = Vec::new();
    for door in doors(&ann, &hers, &ann.id).into_iter().filter(|door| of_manager.contains(&door.0)) {
        begun.push(begin(&app, &ann, door, "").await);
    }
    for door in own {
        begun.push(begin(&app, &customer, door, "").await);
    }
    for caller in [&ann, &customer] {
        assert_eq!(admin.delete(&format!("/users/{}/sessions", caller.id)).await.status, 204);
    }
    let before = everything(&app).await;
    for request in begun {
        request.refused().await;
    }
    assert_eq!(everything(&app).await, before);
}

async fn an_export_ends_with_its_session(app: TestApp) {
    let admin = app.admin().await;
    let eve = app.other_admin(&admin, "eve@example.com").await;
    // More than the buffers of both ends take, so that the rest is not written before it is read.
    let metadata = json!({ "x": "y".repeat(15_000) });
    let mut file = "phone,metadata\n".to_owned();
    for n in 0..1_500 {
        writeln!(file, "{},\"{}\"", phone(n), metadata.to_string().replace('"', "\"\"")).unwrap();
    }
    let imported = crate::import::import(&admin, "", file).await;
    assert_eq!(imported.body["created"], 1_500, "{}", imported.text);
    for accept in ["text/csv", "application/x-ndjson"] {
        let eve = if accept == "text/csv" { eve.clone() } else { app.sign_in("eve@example.com", PASSWORD).await };
        let mut answer = eve.request("GET", "/users/export").header("accept", accept).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.chunk().await.unwrap().is_some());
        assert_eq!(admin.delete(&format!("/users/{}/sessions", eve.id)).await.status, 204);
        assert!(answer.bytes().await.is_err(), "{accept}: it passes for a whole file");
    }
}
