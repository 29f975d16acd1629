//! A stolen token is not the account: a fresh proof for one's own contact, notices at the old one, and sessions that end.

use chrono::TimeDelta;
use domain::testing::FixedClock;
use serde_json::json;

use crate::app::{Caller, PASSWORD, TestApp, assert_problem, phone};
use crate::on_every_backend;

on_every_backend!(in still time:
    staff_change_their_own_contact_in_a_fresh_session_only,
    a_refresh_makes_no_session_fresh,
    a_wrong_password_makes_no_session_fresh_and_is_counted,
    customers_have_no_password_to_give_and_end_their_other_sessions,
    a_changed_password_makes_the_session_fresh,
    the_old_contact_is_told_of_a_new_one,
    whoever_gets_another_password_is_told,
    a_notice_waits_for_its_gateway_and_is_part_of_what_is_stored,
    a_session_has_a_last_day_however_often_it_is_renewed,
    a_person_has_a_hundred_sessions_at_most,
    a_phone_that_staff_claim_shows_nobody_elses_codes,
);

const STALE: TimeDelta = TimeDelta::minutes(5);

fn notice(purpose: &str, channel: &str, to: &str) -> (String, String, String) {
    (purpose.to_owned(), channel.to_owned(), to.to_owned())
}

async fn reauthenticate(caller: &Caller) {
    let proven = caller.post("/auth/reauthenticate", json!({ "password": PASSWORD })).await;
    assert_eq!(proven.status, 204, "{}", proven.text);
}

async fn staff_change_their_own_contact_in_a_fresh_session_only(app: TestApp, clock: FixedClock) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    clock.advance(STALE);
    let own = format!("/users/{}", admin.id);
    let with_phone = json!({ "phone": phone(1), "verification_method": "phone" });
    for path in ["/users/me", &own] {
        for body in [json!({ "email": "new@example.com" }), json!({ "phone": phone(1) }), with_phone.clone()] {
            assert_problem(&admin.patch(path, body).await, 403, "reauthentication_required");
        }
    }
    assert_problem(&ann.patch("/users/me", json!({ "phone": phone(2) })).await, 403, "reauthentication_required");
    assert_problem(&ann.delete("/auth/sessions").await, 403, "reauthentication_required");
    // No proof is needed for the same value, for another field, and for another person.
    assert_eq!(admin.patch("/users/me", json!({ "email": "admin@example.com" })).await.status, 200);
    assert_eq!(admin.patch("/users/me", json!({ "display_name": "Root" })).await.status, 200);
    let other = admin.patch(&format!("/users/{}", ann.id), json!({ "tin_trunk_number": "7", "phone": phone(3) })).await;
    assert_eq!(other.status, 200, "{}", other.text);

    reauthenticate(&admin).await;
    clock.advance(STALE - TimeDelta::microseconds(1));
    assert_eq!(admin.delete("/auth/sessions").await.status, 204);
    let moved = admin.patch(&own, with_phone).await;
    assert_eq!((moved.status.code(), &moved.body["phone"]), (200, &json!(phone(1))), "{}", moved.text);
    let admin = app.sign_in("admin@example.com", PASSWORD).await;
    let told = admin.get("/audit-events?action=session.reauthenticated").await;
    assert_eq!(told.items().len(), 1);
    assert_eq!(told.items()[0]["subject_id"], json!(admin.id));
}

async fn a_refresh_makes_no_session_fresh(app: TestApp, clock: FixedClock) {
    app.admin().await;
    let signin = json!({ "email": "admin@example.com", "password": PASSWORD });
    let token = app.anonymous().post("/auth/signin", signin).await.good().body["refresh_token"].clone();
    clock.advance(STALE);
    let renewed = app.anonymous().post("/auth/refresh", json!({ "refresh_token": token })).await;
    assert_eq!(renewed.status, 200, "{}", renewed.text);
    let admin = app.signed_in(&renewed);
    assert_problem(&admin.patch("/users/me", json!({ "phone": phone(1) })).await, 403, "reauthentication_required");
}

