//! Staff who are entered without a password set their first one themselves.

use chrono::TimeDelta;
use domain::testing::FixedClock;
use serde_json::{Value, json};

use crate::app::{Answer, PASSWORD, TestApp, assert_problem, phone};
use crate::on_every_backend;

on_every_backend!(in still time:
    the_invited_set_their_own_password,
    an_invitation_lasts_three_days,
    an_invitation_that_is_refused_sends_nothing,
    customers_and_managers_invite_nobody,
);

const NEW_PASSWORD: &str = "another fine passphrase";

async fn reset(app: &TestApp, challenge_id: &str, code: &str) -> Answer {
    let body = json!({ "challenge_id": challenge_id, "code": code, "new_password": NEW_PASSWORD });
    app.anonymous().post("/auth/password/reset", body).await
}

async fn the_invited_set_their_own_password(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    let with_phone = json!({
        "role": "manager", "email": "ann@example.com", "phone": phone(1), "verification_method": "phone", "password": null,
    });
    for (body, email, contact) in [
        (json!({ "role": "admin", "email": "bob@example.com" }), "bob@example.com", "bob@example.com".to_owned()),
        (with_phone, "ann@example.com", phone(1)),
    ] {
        let invited = admin.post("/users/", body).await;
        assert_eq!(invited.status, 201, "{}", invited.body);
        assert_eq!((&invited.body["is_active"], &invited.body["verified_at"]), (&json!(true), &Value::Null));
        assert_eq!(admin.get(&invited.location()).await.body, invited.body);
        for guess in ["", "!", PASSWORD] {
            let body = json!({ "email": email, "password": guess });
            assert_problem(&app.anonymous().post("/auth/signin", body).await, 401, "invalid_credentials");
        }
        let (challenge_id, code) = app.message(&contact).await;
        let body = json!({ "challenge_id": challenge_id, "code": code });
        assert_problem(&app.anonymous().post("/auth/verify", body).await, 401, "invalid_code");
        assert_eq!(reset(&app, &challenge_id, &code).await.status, 204);
        assert_problem(&reset(&app, &challenge_id, &code).await, 401, "invalid_code");
        let person = app.sign_in(email, NEW_PASSWORD).await;
        assert!(person.get("/users/me").await.body["verified_at"].is_string(), "the code proved the contact");
    }
}

async fn an_invitation_lasts_three_days(app: TestApp, clock: FixedClock) {
    app.admin().await;
    let admin = app.sign_in("admin@example.com", PASSWORD).await;
    for email in ["ann@example.com", "bob@example.com"] {
        assert_eq!(admin.post("/users/", json!({ "role": "manager", "email": email })).await.status, 201);
    }
    let (ann, bob) = (app.message("ann@example.com").await, app.message("bob@example.com").await);
    clock.advance(TimeDelta::hours(72) - TimeDelta::microseconds(1));
    assert_eq!(reset(&app, &ann.0, &ann.1).await.status, 204);
    clock.advance(TimeDelta::microseconds(1));
    assert_problem(&reset(&app, &bob.0, &bob.1).await, 401, "invalid_code");
    // A person who comes too late asks for a code as for a forgotten password.
    let sent = app.anonymous().post("/auth/password/forgot", json!({ "email": "bob@example.com" })).await;
    assert_eq!(sent.status, 202, "{}", sent.body);
    let code = app.code_after("bob@example.com", 1).await;
    assert_eq!(reset(&app, sent.body["challenge_id"].as_str().unwrap(), &code).await.status, 204);
    app.sign_in("bob@example.com", NEW_PASSWORD).await;
}

async fn an_invitation_that_is_refused_sends_nothing(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    let invite = |email: &'static str| admin.post("/users/", json!({ "role": "manager", "email": email }));
    assert_eq!(invite("ann@example.com").await.status, 201);
    let (challenge_id, code) = app.message("ann@example.com").await;
    assert_problem(&invite("ANN@example.com").await, 409, "email_taken");
    assert_eq!(reset(&app, &challenge_id, &code).await.status, 204, "the first invitation is as it was");
    assert_eq!(app.messages_to("ann@example.com"), 1);
    let body = json!({ "role": "manager", "email": "bob@example.com", "verification_method": "whatsapp" });
    assert_eq!(admin.post("/users/", body).await.pointers(), ["/phone"]);
    assert_eq!(admin.get("/users/").await.items().len(), 2);
}

async fn customers_and_managers_invite_nobody(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    let callers = [app.manager(&admin, "ann@example.com").await, app.customer(&phone(1)).await];
    for caller in callers {
        let body = json!({ "role": "manager", "email": "bob@example.com" });
        assert_problem(&caller.post("/users/", body).await, 403, "forbidden");
    }
    let body = json!({ "role": "customer", "phone": phone(2), "password": null });
    assert_eq!(admin.post("/users/", body).await.pointers(), ["/password"], "customers have no such field");
}
