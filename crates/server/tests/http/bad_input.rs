//! Input that is wrong gets a clear answer, and nothing is half-written.

use serde_json::json;

use crate::app::{PASSWORD, TestApp, assert_problem, phone, send};
use crate::on_every_backend;

on_every_backend!(
    what_is_no_object_is_malformed,
    only_json_is_taken,
    a_large_body_is_refused,
    every_wrong_field_is_named_at_once,
    an_answer_about_errors_stays_small,
    wrong_phones_and_emails_are_named,
    weak_passwords_are_named,
    metadata_is_bounded,
    numbers_survive_untouched,
    whatever_is_wrong_with_a_code_has_one_answer,
    text_survives_untouched,
);

async fn what_is_no_object_is_malformed(app: TestApp) {
    let admin = app.admin().await;
    for body in [
        "",
        "[]",
        "null",
        "{",
        "{\"role\":\"customer\",}",
        "{\"a\":1,\"a\":2}",
        "{\"role\":\"customer\",\"phone\":\"+998900000001\",\"metadata\":{\"a\":1,\"a\":2}}",
        "[\"ann@example.com\",\"correct horse battery\"]",
        "{} {}",
    ] {
        assert_problem(&admin.post_text("/users/", "application/json", body).await, 400, "malformed_json");
        assert_problem(
            &app.anonymous().post_text("/auth/signin", "application/json", body).await,
            400,
            "malformed_json",
        );
    }
    let bytes = b"{\"email\":\"\xff\"}".to_vec();
    assert_problem(&app.anonymous().post_text("/auth/signin", "application/json", bytes).await, 400, "malformed_json");
}

async fn only_json_is_taken(app: TestApp) {
    let admin = app.admin().await;
    let body = json!({ "role": "customer", "phone": phone(1) }).to_string();
    for content_type in [
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "application/vnd.api+json",
        "application/merge-patch+json",
    ] {
        assert_problem(&admin.post_text("/users/", content_type, body.clone()).await, 415, "unsupported_media_type");
    }
    assert_problem(&send(admin.request("POST", "/users/").body(body.clone())).await, 415, "unsupported_media_type");
    assert_eq!(admin.post_text("/users/", "application/json; charset=utf-8", body.clone()).await.status, 201);
    let other = body.replace(&phone(1), &phone(2));
    let plain = admin.request("POST", "/users/").header("content-type", "application/json;charset=utf8");
    assert_eq!(send(plain.header("content-encoding", "identity").body(other)).await.status, 201);
    let packed = admin.request("POST", "/users/").header("content-type", "application/json");
    assert_problem(&send(packed.header("content-encoding", "gzip").body(body)).await, 415, "unsupported_media_type");
}

async fn a_large_body_is_refused(app: TestApp) {
    let admin = app.admin().await;
    let body = json!({ "role": "customer", "phone": phone(1), "display_name": "x".repeat(1024 * 1024) });
    let anyone = app.anonymous();
    // The server may close the connection before all is sent; then there is no answer to read.
    for request in [admin.request("POST", "/users/").json(&body), anyone.request("POST", "/auth/signup").json(&body)] {
        if let Ok(answer) = request.send().await {
            assert_eq!(answer.status(), 413);
        }
    }
    let chunks = futures_util::stream::iter((0..9).map(|_| Ok::<_, std::io::Error>(vec![b' '; 8192])));
    let request = admin.request("POST", "/users/").header("content-type", "application/json");
    assert_problem(&send(request.body(reqwest::Body::wrap_stream(chunks))).await, 413, "payload_too_large");
    assert_eq!(admin.get("/users/").await.items().len(), 1);
}

async fn every_wrong_field_is_named_at_once(app: TestApp) {
    let admin = app.admin().await;
    let body = json!({
        "role": "manager", "email": "nobody", "password": "short", "display_name": "x".repeat(121), "phone": 7, "tin_trunk_number": "x".repeat(51),
        "verification_method": "pigeon", "is_active": "yes", "wings": 2, "password_hash": "$2b$", "id": "x",
    });
    let answer = admin.post("/users/", body).await;
    assert_problem(&answer, 422, "validation_failed");
    assert_eq!(
        answer.pointers(),
        [
            "/display_name",
            "/email",
            "/id",
            "/is_active",
            "/password",
            "/password_hash",
            "/phone",
            "/tin_trunk_number",
            "/verification_method",
            "/wings"
        ]
    );
    for error in answer.body["errors"].as_array().unwrap() {
        assert!(error["code"].is_string() && error["detail"].is_string());
    }
    assert_eq!(admin.post("/users/", json!({})).await.pointers(), ["/role"]);
    assert_eq!(admin.post("/users/", json!({ "role": "boss" })).await.pointers(), ["/role"]);
    assert_eq!(admin.post("/users/", json!({ "role": "customer" })).await.pointers(), ["/phone"]);
    assert_eq!(app.anonymous().post("/auth/signup", json!({})).await.pointers(), ["/email", "/password"]);
    assert_eq!(app.anonymous().post("/auth/signin", json!({})).await.pointers(), ["/email", "/password"]);
    assert_eq!(
        app.anonymous().post("/auth/verify", json!({ "challenge_id": 1 })).await.pointers(),
        ["/challenge_id", "/code"]
    );
}

