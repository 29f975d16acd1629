//! Changing a password, and setting a new one by code.

use chrono::TimeDelta;
use domain::testing::FixedClock;
use serde_json::{Value, json};
use server::settings::SecondFactor;

use crate::app::{Answer, PASSWORD, TestApp, assert_problem, phone};
use crate::on_every_backend;

on_every_backend!(in still time:
    whoever_knows_the_password_changes_it,
    a_change_says_what_is_wrong,
    customers_have_no_password,
    a_forgotten_password_is_set_anew,
    a_stranger_learns_nothing_from_a_forgotten_password,
    a_weak_password_spends_no_try,
    a_code_is_good_for_its_purpose_only,
    a_wrong_code_has_one_answer,
    what_was_asked_for_with_the_old_password_is_void,
    a_cheap_hash_is_renewed_at_sign_in,
    one_password_may_be_typed_in_two_ways,
    the_least_length_is_the_operators,
    two_resets_by_one_code_are_one,
    the_owner_is_let_in_by_a_reset_while_strangers_guess,
);

const NEW_PASSWORD: &str = "another fine passphrase";

async fn forgot(app: &TestApp, email: &str) -> Answer {
    let answer = app.anonymous().post("/auth/password/forgot", json!({ "email": email })).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    answer
}

async fn reset(app: &TestApp, sent: &Answer, code: &str, password: &str) -> Answer {
    let body = json!({ "challenge_id": sent.body["challenge_id"], "code": code, "new_password": password });
    app.anonymous().post("/auth/password/reset", body).await
}

async fn signs_in(app: &TestApp, email: &str, password: &str) -> bool {
    app.anonymous().post("/auth/signin", json!({ "email": email, "password": password })).await.status == 200
}

async fn whoever_knows_the_password_changes_it(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    let body = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
    let answer = admin.post("/auth/password/change", body).await;
    assert_eq!((answer.status == 204, answer.text.as_str()), (true, ""), "{}", answer.body);
    assert!(!signs_in(&app, "admin@example.com", PASSWORD).await);
    assert!(signs_in(&app, "admin@example.com", NEW_PASSWORD).await);
    assert_eq!(admin.get("/users/me").await.status, 200);
}

async fn a_change_says_what_is_wrong(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    let change = |current: Value, new: Value| {
        admin.post("/auth/password/change", json!({ "current_password": current, "new_password": new }))
    };
    assert_problem(&change(json!("wrong horse battery"), json!(NEW_PASSWORD)).await, 401, "invalid_credentials");
    assert_problem(&change(json!(""), json!(NEW_PASSWORD)).await, 401, "invalid_credentials");
    for weak in ["", "elevenchars", "password1234", "admin@example.com", &"x".repeat(129)] {
        let answer = change(json!(PASSWORD), json!(weak)).await;
        assert_problem(&answer, 422, "validation_failed");
        assert_eq!(answer.pointers(), ["/new_password"], "{weak}");
    }
    assert_eq!(change(json!(7), json!(null)).await.pointers(), ["/current_password", "/new_password"]);
    assert!(signs_in(&app, "admin@example.com", PASSWORD).await);
}

async fn customers_have_no_password(app: TestApp, _: FixedClock) {
    let customer = app.customer(&phone(1)).await;
    for body in [json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD }), json!({ "wings": 2 })] {
        assert_problem(&customer.post("/auth/password/change", body).await, 403, "forbidden");
    }
}

async fn a_forgotten_password_is_set_anew(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    let body = json!({
        "role": "manager", "email": "ann@example.com", "password": PASSWORD, "phone": phone(1), "verification_method": "whatsapp",
    });
    assert_eq!(admin.post("/users/", body).await.status, 201);
    let sent = forgot(&app, " ANN@example.com").await;
    assert_eq!(sent.keys(), ["status", "challenge_id", "channel", "expires_in"]);
    assert_eq!((&sent.body["channel"], &sent.body["expires_in"]), (&json!("email"), &json!(300)));
    let code = app.code(&phone(1)).await;
    assert_eq!(app.messages_to("ann@example.com"), 0, "it goes over the person's own method");
    assert_eq!(forgot(&app, "ann@example.com").await.body, sent.body, "asked again at once, the same challenge");
    let done = reset(&app, &sent, &format!(" {code} "), NEW_PASSWORD).await;
    assert_eq!(done.status, 204, "{}", done.body);
    assert!(!signs_in(&app, "ann@example.com", PASSWORD).await);
    let ann = app.sign_in("ann@example.com", NEW_PASSWORD).await;
    assert!(ann.get("/users/me").await.body["verified_at"].is_string());
    assert_problem(&reset(&app, &sent, &code, PASSWORD).await, 401, "invalid_code");
}