async fn a_wrong_password_makes_no_session_fresh_and_is_counted(app: TestApp, clock: FixedClock) {
    let admin = app.admin().await;
    clock.advance(STALE);
    let wrong = async || admin.post("/auth/reauthenticate", json!({ "password": "wrong and long enough" })).await;
    assert_problem(&wrong().await, 401, "invalid_credentials");
    assert_problem(&admin.delete("/auth/sessions").await, 403, "reauthentication_required");
    let mut answers = Vec::new();
    for _ in 0..10 {
        answers.push(wrong().await.status.code());
    }
    assert_eq!(answers.last(), Some(&429), "{answers:?}");
    // A wrong current password in a password change counts as the same guess.
    let change = json!({ "current_password": "wrong and long enough", "new_password": "another fine passphrase" });
    assert_problem(&admin.post("/auth/password/change", change).await, 429, "rate_limited");
    assert!(!admin.get("/audit-events?action=signin.failed").await.items().is_empty());
}

async fn customers_have_no_password_to_give_and_end_their_other_sessions(app: TestApp, clock: FixedClock) {
    let first = app.customer(&phone(1)).await;
    clock.advance(STALE);
    let second = app.customer(&phone(1)).await;
    clock.advance(STALE);
    assert_problem(&second.post("/auth/reauthenticate", json!({ "password": PASSWORD })).await, 403, "forbidden");
    assert_eq!(second.delete("/auth/sessions").await.status, 204);
    assert_eq!(first.get("/users/me").await.status, 401);
}

async fn a_changed_password_makes_the_session_fresh(app: TestApp, clock: FixedClock) {
    let admin = app.admin().await;
    clock.advance(STALE);
    let change = json!({ "current_password": PASSWORD, "new_password": "another fine passphrase" });
    assert_eq!(admin.post("/auth/password/change", change).await.status, 204);
    assert_eq!(admin.delete("/auth/sessions").await.status, 204);
}

async fn the_old_contact_is_told_of_a_new_one(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let path = format!("/users/{}", ann.id);
    assert_eq!(admin.patch(&path, json!({ "display_name": "Ann" })).await.status, 200);
    assert_eq!(admin.patch(&path, json!({ "email": "new@example.com" })).await.status, 200);
    let mut told = vec![notice("contact_changed", "email", "ann@example.com")];
    assert_eq!(app.notices(1).await, told);
    let by_phone = json!({ "phone": phone(1), "verification_method": "whatsapp" });
    assert_eq!(admin.patch(&path, by_phone).await.status, 200);
    told.push(notice("contact_changed", "email", "new@example.com"));
    assert_eq!(app.notices(2).await, told);
    assert_eq!(admin.patch(&path, json!({ "phone": phone(2) })).await.status, 200);
    let mut both = app.notices(4).await.split_off(2);
    both.sort();
    let expected =
        [notice("contact_changed", "email", "new@example.com"), notice("contact_changed", "whatsapp", &phone(1))];
    assert_eq!(both, expected);
    let customer = app.customer(&phone(7)).await;
    assert_eq!(admin.patch(&format!("/users/{}", customer.id), json!({ "phone": phone(8) })).await.status, 200);
    assert_eq!(app.notices(5).await[4], notice("contact_changed", "phone", &phone(7)));
}

async fn whoever_gets_another_password_is_told(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    let change = json!({ "current_password": PASSWORD, "new_password": "another fine passphrase" });
    assert_eq!(admin.post("/auth/password/change", change).await.status, 204);
    let told = notice("password_changed", "email", "admin@example.com");
    assert_eq!(app.notices(1).await, std::slice::from_ref(&told));
    let asked = app.anonymous().post("/auth/password/forgot", json!({ "email": "admin@example.com" })).await;
    let code = app.code("admin@example.com").await;
    let reset = |id, code: &str| json!({ "challenge_id": id, "code": code, "new_password": PASSWORD });
    let answer = app.anonymous().post("/auth/password/reset", reset(asked.body["challenge_id"].clone(), &code)).await;
    assert_eq!(answer.status, 204, "{}", answer.text);
    assert_eq!(app.notices(2).await, [told.clone(), told.clone()]);
    // A first password is not a change.
    let admin = app.sign_in("admin@example.com", PASSWORD).await;
    let invited = admin.post("/users/", json!({ "role": "manager", "email": "bob@example.com" })).await;
    assert_eq!(invited.status, 201, "{}", invited.text);
    let (id, code) = app.message("bob@example.com").await;
    assert_eq!(app.anonymous().post("/auth/password/reset", reset(json!(id), &code)).await.status, 204);
    let change = json!({ "current_password": PASSWORD, "new_password": "another fine passphrase" });
    assert_eq!(admin.post("/auth/password/change", change).await.status, 204);
    assert_eq!(app.notices(3).await, [told.clone(), told.clone(), told]);
}

