//! Signing in: by password, by phone, with a second factor.

use serde_json::{Value, json};
use server::settings::SecondFactor;

use crate::app::{PASSWORD, TestApp, assert_problem, phone};
use crate::on_every_backend;

on_every_backend!(
    staff_sign_in_by_password,
    wrong_credentials_have_one_answer,
    a_customer_signs_in_by_phone,
    an_unknown_phone_gets_the_same_answer,
    a_phone_of_staff_signs_nobody_in,
    a_code_has_five_tries,
    a_code_is_used_once_by_two_at_once,
    a_second_factor_is_asked_for,
    tokens_are_good_on_every_instance,
    only_our_own_tokens_are_good,
);

async fn staff_sign_in_by_password(app: TestApp) {
    let admin = app.admin().await;
    app.manager(&admin, "ann@example.com").await;
    let answer =
        app.anonymous().post("/auth/signin", json!({ "email": " ANN@example.com", "password": PASSWORD })).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(
        answer.keys(),
        ["status", "access_token", "token_type", "expires_in", "refresh_token", "refresh_expires_in", "user"]
    );
    assert_eq!(answer.body["user"]["email"], "ann@example.com");
    assert_eq!(answer.header("cache-control"), "no-store");
}

async fn wrong_credentials_have_one_answer(app: TestApp) {
    app.admin().await;
    let mut bodies = Vec::new();
    for (email, password) in [
        ("admin@example.com", "wrong horse battery"),
        ("nobody@example.com", PASSWORD),
        ("admin@example.com", ""),
        ("admin@example.com", &"x".repeat(500)),
    ] {
        let answer = app.anonymous().post("/auth/signin", json!({ "email": email, "password": password })).await;
        assert_problem(&answer, 401, "invalid_credentials");
        let mut body = answer.body.clone();
        body["request_id"] = Value::Null;
        bodies.push(body);
    }
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
}

async fn a_customer_signs_in_by_phone(app: TestApp) {
    let admin = app.admin().await;
    let entered = admin.post("/users/", json!({ "role": "customer", "phone": phone(1) })).await;
    let sent = app.anonymous().post("/auth/signin", json!({ "phone": phone(1) })).await;
    assert_eq!(sent.status, 202, "{}", sent.body);
    let done = app.verify(&sent, &app.code(&phone(1)).await).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(done.body["user"]["id"], entered.body["id"]);
    assert!(done.body["user"]["verified_at"].is_string());
    let read = admin.get(&format!("/users/{}", entered.body["id"].as_str().unwrap())).await;
    assert_eq!(read.body, done.body["user"]);
    assert_ne!(read.header("etag"), entered.header("etag"), "verified_at moved, and so the entity tag");
}

async fn an_unknown_phone_gets_the_same_answer(app: TestApp) {
    let sent = app.anonymous().post("/auth/signin", json!({ "phone": phone(9) })).await;
    assert_eq!(sent.status, 202, "{}", sent.body);
    assert_eq!(sent.keys(), ["status", "challenge_id", "channel", "expires_in"]);
    let wrong = app.verify(&sent, "000000").await;
    assert_problem(&wrong, 401, "invalid_code");
    assert_eq!(wrong.body["tries_left"], 4);
    app.has_sent_nothing_to(&phone(9)).await;
    assert_eq!(app.admin().await.get("/users/").await.items().len(), 1);
}

async fn a_phone_of_staff_signs_nobody_in(app: TestApp) {
    let admin = app.admin().await;
    let body = json!({ "role": "manager", "email": "ann@example.com", "password": PASSWORD, "phone": phone(1), "verification_method": "phone" });
    assert_eq!(admin.post("/users/", body).await.status, 201);
    let sent = app.anonymous().post("/auth/signin", json!({ "phone": phone(1) })).await;
    assert_eq!(sent.status, 202);
    // The customer of this phone below gets a code; the staff member of the same phone did not.
    let customer = app.customer(&phone(1)).await;
    assert_eq!(app.messages_to(&phone(1)), 1);
    assert_eq!(customer.get("/users/me").await.body["role"], "customer");
}

