//! Codes that several networks ask for: no network is given another's challenge, a contact gets one message a minute, and a
//! network that keeps asking does not block the owner at another one.

use chrono::TimeDelta;
use domain::Clock;
use domain::testing::FixedClock;
use serde_json::{Value, json};

use crate::app::{Answer, PASSWORD, TestApp, assert_problem, phone};
use crate::on_every_backend;

on_every_backend!(in still time:
    a_challenge_is_its_askers_network_and_nobody_elses,
    a_contact_gets_one_message_a_minute_the_networks_in_turn,
    an_owner_signs_in_within_a_minute_while_another_network_asks_and_burns,
    a_forgotten_password_reaches_the_owner_whatever_another_network_asks,
    a_code_that_was_not_sent_yet_is_none,
    who_used_a_code_need_not_wait_for_the_next_one,
    an_invitation_goes_at_once_and_the_next_message_waits_for_it,
    what_one_network_has_used_up_is_anothers_still,
    wrong_codes_count_against_the_network_that_sends_them,
    two_instances_send_a_contact_one_message_a_minute,
);

const STRANGER: &str = "198.51.100.7";
const OWNER: &str = "203.0.113.9";

async fn post_from(app: &TestApp, address: &str, path: &str, body: Value) -> Answer {
    app.anonymous().post_from(address, path, body).await
}

/// Asks for a code; answers the challenge.
async fn ask(app: &TestApp, address: &str, path: &str, number: &str) -> String {
    let sent = post_from(app, address, path, json!({ "phone": number })).await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    assert!((240..=300).contains(&sent.body["expires_in"].as_i64().unwrap()), "{}", sent.text);
    sent.body["challenge_id"].as_str().unwrap().to_owned()
}

async fn verify(app: &TestApp, address: &str, challenge: &str, code: &str) -> Answer {
    post_from(app, address, "/auth/verify", json!({ "challenge_id": challenge, "code": code })).await
}

/// Asserts that no message to this contact leaves before the clock moves: the outbox has looked at everything when it
/// has sent what was asked for last.
async fn has_sent(app: &TestApp, contact: &str, count: usize, probe: usize) {
    let last = phone(8_000_000 + probe);
    ask(app, "192.0.2.200", "/auth/signup", &last).await;
    app.code(&last).await;
    assert_eq!(app.messages_to(contact), count);
}

async fn a_challenge_is_its_askers_network_and_nobody_elses(app: TestApp, _clock: FixedClock) {
    let app = app.behind_proxy().await;
    let number = phone(1);
    for path in ["/auth/signup", "/auth/signin"] {
        let owners = ask(&app, OWNER, path, &number).await;
        assert_eq!(ask(&app, OWNER, path, &number).await, owners, "asked again from there");
        let strangers = ask(&app, STRANGER, path, &number).await;
        assert_ne!(strangers, owners, "{path}");
        let six = ask(&app, "2001:db8::1", path, &number).await;
        assert_eq!(ask(&app, "2001:db8::ffff:2", path, &number).await, six, "one network");
        assert_ne!(ask(&app, "2001:db8:0:1::1", path, &number).await, six);
    }
    let forgot = async |address: &str| {
        let sent = post_from(&app, address, "/auth/password/forgot", json!({ "email": "ann@example.com" })).await;
        assert_eq!(sent.status, 202, "{}", sent.text);
        sent.body["challenge_id"].clone()
    };
    assert_ne!(forgot(OWNER).await, forgot(STRANGER).await);
}

