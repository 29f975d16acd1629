//! The keys of the access tokens: rotated while instances run, and sealed.

use std::process::{Command, Output};
use std::sync::Arc;
use std::time::{Duration, Instant};

use auth::KeyRing;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use chrono::TimeDelta;
use domain::Actor;
use domain::key::TokenAlgorithm;
use domain::testing::FixedClock;
use persistence::testing::TestDatabase;
use serde_json::Value;

use crate::app::{PASSWORD, TestApp};
use crate::on_every_backend;

on_every_backend!(in still time:
    a_rotated_key_is_known_everywhere_before_it_signs,
    the_command_line_rotates_and_lists,
    sealed_keys_want_their_master_key,
);

const MASTER_KEY: &str = "a master key of the tests";

async fn published(app: &TestApp) -> Vec<String> {
    let keys = app.anonymous().get("/.well-known/jwks.json").await.good().body;
    keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// Waits until the instance publishes so many keys, as it does after its next reading.
async fn publishes(app: &TestApp, count: usize) -> Vec<String> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let keys = published(app).await;
        if keys.len() == count {
            return keys;
        }
        assert!(Instant::now() < deadline, "{keys:?} after twenty seconds");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn kid(token: &str) -> String {
    let header = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    serde_json::from_slice::<Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned()
}

async fn sign_in(app: &TestApp) -> String {
    app.sign_in("admin@example.com", PASSWORD).await.token.unwrap()
}

async fn is_good(app: &TestApp, token: &str) -> bool {
    app.with_token(token).get("/users/me").await.status == 200
}

async fn a_rotated_key_is_known_everywhere_before_it_signs(app: TestApp, clock: FixedClock) {
    let second = app.another(|_| {}).await;
    app.admin().await;
    let before = sign_in(&app).await;
    let old = kid(&before);
    assert_eq!(published(&app).await, std::slice::from_ref(&old));

    // As another process does it, which neither instance hears of.
    let database = app.database().open().await;
    let ring =
        KeyRing::open(Arc::new(database.store()), Arc::new(clock.clone()), None, TokenAlgorithm::Es256).await.unwrap();
    let new = ring.rotate(&Actor::system("keys"), TimeDelta::minutes(15)).await.unwrap().id;

    clock.advance(TimeDelta::seconds(20));
    for instance in [&app, &second] {
        assert_eq!(publishes(instance, 2).await, [old.clone(), new.clone()]);
        assert_eq!(kid(&sign_in(instance).await), old, "published, and not in use yet");
    }
    clock.advance(TimeDelta::seconds(39));
    let last_of_old = sign_in(&app).await;
    assert_eq!(kid(&last_of_old), old);
    clock.advance(TimeDelta::seconds(1));
    for (issuer, other) in [(&app, &second), (&second, &app)] {
        let token = sign_in(issuer).await;
        assert_eq!(kid(&token), new);
        assert!(is_good(issuer, &token).await && is_good(other, &token).await);
        assert!(is_good(issuer, &before).await && is_good(other, &last_of_old).await, "nobody is signed out");
    }
    clock.advance(TimeDelta::seconds(899) - TimeDelta::seconds(1));
    assert!(is_good(&second, &last_of_old).await, "good for the whole of its fifteen minutes");
    clock.advance(TimeDelta::minutes(5));
    clock.advance(TimeDelta::seconds(2));
    for instance in [&app, &second] {
        assert_eq!(published(instance).await, std::slice::from_ref(&new), "the old key is gone, with no reading");
    }
    database.close().await.unwrap();
}

fn clientele(database: &TestDatabase, words: &[&str], master_key: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clientele"));
    command.args(words).env("DATABASE_URL", database.url()).env("CLIENTELE_HTTP__LISTEN", "127.0.0.1:0");
    command.env("CLIENTELE_LOG__LEVEL", "error").current_dir(std::env::temp_dir());
    if let Some(master_key) = master_key {
        command.env("CLIENTELE_AUTH__MASTER_KEY", master_key);
    }
    command.output().unwrap()
}

#[track_caller]
fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Asserts that it failed with this status, and with one line that holds the words.
#[track_caller]
fn refused(output: &Output, status: i32, words: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(status), "{said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    assert!(words.iter().all(|word| said.contains(word)), "{said}");
    assert!(output.stdout.is_empty());
}

async fn the_command_line_rotates_and_lists(app: TestApp, _: FixedClock) {
    let database = app.database();
    let key = published(&app).await.remove(0);
    let listed = done(&clientele(database, &["keys", "list"], None));
    let rows: Vec<&str> = listed.lines().skip(1).collect();
    assert!(rows.len() == 1 && rows[0].starts_with("signing") && rows[0].ends_with(&key), "{listed}");
    let rotated = done(&clientele(database, &["keys", "rotate"], None));
    assert!(rotated.contains("sign from 20"), "{rotated}");
    let listed = done(&clientele(database, &["keys", "list"], None));
    let rows: Vec<&str> = listed.lines().skip(1).collect();
    assert!(rows.len() == 2 && rows[0].starts_with("signing") && rows[1].starts_with("next"), "{listed}");
    assert!(rows[0].ends_with(&key) && !rows[0].contains(" - ") && rows[1].contains(" - "), "{listed}");

    let empty = TestDatabase::sqlite();
    refused(&clientele(&empty, &["keys", "rotate"], None), 1, &["migrate up"]);
}

async fn sealed_keys_want_their_master_key(app: TestApp, _: FixedClock) {
    let database = app.database();
    app.admin().await;
    let token = sign_in(&app).await;
    let listed = done(&clientele(database, &["keys", "list"], None));
    assert!(listed.contains(" no "), "{listed}");
    let sealing = app.another(|settings| settings.auth.master_key = Some(MASTER_KEY.into())).await;
    assert!(is_good(&sealing, &token).await, "the keys are the same, sealed");
    let listed = done(&clientele(database, &["keys", "list"], None));
    assert!(listed.contains(" yes ") && !listed.contains(" no "), "{listed}");
    for words in [&["keys", "rotate"][..], &["serve"], &[]] {
        refused(&clientele(database, words, None), 2, &["auth.master_key", "must be set"]);
        refused(&clientele(database, words, Some("another master key")), 2, &["auth.master_key", "not the one"]);
        refused(&clientele(database, words, Some("short")), 2, &["auth.master_key", "16"]);
    }
    let rotated = done(&clientele(database, &["keys", "rotate"], Some(MASTER_KEY)));
    assert!(!rotated.contains(" no "), "{rotated}");
}
