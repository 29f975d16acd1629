//! Sign-ups that wait for an admin are forgotten after a while and block nobody's e-mail. And the first admin.

use std::time::Duration;

use chrono::TimeDelta;
use domain::testing::FixedClock;
use serde_json::{Value, json};

use crate::app::{Caller, PASSWORD, TestApp, assert_problem, phone};
use crate::on_every_backend;

on_every_backend!(in still time:
    a_sign_up_that_nobody_approves_is_forgotten_after_two_weeks,
    an_admin_who_enters_the_same_e_mail_replaces_a_sign_up,
    whoever_proves_the_e_mail_replaces_a_sign_up,
    of_two_sign_ups_the_first_stays_as_it_is,
    a_staff_sign_up_proves_its_e_mail_whatever_the_method,
    the_admin_of_the_settings_is_made_while_there_is_none_at_all,
    two_instances_make_one_admin_of_the_settings,
    a_manager_does_not_become_the_admin_of_the_settings,
);

const OTHER: &str = "another fine passphrase";

async fn sign_up(app: &TestApp, email: &str, password: &str) {
    let answer = app.anonymous().post("/auth/signup", json!({ "email": email, "password": password })).await;
    assert_eq!((answer.status.code(), &answer.body), (202, &json!({ "status": "approval_required" })));
}

async fn waiting(admin: &Caller) -> Vec<Value> {
    admin.get("/users/?is_active=false").await.items().to_vec()
}

/// Waits until this holds, which work in the background brings about.
async fn eventually(is_so: impl AsyncFn() -> bool) {
    for _ in 0..600 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it never came to be so");
}

async fn a_sign_up_that_nobody_approves_is_forgotten_after_two_weeks(app: TestApp, clock: FixedClock) {
    app.admin().await;
    sign_up(&app, "ann@example.com", PASSWORD).await;
    sign_up(&app, "bob@example.com", PASSWORD).await;
    let admin = app.sign_in("admin@example.com", PASSWORD).await;
    let ids: Vec<String> = waiting(&admin).await.iter().map(|user| user["id"].as_str().unwrap().to_owned()).collect();
    let users = admin.get("/users/?is_active=false").await;
    let of = |email: &str| users.items().iter().find(|user| user["email"] == email).unwrap()["id"].clone();
    let (ann, bob) = (of("ann@example.com"), of("bob@example.com"));
    let path = |id: &Value| format!("/users/{}", id.as_str().unwrap());
    // Somebody who was approved and then deactivated is no longer a sign-up.
    for is_active in [true, false] {
        assert_eq!(admin.patch(&path(&bob), json!({ "is_active": is_active })).await.status, 200);
    }
    assert_eq!(ids.len(), 2);
    clock.advance(TimeDelta::days(14) + TimeDelta::seconds(1));
    // The first housekeeping comes soon after a start.
    let app = app.another(|_| {}).await;
    let admin = app.sign_in("admin@example.com", PASSWORD).await;
    eventually(async || admin.get(&path(&ann)).await.status == 404).await;
    assert_eq!(admin.get(&path(&bob)).await.status, 200);
    let events = admin.get(&format!("/audit-events?subject_id={}", ann.as_str().unwrap())).await;
    let erased = events.items().iter().find(|event| event["action"] == "user.erased").unwrap();
    assert_eq!(erased["actor_role"], "system");
    assert!(!events.text.contains("ann@example.com"), "{}", events.text);
}

