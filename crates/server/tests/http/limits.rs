//! Who tries too often is slowed down; others are not, above all not the owner of the account.

use chrono::TimeDelta;
use domain::testing::FixedClock;
use serde_json::{Value, json};

use crate::app::{Answer, Caller, PASSWORD, PATIENCE, TestApp, assert_problem, phone};
use crate::on_every_backend;

on_every_backend!(
    in still time:
    ten_wrong_passwords_slow_a_network_down_on_every_instance_and_lock_nobody_out,
    an_owner_is_let_in_where_they_were_signed_in_however_many_guess,
    one_password_at_many_accounts_slows_its_network_down,
    sign_ups_are_counted_by_network_and_over_all,
    an_account_that_nobody_has_is_limited_alike,
    guesses_at_once_are_counted_each,
    a_hundred_guesses_at_once_are_ten,
    a_contact_gets_so_many_codes_whoever_has_it,
    an_address_gets_so_many_codes_for_whomever,
    a_user_who_asks_too_much_waits_and_others_don_t,
    an_address_that_asks_too_much_waits,
    strangers_have_a_limit_of_their_own,
    a_limit_holds_however_its_path_is_spelled,
    the_address_is_the_peer_unless_a_trusted_proxy_says_otherwise,
    limits_can_be_off,
);

/// Asserts a 429 that tells when to come back; answers after how many seconds.
#[track_caller]
fn is_limited(answer: &Answer, policy: &str) -> i64 {
    assert_problem(answer, 429, "rate_limited");
    let wait: i64 = answer.header("retry-after").parse().unwrap();
    assert!(wait >= 1);
    assert_eq!(answer.header("ratelimit"), format!("\"{policy}\";r=0;t={wait}"));
    assert!(answer.header("ratelimit-policy").starts_with(&format!("\"{policy}\";q=")));
    wait
}

/// Guesses until told to wait: how many guesses were answered, and the wait.
async fn guess(app: &TestApp, email: &str) -> (usize, i64) {
    for count in 0..20 {
        let answer = app.try_sign_in(email, "not the password").await;
        if answer.status != 401 {
            return (count, is_limited(&answer, "account"));
        }
        assert_problem(&answer, 401, "invalid_credentials");
    }
    panic!("never told to wait");
}

async fn sign_in_from(app: &TestApp, address: &str, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    app.anonymous().post_from(address, "/auth/signin", body).await
}

const ADMIN: &str = "admin@example.com";

async fn ten_wrong_passwords_slow_a_network_down_on_every_instance_and_lock_nobody_out(
    app: TestApp,
    clock: FixedClock,
) {
    app.admin().await;
    let one = app.behind_proxy().await;
    let two = one.another(|_| {}).await;
    let poller = "2001:db8::1";
    for _ in 0..10 {
        assert_problem(&sign_in_from(&one, poller, ADMIN, "wrong").await, 401, "invalid_credentials");
    }
    for (n, wait) in [1, 2, 4, 15, 60, 900, 900].into_iter().enumerate() {
        for instance in [&one, &two] {
            for password in ["wrong", PASSWORD] {
                let answer = sign_in_from(instance, "2001:db8::2", ADMIN, password).await;
                assert_eq!(is_limited(&answer, "account"), wait);
            }
        }
        // The owner is let in at the first try, each time from another new network.
        assert_eq!(sign_in_from(&two, &format!("192.0.2.{n}"), ADMIN, PASSWORD).await.status, 200);
        clock.advance(TimeDelta::seconds(wait));
        assert_problem(&sign_in_from(&two, poller, ADMIN, "wrong").await, 401, "invalid_credentials");
    }
    clock.advance(TimeDelta::seconds(900));
    assert_eq!(sign_in_from(&two, poller, ADMIN, PASSWORD).await.status, 200);
    assert_problem(&sign_in_from(&one, poller, ADMIN, "wrong").await, 401, "invalid_credentials");
}