async fn a_contact_gets_one_message_a_minute_the_networks_in_turn(app: TestApp, clock: FixedClock) {
    let app = app.behind_proxy().await;
    let number = phone(1);
    ask(&app, STRANGER, "/auth/signup", &number).await;
    app.code(&number).await;
    // Nobody has the number, so a code to sign in goes to nobody.
    for address in [STRANGER, OWNER, "192.0.2.3"] {
        ask(&app, address, "/auth/signup", &number).await;
        ask(&app, address, "/auth/signin", &number).await;
    }
    has_sent(&app, &number, 1, 1).await;
    clock.advance(TimeDelta::seconds(60) - TimeDelta::microseconds(1));
    has_sent(&app, &number, 1, 2).await;
    clock.advance(TimeDelta::microseconds(1));
    // The stranger asks again, and again has its turn last.
    ask(&app, STRANGER, "/auth/signup", &number).await;
    app.code_after(&number, 1).await;
    has_sent(&app, &number, 2, 3).await;
    clock.advance(TimeDelta::seconds(60));
    app.code_after(&number, 2).await;
    clock.advance(TimeDelta::seconds(60));
    app.code_after(&number, 3).await;
    has_sent(&app, &number, 4, 4).await;
}

async fn an_owner_signs_in_within_a_minute_while_another_network_asks_and_burns(app: TestApp, clock: FixedClock) {
    let number = phone(1);
    app.admin().await.enters(&number).await;
    let app = app.behind_proxy().await;
    // The stranger asks for every kind of code, uses up the tries, and asks again until refused.
    for _ in 0..8 {
        for path in ["/auth/signin", "/auth/signup"] {
            let sent = post_from(&app, STRANGER, path, json!({ "phone": number })).await;
            let challenge = sent.body["challenge_id"].as_str().unwrap_or("00000000-0000-0000-0000-000000000000");
            for _ in 0..5 {
                verify(&app, STRANGER, challenge, "000000").await;
            }
        }
    }
    assert_problem(&post_from(&app, STRANGER, "/auth/signin", json!({ "phone": number })).await, 429, "rate_limited");
    app.code(&number).await;
    let asked_at = clock.now();
    let owners = ask(&app, OWNER, "/auth/signin", &number).await;
    clock.advance(TimeDelta::seconds(60));
    let code = app.code_after(&number, 1).await;
    let answer = verify(&app, OWNER, &owners, &code).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(clock.now() - asked_at <= TimeDelta::minutes(1));
}

async fn a_forgotten_password_reaches_the_owner_whatever_another_network_asks(app: TestApp, clock: FixedClock) {
    app.admin().await;
    let email = "admin@example.com";
    let app = app.behind_proxy().await;
    let forgot = |address: &'static str| post_from(&app, address, "/auth/password/forgot", json!({ "email": email }));
    for minute in 0..7 {
        let strangers = forgot(STRANGER).await;
        assert_eq!(strangers.status, if minute < 5 { 202 } else { 429 }, "{}", strangers.text);
        app.code_after(email, minute.min(4)).await;
        clock.advance(TimeDelta::seconds(61));
    }
    let sent = forgot(OWNER).await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    let code = app.code_after(email, 5).await;
    let new =
        json!({ "challenge_id": sent.body["challenge_id"], "code": code, "new_password": format!("{PASSWORD}!") });
    assert_eq!(post_from(&app, OWNER, "/auth/password/reset", new).await.status, 204);
}

async fn a_code_that_was_not_sent_yet_is_none(app: TestApp, clock: FixedClock) {
    let app = app.behind_proxy().await;
    let number = phone(1);
    ask(&app, STRANGER, "/auth/signup", &number).await;
    app.code(&number).await;
    let waiting = ask(&app, OWNER, "/auth/signup", &number).await;
    let before = verify(&app, OWNER, &waiting, "000000").await;
    assert_problem(&before, 401, "invalid_code");
    assert_eq!(before.body["tries_left"], 4, "it looks like any other");
    clock.advance(TimeDelta::seconds(60));
    let code = app.code_after(&number, 1).await;
    assert_eq!(verify(&app, OWNER, &waiting, &code).await.status, 200);
}

async fn who_used_a_code_need_not_wait_for_the_next_one(app: TestApp, _clock: FixedClock) {
    app.customer(&phone(1)).await;
    app.customer(&phone(1)).await;
    assert_eq!(app.messages_to(&phone(1)), 2);
}