async fn a_stranger_learns_nothing_from_a_forgotten_password(app: TestApp, _: FixedClock) {
    app.admin().await;
    let mut answers = Vec::new();
    for email in ["admin@example.com", "nobody@example.com"] {
        let sent = forgot(&app, email).await;
        let mut body = sent.body.clone();
        assert!(body["challenge_id"].take().is_string());
        let wrong = reset(&app, &sent, "12345", NEW_PASSWORD).await;
        assert_problem(&wrong, 401, "invalid_code");
        // Made of the account's own e-mail; the answer does not say so.
        let weak = reset(&app, &sent, "12345", email).await;
        assert_problem(&weak, 401, "invalid_code");
        answers.push((body, wrong.body["tries_left"].clone(), weak.body["tries_left"].clone()));
    }
    assert_eq!(answers[0], answers[1]);
    app.has_sent_nothing_to("nobody@example.com").await;
    for wrong in [json!({}), json!({ "email": "nobody" }), json!({ "email": 7 })] {
        assert_eq!(app.anonymous().post("/auth/password/forgot", wrong).await.pointers(), ["/email"]);
    }
}

async fn a_weak_password_spends_no_try(app: TestApp, _: FixedClock) {
    app.admin().await;
    let sent = forgot(&app, "admin@example.com").await;
    let code = app.code("admin@example.com").await;
    for _ in 0..3 {
        for weak in ["short", "password1234", "admin@example.com"] {
            let answer = reset(&app, &sent, &code, weak).await;
            assert_problem(&answer, 422, "validation_failed");
            assert_eq!(answer.pointers(), ["/new_password"], "{weak}");
        }
    }
    let wrong = reset(&app, &sent, "12345", NEW_PASSWORD).await;
    assert_problem(&wrong, 401, "invalid_code");
    assert_eq!(wrong.body["tries_left"], 4);
    assert_eq!(reset(&app, &sent, &code, NEW_PASSWORD).await.status, 204);
}

async fn a_code_is_good_for_its_purpose_only(app: TestApp, clock: FixedClock) {
    app.admin().await;
    let strict = app.another(|settings| settings.auth.second_factor = SecondFactor::Required).await;
    let signin = json!({ "email": "admin@example.com", "password": PASSWORD });
    let factor = strict.anonymous().post("/auth/signin", signin).await;
    let factor_code = app.code("admin@example.com").await;
    let forgotten = forgot(&app, "admin@example.com").await;
    clock.advance(TimeDelta::seconds(60));
    let forgotten_code = app.code_after("admin@example.com", 1).await;
    assert_problem(&reset(&app, &factor, &factor_code, NEW_PASSWORD).await, 401, "invalid_code");
    assert_problem(&app.verify(&forgotten, &forgotten_code).await, 401, "invalid_code");
    assert_ne!(factor.body["challenge_id"], forgotten.body["challenge_id"]);
    assert_eq!(app.messages_to("admin@example.com"), 2, "each has its code");
    assert_problem(&reset(&app, &factor, &forgotten_code, NEW_PASSWORD).await, 401, "invalid_code");
    assert_eq!(app.verify(&factor, &factor_code).await.status, 200, "each still has tries left");
    assert_eq!(reset(&app, &forgotten, &forgotten_code, NEW_PASSWORD).await.status, 204);
}

async fn a_wrong_code_has_one_answer(app: TestApp, clock: FixedClock) {
    app.admin().await;
    let sent = forgot(&app, "admin@example.com").await;
    let code = app.code("admin@example.com").await;
    let mut left = Vec::new();
    for wrong in ["", "12345", "1234567", "abcdef"] {
        let answer = reset(&app, &sent, wrong, NEW_PASSWORD).await;
        assert_problem(&answer, 401, "invalid_code");
        left.push(answer.body["tries_left"].clone());
    }
    assert_eq!(left, [4, 3, 2, 1]);
    clock.advance(TimeDelta::minutes(5));
    let expired = reset(&app, &sent, &code, NEW_PASSWORD).await;
    assert_problem(&expired, 401, "invalid_code");
    assert_eq!(expired.body["tries_left"], Value::Null);
    let nobodys =
        json!({ "challenge_id": "01936f5e-0000-7000-8000-000000000001", "code": code, "new_password": NEW_PASSWORD });
    let unknown = app.anonymous().post("/auth/password/reset", nobodys).await;
    assert_problem(&unknown, 401, "invalid_code");
    assert_eq!(unknown.body["detail"], expired.body["detail"]);
    let typed = json!({ "challenge_id": 7, "code": 123_456, "new_password": [] });
    let typed = app.anonymous().post("/auth/password/reset", typed).await;
    assert_eq!(typed.pointers(), ["/challenge_id", "/code", "/new_password"]);
    // After all that, a new code can be asked for and works.
    let again = forgot(&app, "admin@example.com").await;
    assert_ne!(again.body["challenge_id"], sent.body["challenge_id"]);
    let code = app.code_after("admin@example.com", 1).await;
    assert_eq!(reset(&app, &again, &code, NEW_PASSWORD).await.status, 204);
}