async fn an_owner_is_let_in_where_they_were_signed_in_however_many_guess(app: TestApp, clock: FixedClock) {
    let admin = app.admin().await;
    let app = app.behind_proxy().await;
    let owner = app.with_token(admin.token.as_ref().unwrap());
    let home = app.signed_in(&sign_in_from(&app, "198.51.100.7", ADMIN, PASSWORD).await);
    assert_eq!(home.post("/auth/signout", json!({})).await.status, 204);
    let mut guessed = 0;
    for n in 0..120 {
        guessed += usize::from(sign_in_from(&app, &format!("192.0.2.{n}"), ADMIN, "wrong").await.status == 401);
        if n == 20 {
            let slow = sign_in_from(&app, "192.0.2.1", ADMIN, PASSWORD).await;
            assert_eq!(is_limited(&slow, "account"), 20, "a network that guessed wrong has one guess in 20 seconds");
        }
    }
    assert_eq!(guessed, 100, "that many in an hour");
    assert_eq!(is_limited(&sign_in_from(&app, "203.0.113.1", ADMIN, PASSWORD).await, "account"), 3600);
    assert_eq!(sign_in_from(&app, "198.51.100.7", ADMIN, PASSWORD).await.status, 200, "where they were signed in");
    assert_eq!(owner.get("/users/me").await.status, 200);
    clock.advance(TimeDelta::hours(1));
    assert_eq!(sign_in_from(&app, "203.0.113.1", ADMIN, PASSWORD).await.status, 200);
}

async fn one_password_at_many_accounts_slows_its_network_down(app: TestApp, clock: FixedClock) {
    let admin = app.admin().await;
    app.manager(&admin, "ann@example.com").await;
    let (one, two) = (app.behind_proxy().await, app.behind_proxy().await);
    assert_eq!(sign_in_from(&one, "192.0.2.1", "ann@example.com", PASSWORD).await.status, 200);
    for n in 0..30 {
        let answer = sign_in_from([&one, &two][n % 2], "192.0.2.1", &format!("nobody{n}@example.com"), "wrong").await;
        assert_problem(&answer, 401, "invalid_credentials");
    }
    for wait in [1, 2, 4, 8, 15, 30, 60, 60] {
        let answer = sign_in_from(&two, "192.0.2.1", ADMIN, PASSWORD).await;
        assert_eq!(is_limited(&answer, "address"), wait);
        assert_eq!(sign_in_from(&one, "192.0.2.1", "ann@example.com", PASSWORD).await.status, 200, "known there");
        clock.advance(TimeDelta::seconds(wait));
        let answer = sign_in_from(&one, "192.0.2.1", &format!("nobody{wait}@example.org"), "wrong").await;
        assert_problem(&answer, 401, "invalid_credentials");
    }
    assert_eq!(sign_in_from(&two, "192.0.2.2", ADMIN, PASSWORD).await.status, 200, "from elsewhere");
}

async fn sign_ups_are_counted_by_network_and_over_all(app: TestApp, clock: FixedClock) {
    app.admin().await;
    let one = app.behind_proxy().await;
    let few = |settings: &mut server::settings::Settings| {
        (settings.limits.signups_per_address, settings.limits.signups_per_hour) = (2, 3);
    };
    let (one, two) = (one.another(few).await, one.another(few).await);
    let sign_up = async |app: &TestApp, address: &str, n: usize| {
        let body = json!({ "email": format!("new{n}@example.com"), "password": PASSWORD });
        app.anonymous().post_from(address, "/auth/signup", body).await
    };
    let weak = json!({ "email": "new@example.com", "password": "short" });
    assert_eq!(one.anonymous().post("/auth/signup", weak).await.status, 422, "which is not counted");
    for (instance, n) in [(&one, 1), (&two, 2)] {
        assert_eq!(sign_up(instance, "2001:db8::1", n).await.status, 202);
    }
    assert_eq!(is_limited(&sign_up(&one, "2001:db8::2", 3).await, "signups-address"), 3600);
    assert_eq!(sign_up(&one, "192.0.2.1", 3).await.status, 202);
    assert_eq!(is_limited(&sign_up(&two, "192.0.2.2", 4).await, "signups"), 3600);
    assert_eq!(one.rows("SELECT id FROM users WHERE role = 'manager'").await.len(), 3);
    clock.advance(TimeDelta::hours(1));
    assert_eq!(sign_up(&two, "2001:db8::1", 4).await.status, 202);
}