async fn an_admin_who_enters_the_same_e_mail_replaces_a_sign_up(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    for email in ["ann@example.com", "bob@example.com", "eve@example.com"] {
        sign_up(&app, email, OTHER).await;
    }
    let entered = admin.post("/users/", json!({ "role": "manager", "email": "ann@example.com", "password": PASSWORD }));
    assert_eq!(entered.await.status, 201);
    app.sign_in("ann@example.com", PASSWORD).await;
    let invited = admin.post("/users/", json!({ "role": "manager", "email": "bob@example.com" })).await;
    assert_eq!(invited.status, 201, "{}", invited.text);
    let zoe = app.manager(&admin, "zoe@example.com").await;
    let moved = admin.patch(&format!("/users/{}", zoe.id), json!({ "email": "eve@example.com" })).await;
    assert_eq!(moved.status, 200, "{}", moved.text);
    app.sign_in("eve@example.com", PASSWORD).await;
    assert_eq!(waiting(&admin).await, Vec::<Value>::new());
    assert_eq!(admin.get("/audit-events?action=user.erased").await.items().len(), 3);
    // A person who was approved owns the e-mail.
    sign_up(&app, "max@example.com", PASSWORD).await;
    let max = waiting(&admin).await[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(admin.patch(&format!("/users/{max}"), json!({ "is_active": true })).await.status, 200);
    let again = json!({ "role": "manager", "email": "max@example.com", "password": PASSWORD });
    assert_problem(&admin.post("/users/", again).await, 409, "email_taken");
}

async fn whoever_proves_the_e_mail_replaces_a_sign_up(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    sign_up(&app, "ann@example.com", OTHER).await;
    let stranger = waiting(&admin).await[0]["id"].clone();
    let verifying = app.another(|settings| settings.signup.verify_staff = true).await;
    let body = json!({ "email": "ann@example.com", "password": PASSWORD });
    let sent = verifying.anonymous().post("/auth/signup", body).await;
    let code = verifying.code_from(&app, "ann@example.com").await;
    let done = verifying.verify(&sent, &code).await;
    assert_eq!(done.body, json!({ "status": "approval_required" }), "{}", done.text);
    let waiting = waiting(&admin).await;
    assert_eq!(waiting.len(), 1);
    assert_ne!(waiting[0]["id"], stranger);
    let path = format!("/users/{}", stranger.as_str().unwrap());
    assert_problem(&admin.patch(&path, json!({ "is_active": true })).await, 404, "not_found");
    let path = format!("/users/{}", waiting[0]["id"].as_str().unwrap());
    assert_eq!(admin.patch(&path, json!({ "is_active": true })).await.status, 200);
    app.sign_in("ann@example.com", PASSWORD).await;
}

async fn of_two_sign_ups_the_first_stays_as_it_is(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    sign_up(&app, "ann@example.com", PASSWORD).await;
    let before = waiting(&admin).await;
    sign_up(&app, "ann@example.com", OTHER).await;
    assert_eq!(waiting(&admin).await, before);
    let path = format!("/users/{}", before[0]["id"].as_str().unwrap());
    assert_eq!(admin.patch(&path, json!({ "is_active": true })).await.status, 200);
    app.sign_in("ann@example.com", PASSWORD).await;
    let swapped = app.anonymous().post("/auth/signin", json!({ "email": "ann@example.com", "password": OTHER })).await;
    assert_problem(&swapped, 401, "invalid_credentials");
    assert_eq!(admin.get("/audit-events?action=signup.requested").await.items().len(), 2);
}

async fn a_staff_sign_up_proves_its_e_mail_whatever_the_method(app: TestApp, _: FixedClock) {
    app.admin().await;
    let app = app.another(|settings| settings.signup.verify_staff = true).await;
    let by_phone = json!({ "email": "ann@example.com", "password": PASSWORD, "phone": phone(1),
                           "verification_method": "phone" });
    let sent = app.anonymous().post("/auth/signup", by_phone).await;
    assert_eq!((sent.status.code(), &sent.body["channel"]), (202, &json!("email")), "{}", sent.text);
    let code = app.code("ann@example.com").await;
    app.has_sent_nothing_to(&phone(1)).await;
    assert_eq!(app.verify(&sent, &code).await.status, 202);
}

async fn the_admin_of_the_settings_is_made_while_there_is_none_at_all(app: TestApp, _: FixedClock) {
    let named = |settings: &mut server::settings::Settings| {
        settings.admin_email = Some("root@example.com".to_owned());
        settings.admin_password = Some(PASSWORD.into());
    };
    let first = app.another(named).await;
    let root = first.sign_in("root@example.com", PASSWORD).await;
    let other = json!({ "role": "admin", "email": "admin@example.com", "password": PASSWORD });
    assert_eq!(root.post("/users/", other).await.status, 201);
    let admin = first.sign_in("admin@example.com", PASSWORD).await;
    // When that admin was renamed or erased, the settings do not make them again.
    let path = format!("/users/{}", root.id);
    assert_eq!(admin.patch(&path, json!({ "email": "other@example.com" })).await.status, 200);
    let root_signs_in = json!({ "email": "root@example.com", "password": PASSWORD });
    for _ in 0..2 {
        let again = app.another(named).await;
        let answer = again.anonymous().post("/auth/signin", root_signs_in.clone()).await;
        assert_problem(&answer, 401, "invalid_credentials");
        admin.delete(&path).await;
    }
    assert_eq!(admin.get("/users/?role=admin").await.items().len(), 1);
}

async fn two_instances_make_one_admin_of_the_settings(app: TestApp, _: FixedClock) {
    let start = |email: &'static str| {
        app.another(move |settings| {
            settings.admin_email = Some(email.to_owned());
            settings.admin_password = Some(PASSWORD.into());
        })
    };
    let (_one, _two) = tokio::join!(start("one@example.com"), start("two@example.com"));
    assert_eq!(app.rows("SELECT email FROM admin_managers").await.len(), 1);
}

async fn a_manager_does_not_become_the_admin_of_the_settings(app: TestApp, _: FixedClock) {
    let open = app.another(|settings| settings.signup.staff = server::settings::StaffSignup::Open).await;
    let body = json!({ "email": "root@example.com", "password": OTHER });
    let manager = open.anonymous().post("/auth/signup", body).await;
    assert_eq!(manager.status, 201, "{}", manager.text);
    let named = open
        .another(|settings| {
            settings.admin_email = Some("root@example.com".to_owned());
            settings.admin_password = Some(PASSWORD.into());
        })
        .await;
    assert_eq!(named.sign_in("root@example.com", OTHER).await.get("/users/me").await.body["role"], "manager");
    assert!(named.setup_token.is_some(), "there is another way");
}