async fn what_was_asked_for_with_the_old_password_is_void(app: TestApp, clock: FixedClock) {
    let admin = app.admin().await;
    let strict = app.another(|settings| settings.auth.second_factor = SecondFactor::Required).await;
    let signin = json!({ "email": "admin@example.com", "password": PASSWORD });
    let factor = strict.anonymous().post("/auth/signin", signin).await;
    let factor_code = app.code("admin@example.com").await;
    let forgotten = forgot(&app, "admin@example.com").await;
    clock.advance(TimeDelta::seconds(60));
    let forgotten_code = app.code_after("admin@example.com", 1).await;
    let body = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
    assert_eq!(admin.post("/auth/password/change", body).await.status, 204);
    assert_problem(&app.verify(&factor, &factor_code).await, 401, "invalid_code");
    assert_problem(&reset(&app, &forgotten, &forgotten_code, PASSWORD).await, 401, "invalid_code");
    assert!(signs_in(&app, "admin@example.com", NEW_PASSWORD).await);
}

async fn a_cheap_hash_is_renewed_at_sign_in(app: TestApp, _: FixedClock) {
    app.admin().await;
    let dear = app.another(|settings| settings.auth.bcrypt_cost = 5).await;
    let hash = async || app.rows("SELECT password_hash FROM admin_managers").await[0]["password_hash"].clone();
    let old = hash().await;
    assert!(!signs_in(&dear, "admin@example.com", "wrong horse battery").await);
    assert_eq!(hash().await, old);
    assert!(signs_in(&dear, "admin@example.com", PASSWORD).await);
    let new = hash().await;
    assert!(old.as_str().unwrap().starts_with("$2b$04$") && new.as_str().unwrap().starts_with("$2b$05$"));
    assert!(
        signs_in(&dear, "admin@example.com", PASSWORD).await && signs_in(&app, "admin@example.com", PASSWORD).await
    );
    assert_eq!(hash().await, new);
}

async fn one_password_may_be_typed_in_two_ways(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    let (decomposed, composed) =
        ("cafe\u{301} au lait, s'il vous plai\u{302}t", "caf\u{e9} au lait, s'il vous pla\u{ee}t");
    let body = json!({ "role": "manager", "email": "ann@example.com", "password": decomposed });
    assert_eq!(admin.post("/users/", body).await.status, 201);
    for password in [composed, decomposed] {
        assert!(signs_in(&app, "ann@example.com", password).await, "{password}");
    }
    assert!(!signs_in(&app, "ann@example.com", "cafe au lait, s'il vous plait").await);
}

async fn the_least_length_is_the_operators(app: TestApp, _: FixedClock) {
    let short = app.another(|settings| settings.auth.password_min_length = 8).await;
    let sign_up = async |app: &TestApp, email: &str, password: &str| {
        app.anonymous().post("/auth/signup", json!({ "email": email, "password": password })).await
    };
    assert_eq!(sign_up(&short, "ann@example.com", "kV9#mPq").await.pointers(), ["/password"]);
    assert_eq!(sign_up(&app, "ann@example.com", "kV9#mPq2").await.pointers(), ["/password"]);
    assert_eq!(sign_up(&short, "ann@example.com", "kV9#mPq2").await.status, 202);
    let own = sign_up(&app, "ann.smithson@example.com", "ann.smithson@example.com!Aa1").await;
    assert_problem(&own, 422, "validation_failed");
    assert_eq!((own.pointers(), &own.body["errors"][0]["code"]), (vec!["/password"], &json!("contains_email")));
}

async fn two_resets_by_one_code_are_one(app: TestApp, _: FixedClock) {
    app.admin().await;
    let second = app.another(|_| {}).await;
    let sent = forgot(&app, "admin@example.com").await;
    let code = app.code("admin@example.com").await;
    let (one, two) =
        tokio::join!(reset(&app, &sent, &code, NEW_PASSWORD), reset(&second, &sent, &code, "yet another passphrase"));
    let mut statuses = [one.status.code(), two.status.code()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 401], "{} {}", one.text, two.text);
    assert_eq!(signs_in(&app, "admin@example.com", NEW_PASSWORD).await, one.status == 204);
}

async fn the_owner_is_let_in_by_a_reset_while_strangers_guess(app: TestApp, _: FixedClock) {
    // The setup left a session here, so this network is known. The guesses come from another one.
    app.admin().await;
    let elsewhere = app.behind_proxy().await;
    let sign_in = async |password: &str| {
        let body = json!({ "email": "admin@example.com", "password": password });
        elsewhere.anonymous().post_from("192.0.2.1", "/auth/signin", body).await
    };
    for _ in 0..10 {
        assert_problem(&sign_in("wrong horse battery").await, 401, "invalid_credentials");
    }
    assert_problem(&sign_in(PASSWORD).await, 429, "rate_limited");
    let sent = forgot(&app, "admin@example.com").await;
    let code = app.code("admin@example.com").await;
    assert_eq!(reset(&app, &sent, &code, NEW_PASSWORD).await.status, 204);
    assert_eq!(sign_in(NEW_PASSWORD).await.status, 200);
}