async fn a_hundred_guesses_at_once_are_ten(app: TestApp, _clock: FixedClock) {
    app.admin().await;
    let app = app.behind_proxy().await;
    let at_once = |address: &'static str, password: &'static str| {
        let app = &app;
        let guesses = (0..100).map(move |_| sign_in_from(app, address, ADMIN, password));
        async move {
            let answers = futures_util::future::join_all(guesses).await;
            let count = |status| answers.iter().filter(|answer| answer.status == status).count();
            // On a busy machine the hash queue may be full: that is 503, and no limit.
            (count(200), count(401), count(429) + count(503))
        }
    };
    assert_eq!(at_once("192.0.2.1", "wrong").await, (0, 10, 90));
    // More than may be under way at once: the others wait for their turn instead of being refused.
    let rights = (0..100).map(|_| until_there_is_room(async || sign_in_from(&app, "192.0.2.2", ADMIN, PASSWORD).await));
    let rights = futures_util::future::join_all(rights).await;
    assert!(rights.iter().all(|answer| answer.status == 200), "those who are right are let in");
}

/// On a busy machine the hash queue may be full: that is 503, and no limit. Whoever gets it comes again.
async fn until_there_is_room(ask: impl AsyncFn() -> Answer) -> Answer {
    let asked = async {
        loop {
            let answer = ask().await;
            if answer.status != 503 {
                return answer;
            }
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.unwrap()
}

async fn an_account_that_nobody_has_is_limited_alike(app: TestApp, clock: FixedClock) {
    app.admin().await;
    // From another network than the owner's.
    let app = app.behind_proxy().await;
    let mut answers = Vec::new();
    for email in ["admin@example.com", "nobody@example.com"] {
        assert_eq!(guess(&app, email).await, (10, 1));
        let mut answer = app.try_sign_in(email, PASSWORD).await;
        answer.body["request_id"] = Value::Null;
        answers.push((answer.body, answer.headers["ratelimit"].clone(), answer.headers["ratelimit-policy"].clone()));
    }
    assert_eq!(answers[0], answers[1]);
    clock.advance(TimeDelta::seconds(1));
    assert_eq!(guess(&app, " NOBODY@example.com ").await, (1, 2), "however it is written");
    assert_eq!(app.try_sign_in("admin@example.com", PASSWORD).await.status, 200);
}

async fn guesses_at_once_are_counted_each(app: TestApp, clock: FixedClock) {
    app.admin().await;
    let second = app.another(|_| {}).await;
    let instances = [&app, &second];
    let at_once = |password: &'static str| {
        futures_util::future::join_all((0..24).map(move |n| {
            until_there_is_room(async move || instances[n % 2].try_sign_in("admin@example.com", password).await)
        }))
    };
    // Several times: counting and settling must not deadlock, which shows by chance only.
    for _ in 0..3 {
        let rights: Vec<_> = at_once(PASSWORD).await.iter().map(|answer| answer.status.code()).collect();
        assert_eq!(rights, [200; 24], "right ones keep nobody waiting");
    }
    at_once("wrong").await;
    // Ten of them were counted.
    assert_eq!(guess(&app, "admin@example.com").await, (0, 1));
    clock.advance(TimeDelta::seconds(1));
    let mut statuses: Vec<_> = at_once("wrong").await.iter().map(|answer| answer.status.code()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [&[401; 1][..], &[429; 23]].concat(), "from then on, one for each wait");
}

async fn a_contact_gets_so_many_codes_whoever_has_it(app: TestApp, clock: FixedClock) {
    app.customer(&phone(1)).await;
    let one = app.another(|_| {}).await;
    let two = one.another(|_| {}).await;
    // The first number has had one code, to sign up, an hour ago.
    clock.advance(TimeDelta::hours(1));
    for number in [phone(1), phone(2)] {
        for instance in [&one, &two, &one, &two, &one] {
            let sent = instance.anonymous().post("/auth/signin", json!({ "phone": number })).await;
            assert_eq!(sent.status, 202, "{}", sent.text);
            let again = two.anonymous().post("/auth/signin", json!({ "phone": number })).await;
            assert_eq!(again.body["challenge_id"], sent.body["challenge_id"], "the same one costs nothing");
            clock.advance(TimeDelta::seconds(61));
        }
        let wait = is_limited(&two.anonymous().post("/auth/signin", json!({ "phone": number })).await, "codes");
        assert_eq!(wait, 3600 - 5 * 61);
        is_limited(&one.anonymous().post("/auth/signup", json!({ "phone": number })).await, "codes");
    }
    let other = one.anonymous().post("/auth/signin", json!({ "phone": phone(3) })).await;
    assert_eq!(other.status, 202, "{}", other.text);
    clock.advance(TimeDelta::hours(1));
    assert_eq!(one.anonymous().post("/auth/signin", json!({ "phone": phone(1) })).await.status, 202);
}

async fn an_address_gets_so_many_codes_for_whomever(app: TestApp, clock: FixedClock) {
    app.customer(&phone(1)).await;
    clock.advance(TimeDelta::hours(1));
    let few = |settings: &mut server::settings::Settings| {
        settings.http.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
        settings.limits.codes_per_address = 3;
    };
    let (one, two) = (app.another(few).await, app.another(few).await);
    let ask = async |app: &TestApp, address: &str, n: usize| {
        app.anonymous().post_from(address, "/auth/signin", json!({ "phone": phone(n) })).await
    };
    // Known or not, and the same one again for nothing.
    for (instance, n) in [(&one, 1), (&two, 2), (&two, 1), (&one, 3)] {
        assert_eq!(ask(instance, "2001:db8::1", n).await.status, 202);
    }
    assert_eq!(is_limited(&ask(&two, "2001:db8::2", 4).await, "codes-address"), 3600);
    assert_eq!(ask(&two, "2001:db8::2", 1).await.status, 202, "the one that is open");
    assert_eq!(ask(&two, "2001:db8:0:1::1", 4).await.status, 202, "from elsewhere");
    clock.advance(TimeDelta::hours(1));
    assert_eq!(ask(&one, "2001:db8::1", 5).await.status, 202);
}

/// Spends so many of those that are left.
async fn spend(caller: &Caller, path: &str, count: u64, left: u64) {
    for n in (left - count..left).rev() {
        let answer = caller.get(path).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert!(answer.header("ratelimit").contains(&format!(";r={n};")), "{}", answer.header("ratelimit"));
    }
}

async fn a_user_who_asks_too_much_waits_and_others_don_t(app: TestApp, clock: FixedClock) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let app = app.another(|settings| settings.limits.per_user = 1).await;
    let at = |caller: &Caller| app.with_token(caller.token.as_ref().unwrap());
    let first = at(&admin).get("/users/me").await;
    assert_eq!(first.header("ratelimit-policy"), "\"user\";q=20;w=20");
    assert_eq!(first.header("ratelimit"), "\"user\";r=19;t=1");
    spend(&at(&admin), "/users/me", 19, 19).await;
    assert_eq!(is_limited(&at(&admin).get("/users/").await, "user"), 1);
    assert_eq!(at(&ann).get("/users/me").await.status, 200);
    clock.advance(TimeDelta::seconds(2));
    spend(&at(&admin), "/users/me", 2, 2).await;
    is_limited(&at(&admin).get("/users/me").await, "user");
}

