//! What codes may cost: beyond a budget the answer is the same, and nothing is sent.

use chrono::TimeDelta;
use domain::testing::FixedClock;
use serde_json::{Value, json};
use server::settings::Settings;

use crate::app::{Answer, PASSWORD, TestApp, assert_problem, phone};
use crate::on_every_backend;

on_every_backend!(in still time:
    one_network_has_codes_sent_to_so_many_new_contacts,
    what_is_over_all_is_kept_in_part_for_those_who_have_an_account,
    a_day_has_its_budget_too,
    mail_costs_nothing,
    only_numbers_with_an_allowed_beginning_get_codes,
    a_budget_of_nought_is_none,
);

/// The only instance, with other settings. A second one would send by its own settings.
async fn with(app: TestApp, change: impl FnOnce(&mut Settings)) -> TestApp {
    let behind_proxy = |settings: &mut Settings| {
        settings.http.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
        change(settings);
    };
    let changed = app.another(behind_proxy).await;
    app.stop().await;
    changed
}

async fn ask(app: &TestApp, address: &str, path: &str, number: &str) -> Answer {
    let sent = app.anonymous().post_from(address, path, json!({ "phone": number })).await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    sent
}

/// Asks for a code with which this number signs up.
async fn sign_up(app: &TestApp, address: &str, n: usize) -> Answer {
    ask(app, address, "/auth/signup", &phone(n)).await
}

/// An answer without what always differs.
fn shape(answer: &Answer) -> (u16, Vec<String>, Value, Value) {
    let body = &answer.body;
    (answer.status.code(), answer.keys(), body["channel"].clone(), body["expires_in"].clone())
}

async fn one_network_has_codes_sent_to_so_many_new_contacts(app: TestApp, clock: FixedClock) {
    let known = phone(500);
    app.admin().await.enters(&known).await;
    let app = with(app, |_| {}).await;
    for n in 1..=20 {
        sign_up(&app, "192.0.2.1", n).await;
        app.code(&phone(n)).await;
    }
    let (sent, withheld) = (sign_up(&app, "192.0.2.2", 40).await, sign_up(&app, "192.0.2.1", 21).await);
    assert_eq!(shape(&sent), shape(&withheld));
    let challenge = json!({ "challenge_id": withheld.body["challenge_id"], "code": "000000" });
    let wrong = app.anonymous().post("/auth/verify", challenge).await;
    assert_problem(&wrong, 401, "invalid_code");
    assert_eq!(wrong.body["tries_left"], 4);
    // The contact of somebody who has an account is not a new contact.
    ask(&app, "192.0.2.1", "/auth/signup", &known).await;
    app.code(&known).await;
    app.code(&phone(40)).await;
    assert_eq!(app.messages_to(&phone(21)), 0);
    clock.advance(TimeDelta::hours(1));
    sign_up(&app, "192.0.2.1", 22).await;
    app.code(&phone(22)).await;
    assert_eq!(app.messages_to(&phone(21)), 0);
}

async fn what_is_over_all_is_kept_in_part_for_those_who_have_an_account(app: TestApp, clock: FixedClock) {
    let admin = app.admin().await;
    for n in 101..=103 {
        admin.enters(&phone(n)).await;
    }
    let app = with(app, |settings| settings.limits.codes_per_hour = 10).await;
    let two = app.another(|_| {}).await;
    // Eight of ten to strangers, each from another network and by either instance.
    for n in 1..=8 {
        let instance = if n % 2 == 0 { &app } else { &two };
        sign_up(instance, &format!("192.0.2.{n}"), n).await;
        app.code(&phone(n)).await;
    }
    let withheld = sign_up(&app, "192.0.2.9", 9).await;
    for n in [101, 102] {
        let sent = ask(&app, "192.0.2.100", "/auth/signin", &phone(n)).await;
        assert_eq!(shape(&sent), shape(&withheld));
        app.code(&phone(n)).await;
    }
    ask(&app, "192.0.2.100", "/auth/signin", &phone(103)).await;
    clock.advance(TimeDelta::hours(1));
    sign_up(&app, "192.0.2.10", 10).await;
    app.code(&phone(10)).await;
    assert_eq!((app.messages_to(&phone(9)), app.messages_to(&phone(103))), (0, 0));
}

async fn a_day_has_its_budget_too(app: TestApp, clock: FixedClock) {
    let app = with(app, |settings| settings.limits.codes_per_day = 5).await;
    for n in 1..=4 {
        sign_up(&app, "192.0.2.1", n).await;
        app.code(&phone(n)).await;
        clock.advance(TimeDelta::hours(2));
    }
    sign_up(&app, "192.0.2.1", 5).await;
    clock.advance(TimeDelta::hours(16));
    sign_up(&app, "192.0.2.1", 6).await;
    app.code(&phone(6)).await;
    assert_eq!(app.messages_to(&phone(5)), 0);
}

async fn mail_costs_nothing(app: TestApp, _clock: FixedClock) {
    let app = with(app, |settings| {
        settings.limits.codes_per_hour = 1;
        settings.limits.new_contacts_per_address = 3;
        settings.signup.verify_staff = true;
    })
    .await;
    let ask = async |n: usize| {
        let body = json!({ "email": format!("ann{n}@example.com"), "password": PASSWORD });
        let sent = app.anonymous().post("/auth/signup", body).await;
        assert_eq!(sent.status, 202, "{}", sent.text);
    };
    for n in 1..=3 {
        ask(n).await;
        app.code(&format!("ann{n}@example.com")).await;
    }
    ask(4).await;
    sign_up(&app, "192.0.2.1", 1).await;
    app.code(&phone(1)).await;
    assert_eq!(app.messages_to("ann4@example.com"), 0, "but one network is one network");
}

async fn only_numbers_with_an_allowed_beginning_get_codes(app: TestApp, _clock: FixedClock) {
    let admin = app.admin().await;
    let (known, unknown) = ("+88213000001", "+88213000002");
    admin.enters(known).await;
    let app = with(app, |settings| {
        settings.delivery.phone_prefixes = vec!["+99890".parse().unwrap(), "+1".parse().unwrap()];
    })
    .await;
    let admin = app.with_token(admin.token.as_ref().unwrap());
    let allowed = sign_up(&app, "192.0.2.1", 1).await;
    for (path, number) in [("/auth/signin", known), ("/auth/signup", known), ("/auth/signup", unknown)] {
        assert_eq!(shape(&ask(&app, "192.0.2.1", path, number).await), shape(&allowed));
    }
    let ann = json!({ "role": "manager", "email": "ann@example.com", "phone": "+88213000003",
        "verification_method": "phone" });
    assert_eq!(admin.post("/users/", ann).await.status, 201);
    app.code(&phone(1)).await;
    app.has_sent_nothing_to(known).await;
    assert_eq!(app.messages_to(unknown), 0);
}

async fn a_budget_of_nought_is_none(app: TestApp, _clock: FixedClock) {
    let app = with(app, |settings| {
        settings.limits.new_contacts_per_address = 0;
        settings.limits.codes_per_hour = 0;
        settings.limits.codes_per_day = 0;
    })
    .await;
    for n in 1..=30 {
        sign_up(&app, "192.0.2.1", n).await;
        app.code(&phone(n)).await;
    }
}
