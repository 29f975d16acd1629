//! `Idempotency-Key` on `POST /users/`.

use serde_json::{Value, json};

use crate::app::{Answer, Caller, PASSWORD, TestApp, assert_problem, phone, send};
use crate::on_every_backend;

on_every_backend!(
    the_same_request_gets_the_first_answer_again,
    another_request_under_the_key_is_refused,
    keys_of_different_callers_are_different_keys,
    a_refused_request_is_not_remembered,
    an_invitation_goes_out_once,
    of_requests_at_the_same_instant_one_enters,
    of_different_requests_at_the_same_instant_one_enters,
    a_wrong_key_is_refused,
    a_wrong_body_under_a_used_key_is_another_request,
    only_the_right_to_create_opens_the_memory,
);

async fn post(caller: &Caller, key: &str, body: &Value) -> Answer {
    send(caller.request("POST", "/users/").header("idempotency-key", key).json(body)).await
}

fn is_again(first: &Answer, again: &Answer) {
    assert_eq!(again.status, 201, "{}", again.text);
    assert_eq!(again.text, first.text);
    for name in ["location", "etag", "content-type"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
}

async fn people(admin: &Caller) -> u64 {
    admin.get("/users/?include_total=true&limit=1").await.good().body["total"].as_u64().unwrap()
}

async fn the_same_request_gets_the_first_answer_again(app: TestApp) {
    let admin = app.admin().await;
    let customer =
        json!({ "role": "customer", "phone": phone(1), "metadata": { "b": 1, "a": [{ "y": 1, "x": "ў" }] } });
    let manager = json!({ "role": "manager", "email": "ann@example.com", "password": PASSWORD });
    let other_instance = app.another(|_| {}).await;
    let elsewhere = other_instance.with_token(admin.token.as_ref().unwrap());
    for (key, body) in [("k-1", &customer), ("\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", &manager)] {
        let first = post(&admin, key, body).await;
        assert_eq!(first.status, 201, "{}", first.text);
        let plain = admin.get(&first.location()).await;
        assert_eq!((&plain.body, plain.header("etag")), (&first.body, first.header("etag")));
        is_again(&first, &post(&admin, key, body).await);
        is_again(&first, &post(&elsewhere, key, body).await);
    }
    // An object is the same in any order.
    let reordered =
        format!(r#"{{"metadata":{{"a":[{{"x":"ў","y":1}}],"b":1}}, "phone":"{}","role":"customer"}}"#, phone(1));
    let request = admin.request("POST", "/users").header("idempotency-key", "k-1");
    let again = send(request.header("content-type", "application/json").body(reordered)).await;
    assert_eq!(again.status, 201, "{}", again.text);
    assert_eq!(people(&admin).await, 3);
    let entered = admin.get("/audit-events?action=user.created").await;
    assert_eq!(entered.items().len(), 3, "nothing is recorded twice");
    // The first answer stays as it was. A new request is judged by what is there now.
    assert_problem(&post(&admin, "k-2", &customer).await, 409, "phone_taken");
}

async fn another_request_under_the_key_is_refused(app: TestApp) {
    let admin = app.admin().await;
    let body = json!({ "role": "manager", "email": "ann@example.com", "password": PASSWORD });
    assert_eq!(post(&admin, "k", &body).await.status, 201);
    for (field, value) in [
        ("email", json!("ben@example.com")),
        ("password", json!("another good password")),
        ("display_name", json!("Ann")),
        ("display_name", json!(null)),
        ("role", json!("admin")),
    ] {
        let mut other = body.clone();
        other[field] = value;
        assert_problem(&post(&admin, "k", &other).await, 422, "idempotency_key_reused");
    }
    assert_eq!(people(&admin).await, 2);
    // A key is read as it is written.
    assert_problem(&post(&admin, "K", &body).await, 409, "email_taken");
}

async fn keys_of_different_callers_are_different_keys(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let first = post(&admin, "k", &json!({ "role": "customer", "phone": phone(1) })).await;
    let second = post(&ann, "k", &json!({ "role": "customer", "phone": phone(2) })).await;
    assert_eq!((first.status == 201, second.status == 201), (true, true), "{} {}", first.text, second.text);
    assert_problem(
        &post(&ann, "k", &json!({ "role": "customer", "phone": phone(1) })).await,
        422,
        "idempotency_key_reused",
    );
}

async fn a_refused_request_is_not_remembered(app: TestApp) {
    let admin = app.admin().await;
    let taken = app.customer(&phone(1)).await;
    let mut body = json!({ "role": "customer", "phone": phone(1) });
    assert_problem(&post(&admin, "k", &body).await, 409, "phone_taken");
    body["assigned_manager_id"] = json!(taken.id);
    body["phone"] = json!(phone(2));
    assert_problem(&post(&admin, "k", &body).await, 422, "validation_failed");
    body.as_object_mut().unwrap().remove("assigned_manager_id");
    assert_eq!(post(&admin, "k", &body).await.status, 201);
}

async fn an_invitation_goes_out_once(app: TestApp) {
    let admin = app.admin().await;
    let body = json!({ "role": "manager", "email": "ann@example.com" });
    let (first, second) = tokio::join!(post(&admin, "k", &body), post(&admin, "k", &body));
    is_again(&first, &second);
    let (challenge, code) = app.message("ann@example.com").await;
    is_again(&first, &post(&admin, "k", &body).await);
    let set = json!({ "challenge_id": challenge, "code": code, "new_password": PASSWORD });
    let answer = app.anonymous().post("/auth/password/reset", set).await;
    assert_eq!(answer.status, 204, "{}", answer.text);
    assert_eq!(app.messages_to("ann@example.com"), 1);
}

async fn of_requests_at_the_same_instant_one_enters(app: TestApp) {
    let admin = app.admin().await;
    let other_instance = app.another(|_| {}).await;
    let elsewhere = other_instance.with_token(admin.token.as_ref().unwrap());
    for n in 0..8 {
        let body = match n % 2 {
            0 => json!({ "role": "customer", "phone": phone(n) }),
            _ => json!({ "role": "manager", "email": format!("m{n}@example.com"), "password": PASSWORD }),
        };
        let key = format!("k{n}");
        let (a, b, c) =
            tokio::join!(post(&admin, &key, &body), post(&elsewhere, &key, &body), post(&admin, &key, &body));
        for answer in [&a, &b, &c] {
            is_again(&a, answer);
        }
    }
    assert_eq!(people(&admin).await, 9);
}

async fn of_different_requests_at_the_same_instant_one_enters(app: TestApp) {
    let admin = app.admin().await;
    let body = |n| json!({ "role": "customer", "phone": phone(n) });
    for n in 0..8 {
        let key = format!("k{n}");
        let (one, two) = (body(2 * n), body(2 * n + 1));
        let (one, two) = tokio::join!(post(&admin, &key, &one), post(&admin, &key, &two));
        let (entered, refused) = if one.status == 201 { (one, two) } else { (two, one) };
        assert_eq!(entered.status, 201, "{}", entered.text);
        assert_problem(&refused, 422, "idempotency_key_reused");
    }
    assert_eq!(people(&admin).await, 9);
}

async fn a_wrong_body_under_a_used_key_is_another_request(app: TestApp) {
    let admin = app.admin().await;
    let body = json!({ "role": "customer", "phone": phone(1) });
    assert_eq!(post(&admin, "k", &body).await.status, 201);
    for wrong in [json!({ "role": "customer", "phone": "bad" }), json!({}), json!({ "role": "boss" })] {
        assert_problem(&post(&admin, "k", &wrong).await, 422, "idempotency_key_reused");
        assert_problem(&post(&admin, "fresh", &wrong).await, 422, "validation_failed");
    }
    assert_eq!(post(&admin, "fresh", &json!({ "role": "customer", "phone": phone(2) })).await.status, 201);
}

async fn a_wrong_key_is_refused(app: TestApp) {
    let admin = app.admin().await;
    let body = json!({ "role": "customer", "phone": phone(1) });
    for key in ["", "a b", &"x".repeat(256)] {
        let answer = post(&admin, key, &body).await;
        assert_problem(&answer, 400, "bad_request");
        assert!(answer.body["detail"].as_str().unwrap().contains("Idempotency-Key"), "{}", answer.text);
    }
    let twice = admin.request("POST", "/users/").header("idempotency-key", "a").header("idempotency-key", "b");
    assert_problem(&send(twice.json(&body)).await, 400, "bad_request");
    assert_eq!(post(&admin, &"x".repeat(255), &body).await.status, 201);
}

async fn only_the_right_to_create_opens_the_memory(app: TestApp) {
    let admin = app.admin().await;
    let customer = app.customer(&phone(1)).await;
    let body = json!({ "role": "customer", "phone": phone(2) });
    assert_eq!(post(&admin, "k", &body).await.status, 201);
    assert_problem(&post(&app.anonymous(), "k", &body).await, 401, "invalid_token");
    assert_problem(&post(&customer, "k", &body).await, 403, "forbidden");
}