async fn an_address_that_asks_too_much_waits(app: TestApp, clock: FixedClock) {
    let app = app.another(|settings| settings.limits.per_address = 1).await;
    let stranger = app.anonymous();
    spend(&stranger, "/.well-known/jwks.json", 19, 20).await;
    let answer = stranger.get("/users/me").await;
    assert_problem(&answer, 401, "invalid_token");
    assert_eq!(answer.header("ratelimit"), "\"address\";r=0;t=20", "bad tokens count");
    is_limited(&stranger.get("/users/me").await, "address");
    is_limited(&stranger.get("/nowhere").await, "address");
    assert_eq!(stranger.get("/health/live").await.status, 200, "who watches over the service is let through");
    clock.advance(TimeDelta::seconds(1));
    assert_eq!(stranger.get("/.well-known/jwks.json").await.status, 200);
}

async fn strangers_have_a_limit_of_their_own(app: TestApp, _clock: FixedClock) {
    let admin = app.admin().await;
    let app = app.another(|settings| settings.limits.auth_per_address = 1).await;
    for _ in 0..20 {
        assert_eq!(app.anonymous().post("/auth/verify", json!({})).await.status, 422);
    }
    is_limited(&app.anonymous().post("/auth/verify", json!({})).await, "auth");
    is_limited(&app.anonymous().post("/auth/signin", json!({})).await, "auth");
    assert_eq!(app.with_token(admin.token.as_ref().unwrap()).get("/users/me").await.status, 200);
}