async fn an_invitation_goes_at_once_and_the_next_message_waits_for_it(app: TestApp, clock: FixedClock) {
    let admin = app.admin().await;
    let email = "ann@example.com";
    let entered = admin.post("/users/", json!({ "role": "manager", "email": email })).await;
    assert_eq!(entered.status, 201, "{}", entered.text);
    app.code(email).await;
    let app = app.behind_proxy().await;
    post_from(&app, OWNER, "/auth/password/forgot", json!({ "email": email })).await;
    has_sent(&app, email, 1, 1).await;
    clock.advance(TimeDelta::seconds(60));
    app.code_after(email, 1).await;
}

async fn what_one_network_has_used_up_is_anothers_still(app: TestApp, clock: FixedClock) {
    let app = app.behind_proxy().await;
    for count in 0..12 {
        let sent = post_from(&app, STRANGER, "/auth/signin", json!({ "phone": phone(1) })).await;
        let is_allowed = count % 6 < 5 && count < 11;
        assert_eq!(sent.status, if is_allowed { 202 } else { 429 }, "{count}: {}", sent.text);
        if !is_allowed {
            let policy = if count < 11 { "\"codes\"" } else { "\"codes-daily\"" };
            assert!(sent.header("ratelimit").starts_with(policy), "{}", sent.header("ratelimit"));
            clock.advance(TimeDelta::hours(1));
        }
        clock.advance(TimeDelta::seconds(61));
    }
    ask(&app, OWNER, "/auth/signin", &phone(1)).await;
}

async fn wrong_codes_count_against_the_network_that_sends_them(app: TestApp, clock: FixedClock) {
    let number = phone(1);
    app.admin().await.enters(&number).await;
    let app = app.behind_proxy().await;
    let owners = ask(&app, OWNER, "/auth/signin", &number).await;
    let code = app.code(&number).await;
    let strangers = ask(&app, STRANGER, "/auth/signin", &phone(2)).await;
    let nobodys = "019b7951-7e00-7000-8000-000000000001";
    let guess = async |challenge: &str, path: &str| {
        let body = json!({ "challenge_id": challenge, "code": "000000", "new_password": "a fine new password" });
        let mut body = body;
        if path == "/auth/verify" {
            body.as_object_mut().unwrap().remove("new_password");
        }
        post_from(&app, STRANGER, path, body).await
    };
    for n in 0..50 {
        let (challenge, path) =
            [(strangers.as_str(), "/auth/verify"), (nobodys, "/auth/verify"), (nobodys, "/auth/password/reset")][n % 3];
        assert_problem(&guess(challenge, path).await, 401, "invalid_code");
    }
    for path in ["/auth/verify", "/auth/password/reset"] {
        let refused = guess(nobodys, path).await;
        assert_problem(&refused, 429, "rate_limited");
        assert_eq!(refused.header("retry-after"), "600");
        assert!(refused.header("ratelimit").starts_with("\"wrong-codes\""));
    }
    assert_problem(&verify(&app, STRANGER, &owners, &code).await, 429, "rate_limited");
    assert_eq!(verify(&app, OWNER, &owners, &code).await.status, 200, "the owner elsewhere is untouched");
    clock.advance(TimeDelta::minutes(10));
    assert_problem(&guess(nobodys, "/auth/verify").await, 401, "invalid_code");
}

async fn two_instances_send_a_contact_one_message_a_minute(app: TestApp, clock: FixedClock) {
    let one = app.behind_proxy().await;
    let two = app.behind_proxy().await;
    let number = phone(1);
    let networks: Vec<_> = (1..=4).map(|n| format!("192.0.2.{n}")).collect();
    let asked = networks.iter().enumerate().map(|(n, address)| {
        let instance = if n % 2 == 0 { &one } else { &two };
        ask(instance, address, "/auth/signup", &number)
    });
    futures_util::future::join_all(asked).await;
    for sent in 1..=4 {
        one.code_after(&number, sent - 1).await;
        has_sent(&one, &number, sent, sent).await;
        has_sent(&two, &number, sent, 100 + sent).await;
        clock.advance(TimeDelta::seconds(60));
    }
}