/// Whatever brings many errors in: fields, parameters, members of a list, lines and columns of a file.
async fn an_answer_about_errors_stays_small(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let fields: Vec<_> = (0..5000).map(|n| format!("\"f{n}\":1")).collect();
    let fields = format!("{{\"role\":\"customer\",{}}}", fields.join(","));
    let long = format!("{{\"role\":\"customer\",\"{}\":1}}", "é~/".repeat(15_000));
    let query: Vec<_> = (0..3000).map(|n| format!("p{n}=1")).collect();
    let members: Vec<_> = (0..1500).map(|n| format!("\"{n}\"")).collect();
    let lines = format!("phone\n{}", "1\n".repeat(3000));
    let columns: Vec<_> = (0..3000).map(|n| format!("c{n}")).collect();
    let csv = async |text: String| admin.post_text("/users/import", "text/csv", text).await;
    let json = async |path: &str, text: String| admin.post_text(path, "application/json", text).await;
    let (handover, members) = (format!("/users/{}/handover", ann.id), format!("{{\"to\":[{}]}}", members.join(",")));
    for (name, answer, caused_by) in [
        ("fields", json("/users/", fields.clone()).await, 5000),
        ("strangers", app.anonymous().post_text("/auth/verify", "application/json", fields).await, 5000),
        ("parameters", admin.get(&format!("/users/?{}", query.join("&"))).await, 3000),
        ("members", json(&handover, members).await, 1500),
        ("lines", csv(lines).await, 3000),
        ("columns", csv(columns.join(",")).await, 3000),
    ] {
        assert_problem(&answer, 422, "validation_failed");
        assert_eq!(answer.body["errors"].as_array().unwrap().len(), 100, "{name}");
        let told = 100 + answer.body["errors_omitted"].as_u64().unwrap();
        assert!(told >= caused_by, "{name}: {told}");
        assert!(answer.text.len() < 16 * 1024, "{name}: {} bytes", answer.text.len());
    }
    for answer in [
        json("/users/", long.clone()).await,
        admin.get(&format!("/users/?{}=1", "x".repeat(5000))).await,
        csv("x".repeat(60_000)).await,
    ] {
        assert_problem(&answer, 422, "validation_failed");
        assert!(answer.pointers().iter().any(|pointer| pointer.ends_with('…')), "{}", answer.text);
        assert!(answer.text.len() < 2048, "{} bytes", answer.text.len());
    }
    assert_problem(&csv(",".repeat(20_000)).await, 422, "validation_failed");
}

async fn wrong_phones_and_emails_are_named(app: TestApp) {
    let admin = app.admin().await;
    for bad in
        ["", "12345", "998901234567", "+99890", "+1234567890123456", "+0998901234567", "phone", "+44 (0)20 7946 0018"]
    {
        let answer = admin.post("/users/", json!({ "role": "customer", "phone": bad })).await;
        assert_problem(&answer, 422, "validation_failed");
        assert_eq!(answer.pointers(), ["/phone"], "{bad}");
        assert_eq!(app.anonymous().post("/auth/signup", json!({ "phone": bad })).await.pointers(), ["/phone"]);
    }
    for bad in ["", "ann", "@example.com", "ann@", "Ann <ann@example.com>", "a b@example.com", "a\u{0}@example.com"] {
        let body = json!({ "role": "manager", "email": bad, "password": PASSWORD });
        assert_eq!(admin.post("/users/", body).await.pointers(), ["/email"], "{bad:?}");
    }
    let needs_phone =
        json!({ "role": "manager", "email": "a@example.com", "password": PASSWORD, "verification_method": "phone" });
    assert_eq!(admin.post("/users/", needs_phone).await.pointers(), ["/phone"]);
}