async fn a_limit_holds_however_its_path_is_spelled(app: TestApp, _: FixedClock) {
    let app = app.another(|settings| settings.limits.auth_per_address = 1).await;
    let (admin, stranger) = (app.admin().await, app.anonymous());
    let body = json!({ "phone": phone(1) });
    let spelled = ["/auth/%73ignin", "/auth/signin/", "/%61uth/signin", "/auth/%73%69%67%6e%69%6E/"];
    let mut left: Option<u64> = None;
    for path in spelled {
        let answer = stranger.post(path, body.clone()).await;
        assert_eq!(answer.status, 202, "{path}: {}", answer.text);
        let limit = answer.header("ratelimit").to_owned();
        let now: u64 = limit.strip_prefix("\"auth\";r=").unwrap().split(';').next().unwrap().parse().unwrap();
        assert!(left.is_none_or(|left| now < left), "{path}: {limit} after {left:?}");
        left = Some(now);
    }
    for _ in 0..left.unwrap() {
        stranger.post("/auth/signin", body.clone()).await;
    }
    for path in spelled.into_iter().chain(["/auth/signin"]) {
        is_limited(&stranger.post(path, body.clone()).await, "auth");
    }
    // A path that is no route needs a token.
    for path in
        ["//auth/signin", "/AUTH/signin", "/auth//signin", "/auth/signin/.", "/auth%2Fsignin", "/auth/%2573ignin"]
    {
        let answer = stranger.post(path, body.clone()).await;
        assert!(answer.status == 401 || answer.status == 429, "{path}: {}", answer.text);
    }
    // The same reading decides who needs a token and what is not counted.
    assert_eq!(admin.get("/users/%6de").await.status, 200);
    assert_problem(&stranger.get("/users/%6de").await, 401, "invalid_token");
    let healthy = stranger.get("/%68ealth/live").await;
    assert!(healthy.status == 200 && healthy.headers.get("ratelimit").is_none());
}

async fn the_address_is_the_peer_unless_a_trusted_proxy_says_otherwise(app: TestApp, _clock: FixedClock) {
    for (trusted, is_believed) in [(vec![], false), (vec!["127.0.0.0/8".parse().unwrap()], true)] {
        let app = app
            .another(|settings| {
                settings.http.trusted_proxies = trusted;
                settings.limits.per_address = 1;
            })
            .await;
        let ask = async |forwarded: &str| {
            app.anonymous().get_with("/.well-known/jwks.json", &[("x-forwarded-for", forwarded)]).await
        };
        for _ in 0..20 {
            assert_eq!(ask("2001:db8::1").await.status, 200);
        }
        is_limited(&ask("2001:db8::2").await, "address");
        let other = ask("2001:db8:0:1::1").await.status.code();
        assert_eq!(other, if is_believed { 200 } else { 429 });
        // Written by the client itself, before the proxy added its part.
        is_limited(&ask("192.0.2.7, 2001:db8::3").await, "address");
    }
}

async fn limits_can_be_off(app: TestApp, clock: FixedClock) {
    let admin = app.admin().await;
    let app = app
        .another(|settings| {
            settings.limits.enabled = false;
            settings.limits.per_user = 1;
            settings.limits.per_address = 1;
            settings.limits.auth_per_address = 1;
        })
        .await;
    let admin = app.with_token(admin.token.as_ref().unwrap());
    for _ in 0..25 {
        assert_eq!(app.try_sign_in("admin@example.com", "wrong").await.status, 401);
        let sent = app.anonymous().post("/auth/signin", json!({ "phone": phone(1) })).await;
        assert_eq!(sent.status, 202, "{}", sent.text);
        let answer = admin.get("/users/me").await;
        assert_eq!(answer.status, 200);
        assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("ratelimit")));
        clock.advance(TimeDelta::seconds(20));
    }
}