async fn a_code_has_five_tries(app: TestApp) {
    let sent = app.anonymous().post("/auth/signup", json!({ "phone": phone(1) })).await;
    let code = app.code(&phone(1)).await;
    let wrong = if code == "111111" { "222222" } else { "111111" };
    for left in [4, 3, 2, 1] {
        let answer = app.verify(&sent, wrong).await;
        assert_problem(&answer, 401, "invalid_code");
        assert_eq!(answer.body["tries_left"], left);
    }
    let last = app.verify(&sent, wrong).await;
    assert_problem(&last, 401, "invalid_code");
    assert!(last.body.get("tries_left").is_none_or(|left| left == 0), "{}", last.body);
    assert_problem(&app.verify(&sent, &code).await, 401, "invalid_code");

    let nobody = json!({ "challenge_id": "01936f5e-0000-7000-8000-000000000001", "code": code });
    assert_problem(&app.anonymous().post("/auth/verify", nobody).await, 401, "invalid_code");
    for short in ["", "1", "12345", "1234567", "abcdef"] {
        assert_problem(&app.verify(&sent, short).await, 401, "invalid_code");
    }
    let typed = json!({ "challenge_id": sent.body["challenge_id"], "code": 123_456 });
    assert_problem(&app.anonymous().post("/auth/verify", typed).await, 422, "validation_failed");
}

async fn a_code_is_used_once_by_two_at_once(app: TestApp) {
    let second = app.another(|_| {}).await;
    let sent = app.anonymous().post("/auth/signup", json!({ "phone": phone(1) })).await;
    let code = app.code_from(&second, &phone(1)).await;
    let (one, two) = tokio::join!(app.verify(&sent, &code), second.verify(&sent, &code));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401], "{} {}", one.body, two.body);
}

async fn a_second_factor_is_asked_for(app: TestApp) {
    app.admin().await;
    let strict = app.another(|settings| settings.auth.second_factor = SecondFactor::Required).await;
    let signin = json!({ "email": "admin@example.com", "password": PASSWORD });
    let sent = strict.anonymous().post("/auth/signin", signin).await;
    assert_eq!(sent.status, 202, "{}", sent.body);
    assert_eq!(sent.body["channel"], "email");
    let done = strict.verify(&sent, &strict.code_from(&app, "admin@example.com").await).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(done.body["user"]["role"], "admin");
}

async fn tokens_are_good_on_every_instance(app: TestApp) {
    let second = app.another(|_| {}).await;
    let admin = app.admin().await;
    assert_eq!(second.with_token(admin.token.as_ref().unwrap()).get("/users/me").await.status, 200);
    let keys = app.anonymous().get("/.well-known/jwks.json").await;
    assert_eq!(keys.body, second.anonymous().get("/.well-known/jwks.json").await.body);
    let key = &keys.body["keys"][0];
    assert_eq!(
        (&key["kty"], &key["crv"], &key["alg"], &key["use"]),
        (&json!("EC"), &json!("P-256"), &json!("ES256"), &json!("sig"))
    );
    assert!(key.get("d").is_none(), "no private part");
}

async fn only_our_own_tokens_are_good(app: TestApp) {
    let admin = app.admin().await;
    let token = admin.token.clone().unwrap();
    let (head, rest) = token.split_once('.').unwrap();
    let (claims, signature) = rest.split_once('.').unwrap();
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
    for forged in [
        String::new(),
        "x".into(),
        "a.b.c".into(),
        format!("{head}.{claims}."),
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        format!("{head}.{claims}.{}", signature.chars().rev().collect::<String>()),
        format!("{token}x"),
    ] {
        assert_problem(&app.with_token(&forged).get("/users/me").await, 401, "invalid_token");
    }
    let other = app.another(|_| {}).await;
    assert_eq!(other.with_token(&token).get("/users/me").await.status, 200);
}