async fn weak_passwords_are_named(app: TestApp) {
    let admin = app.admin().await;
    for weak in ["", "elevenchars", "123456789012", "aaaaaaaaaaaa", "password1234", "ann@example.com", &"x".repeat(129)]
    {
        let body = json!({ "role": "manager", "email": "ann@example.com", "password": weak });
        let answer = admin.post("/users/", body).await;
        assert_problem(&answer, 422, "validation_failed");
        assert_eq!(answer.pointers(), ["/password"], "{weak}");
        assert!(weak.is_empty() || !answer.text.contains(weak), "the password is not echoed");
    }
    // Past the 72 bytes that bcrypt looks at, every character counts.
    let long = "correct horse ".repeat(7);
    let body = json!({ "role": "manager", "email": "long@example.com", "password": format!("{long}1") });
    assert_eq!(admin.post("/users/", body).await.status, 201);
    let other = json!({ "email": "long@example.com", "password": format!("{long}2") });
    assert_problem(&app.anonymous().post("/auth/signin", other).await, 401, "invalid_credentials");
    app.sign_in("long@example.com", &format!("{long}1")).await;
}

async fn metadata_is_bounded(app: TestApp) {
    let admin = app.admin().await;
    let nested = |levels: usize| (1..levels).fold(json!({}), |inner, _| json!({ "a": inner }));
    for bad in [json!([]), json!("x"), json!({ "a": "x".repeat(17 * 1024) }), nested(12), json!({ "a": "\u{0}" })] {
        let answer = admin.post("/users/", json!({ "role": "customer", "phone": phone(1), "metadata": bad })).await;
        assert_problem(&answer, 422, "validation_failed");
        assert_eq!(answer.pointers(), ["/metadata"]);
    }
    let answer = admin.post("/users/", json!({ "role": "customer", "phone": phone(1), "metadata": nested(8) })).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.body["metadata"], nested(8));
}

async fn whatever_is_wrong_with_a_code_has_one_answer(app: TestApp) {
    let sent = app.anonymous().post("/auth/signup", json!({ "phone": phone(1) })).await;
    let id = sent.body["challenge_id"].as_str().unwrap();
    let code = app.code(&phone(1)).await;
    for (id, code) in [(id, ""), (id, "1"), (id, "1234567"), (id, "abcdef"), ("x", code.as_str()), ("", &code)] {
        let answer = app.anonymous().post("/auth/verify", json!({ "challenge_id": id, "code": code })).await;
        assert_problem(&answer, 401, "invalid_code");
    }
}

/// Each of these was changed, or could not be read again, on some database.
async fn numbers_survive_untouched(app: TestApp) {
    let admin = app.admin().await;
    let metadata = json!({
        "largest": f64::MAX, "least": 4.9e-324, "many digits": 12.917_521_550_408_111, "tiny": -2.225_073_858_507_201e-308,
        "whole": u64::MAX, "negative": i64::MIN, "tenths": [0.1, 0.2, 0.3, 1e21, 1e-7],
    });
    let body = json!({ "role": "customer", "phone": phone(1), "metadata": metadata });
    let entered = admin.post("/users/", body).await;
    assert_eq!(entered.status, 201, "{}", entered.body);
    assert_eq!(entered.body["metadata"], metadata);
    assert_eq!(admin.get(&entered.location()).await.body["metadata"], metadata);
    assert_eq!(admin.get("/users/?role=customer").await.items()[0]["metadata"], metadata);
    let events = admin.get(&format!("/audit-events?subject_id={}", entered.body["id"].as_str().unwrap())).await;
    assert_eq!(events.items()[0]["changes"]["metadata"]["to"], metadata);
}

async fn text_survives_untouched(app: TestApp) {
    let admin = app.admin().await;
    let name = "Ўктам \"O'Neil\" \\ 𝕏 👩‍👩‍👧 ; DROP TABLE users; --";
    let metadata = json!({ "ключ": ["\n\t", 1.5, -1, 9_007_199_254_740_993_u64, true, null], "": {} });
    let body = json!({ "role": "customer", "phone": phone(1), "display_name": name, "metadata": metadata });
    let entered = admin.post("/users/", body).await;
    assert_eq!(entered.status, 201, "{}", entered.body);
    let read = admin.get(&entered.location()).await;
    assert_eq!((&read.body["display_name"], &read.body["metadata"]), (&json!(name), &metadata));
}
