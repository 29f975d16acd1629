//! Many at once, by the clock of the computer, whose readings overtake each other.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::app::{Answer, PASSWORD, TestApp, assert_problem};
use crate::on_every_backend;

on_every_backend!(
    right_passwords_at_once_wait_for_nobody,
    who_hangs_up_locks_nobody_out,
    nobody_is_let_in_by_a_sign_in_that_their_deactivation_overtakes,
    more_sign_ins_than_can_be_served_are_turned_away_at_once,
    a_flood_from_one_network_keeps_nobody_elsewhere_out,
);

const ADMIN: &str = "admin@example.com";

async fn sign_in_as(app: &TestApp, manager: usize) -> Answer {
    app.try_sign_in(&format!("manager{manager}@example.com"), PASSWORD).await
}

async fn right_passwords_at_once_wait_for_nobody(app: TestApp) {
    app.admin().await;
    let second = app.another(|_| {}).await;
    let instances = [&app, &second];
    for round in 0..5 {
        let answers = join_all((0..24).map(|n| instances[n % 2].try_sign_in(ADMIN, PASSWORD))).await;
        for answer in &answers {
            // On a machine that is busy enough there may be no room for all: that is 503, and no limit.
            assert!(matches!(answer.status.code(), 200 | 503), "round {round}: {}", answer.text);
        }
        assert!(answers.iter().filter(|answer| answer.status == 200).count() > 12, "round {round}");
    }
}

/// Asks again and again until the answer is yes.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < Duration::from_secs(30), "never: {what}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// Sends a sign-in on a connection of its own, and does not wait for the answer.
async fn send_sign_in(app: &TestApp, password: &str) -> TcpStream {
    let address = app.address.trim_start_matches("http://");
    let body = json!({ "email": ADMIN, "password": password }).to_string();
    let head = format!("POST /auth/signin HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n");
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes()).await.unwrap();
    connection
}

async fn guesses_under_way(app: &TestApp) -> bool {
    !app.rows("SELECT count FROM attempts WHERE pending > 0").await.is_empty()
}

async fn who_hangs_up_locks_nobody_out(app: TestApp) {
    app.admin().await;
    let app = app.another(|settings| settings.auth.bcrypt_cost = 12).await;
    let mut connections = Vec::new();
    for _ in 0..300 {
        connections.push(send_sign_in(&app, "wrong").await);
    }
    until("a guess is under way", async || guesses_under_way(&app).await).await;
    for connection in connections {
        connection.set_zero_linger().unwrap();
    }
    until("no guess is under way", async || !guesses_under_way(&app).await).await;
    until("the owner is let in", async || app.try_sign_in(ADMIN, PASSWORD).await.status == 200).await;
}

/// Of many accounts: those of one wait for each other before they come to the queue.
async fn more_sign_ins_than_can_be_served_are_turned_away_at_once(app: TestApp) {
    let admin = app.admin().await;
    for n in 0..20 {
        app.manager(&admin, &format!("manager{n}@example.com")).await;
    }
    let app = app.another(|settings| settings.auth.bcrypt_cost = 12).await;
    let owner = app.sign_in(ADMIN, PASSWORD).await;
    let flood = async {
        let mut answers: FuturesUnordered<_> = (0..200).map(|n| sign_in_as(&app, n % 20)).collect();
        let (mut served, mut refused, mut refused_early) = (0, 0, 0);
        while let Some(answer) = answers.next().await {
            if answer.status == 200 {
                served += 1;
                continue;
            }
            assert_problem(&answer, 503, "unavailable");
            assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
            refused += 1;
            refused_early += usize::from(served < 10);
        }
        (served, refused, refused_early)
    };
    let others = async {
        loop {
            let answer = owner.get("/users/me").await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            sleep(Duration::from_millis(5)).await;
        }
    };
    let (served, refused, refused_early) = tokio::select! {
        counts = flood => counts,
        () = others => unreachable!(),
    };
    assert!(served >= 1 && refused >= 100, "{served} served, {refused} refused");
    // Whoever waited in vain would be told so after the others were served.
    assert!(refused_early >= 100, "{refused_early} of {refused} were refused before the tenth was served");
    until("nothing is counted", async || app.rows("SELECT count FROM attempts").await.is_empty()).await;
}

async fn a_flood_from_one_network_keeps_nobody_elsewhere_out(app: TestApp) {
    app.admin().await;
    let app = app
        .another(|settings| {
            // Few fill the queue then, and leave the one thread of the server to others.
            settings.auth.bcrypt_cost = 11;
            settings.http.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
        })
        .await;
    let from = async |address: &str, path: &str, body| app.anonymous().post_from(address, path, body).await;
    let flood = async |who: usize| {
        for n in 0.. {
            let email = format!("stranger{who}.{n}@example.com");
            let path = if n % 2 == 0 { "/auth/signin" } else { "/auth/signup" };
            let answer = from("192.0.2.1", path, json!({ "email": email, "password": PASSWORD })).await;
            assert!(matches!(answer.status.code(), 202 | 401 | 429 | 503), "{}", answer.text);
            if matches!(answer.status.code(), 429 | 503) {
                // Refusals cost nothing; without a pause they would take the processor from the owner's client.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    };
    // A machine that is too busy for all may say so now and then; by order of arrival, one in twenty was let in, which
    // is ten times in a row hardly ever.
    let owner = async {
        for n in 0..10 {
            let body = json!({ "email": ADMIN, "password": PASSWORD });
            let mut answers = Vec::new();
            while answers.len() < 10 && !answers.contains(&200) {
                answers.push(from("198.51.100.7", "/auth/signin", body.clone()).await.status.code());
            }
            assert!(answers.contains(&200), "sign-in {n}: {answers:?}");
        }
    };
    tokio::select! {
        _ = join_all((0..16).map(flood)) => unreachable!(),
        () = owner => {}
    }
    let signed_up = app.rows("SELECT id FROM users WHERE role = 'manager'").await.len();
    assert!(signed_up <= 100, "{signed_up} signed up");
}

async fn nobody_is_let_in_by_a_sign_in_that_their_deactivation_overtakes(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let path = format!("/users/{}", ann.id);
    // Slow enough that the deactivation comes first now and then.
    let second = app.another(|settings| settings.auth.bcrypt_cost = 9).await;
    for _ in 0..8 {
        let signin = json!({ "email": "ann@example.com", "password": PASSWORD });
        let anyone = second.anonymous();
        let (signed_in, deactivated) =
            tokio::join!(anyone.post("/auth/signin", signin), admin.patch(&path, json!({ "is_active": false })));
        assert_eq!(deactivated.status, 200, "{}", deactivated.text);
        assert_eq!(admin.patch(&path, json!({ "is_active": true })).await.status, 200);
        if signed_in.status == 200 {
            let token = signed_in.body["access_token"].as_str().unwrap();
            assert_problem(&app.with_token(token).get("/users/me").await, 401, "invalid_token");
        } else {
            assert_problem(&signed_in, 403, "account_inactive");
        }
    }
}