async fn a_notice_waits_for_its_gateway_and_is_part_of_what_is_stored(app: TestApp, clock: FixedClock) {
    let admin = app.admin().await;
    let customer = app.customer(&phone(1)).await;
    // A gateway that is not there.
    let broken = app
        .with_gateways(|settings| {
            settings.delivery.phone = server::settings::PhoneGateway::Webhook;
            settings.delivery.webhook.url = "http://127.0.0.1:9/".parse().ok();
            settings.delivery.webhook.secret = "sesame".parse().ok();
        })
        .await;
    let admin = broken.with_token(&admin.token.unwrap());
    app.stop().await;
    let path = format!("/users/{}", customer.id);
    assert_eq!(admin.patch(&path, json!({ "phone": phone(2) })).await.status, 200);
    let data = admin.get(&format!("{path}/data")).await;
    let stored = &data.body["notices"][0];
    assert_eq!(
        (&stored["purpose"], &stored["contact"]),
        (&json!("contact_changed"), &json!(phone(1))),
        "{}",
        data.text
    );
    // It is there after a restart, and goes out then.
    let later = broken.another(|_| {}).await;
    broken.stop().await;
    clock.advance(TimeDelta::hours(1));
    assert_eq!(later.notices(1).await, [notice("contact_changed", "phone", &phone(1))]);
}

async fn a_session_has_a_last_day_however_often_it_is_renewed(app: TestApp, clock: FixedClock) {
    app.admin().await;
    let signin = json!({ "email": "admin@example.com", "password": PASSWORD });
    let mut answer = app.anonymous().post("/auth/signin", signin).await;
    let day = 24 * 3600;
    assert_eq!(answer.body["refresh_expires_in"], json!(30 * day));
    for days in [10, 10, 9] {
        clock.advance(TimeDelta::days(days));
        let token = answer.body["refresh_token"].clone();
        answer = app.anonymous().post("/auth/refresh", json!({ "refresh_token": token })).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    assert_eq!(answer.body["refresh_expires_in"], json!(day));
    // A shorter time holds for sessions that have begun already.
    let shorter = app.another(|settings| settings.auth.session_max_ttl_staff = 28 * 24 * 3600).await;
    let renew = json!({ "refresh_token": answer.body["refresh_token"] });
    assert_problem(&shorter.anonymous().post("/auth/refresh", renew.clone()).await, 401, "invalid_token");
    clock.advance(TimeDelta::days(1));
    assert_problem(&app.anonymous().post("/auth/refresh", renew).await, 401, "invalid_token");
    let customer = app.customer(&phone(1)).await;
    let expires = customer.get("/auth/sessions").await.items()[0]["expires_at"].clone();
    assert!(
        expires.as_str().unwrap().starts_with("2026-03-02T12:00:00"),
        "30 days from the 31st of January: {expires}"
    );
}

async fn a_person_has_a_hundred_sessions_at_most(app: TestApp, clock: FixedClock) {
    let oldest = app.admin().await;
    let mut newest = oldest.clone();
    for _ in 0..100 {
        clock.advance(TimeDelta::seconds(1));
        newest = app.sign_in("admin@example.com", PASSWORD).await;
    }
    assert_eq!(oldest.get("/users/me").await.status, 401);
    assert_eq!(newest.get("/auth/sessions?limit=200").await.items().len(), 100);
    assert_eq!(newest.get("/audit-events?action=session.ended").await.items().len(), 1);
}

async fn a_phone_that_staff_claim_shows_nobody_elses_codes(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    assert_eq!(ann.patch("/users/me", json!({ "phone": phone(1) })).await.status, 200);
    let ann = app.sign_in("ann@example.com", PASSWORD).await;
    let sent = app.anonymous().post("/auth/signup", json!({ "phone": phone(1) })).await;
    assert_eq!(sent.status, 202);
    let path = format!("/users/{}", ann.id);
    for caller in [&ann, &admin] {
        assert_eq!(caller.get(&format!("{path}/data")).await.body["challenges"], json!([]));
    }
    assert_eq!(admin.delete(&path).await.status, 204);
    assert_eq!(app.verify(&sent, &app.code(&phone(1)).await).await.status, 200, "their code is still good");
}
