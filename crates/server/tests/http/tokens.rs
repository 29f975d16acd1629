//! Access tokens that are not ours, or no longer: one answer to all of them.

use std::sync::Arc;

use auth::KeyRing;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use chrono::TimeDelta;
use domain::key::{KeyPurpose, TokenAlgorithm};
use domain::store::KeyStore;
use domain::testing::FixedClock;
use domain::{Actor, Clock};
use serde_json::{Value, json};

use crate::app::{Answer, PASSWORD, TestApp, assert_problem, send};
use crate::on_every_backend;

on_every_backend!(in still time:
    every_token_that_is_not_ours_has_one_answer,
    a_token_has_its_time,
    a_token_of_another_key_is_refused_however_it_is_named,
    a_token_comes_in_one_header_only,
    every_algorithm_is_served_and_the_next_key_has_the_one_that_is_set,
    a_token_names_the_public_url_and_the_audience,
    the_metadata_leads_to_the_keys,
);

/// A good token taken apart, with the key that signed it.
struct Forge {
    key: EcdsaKeyPair,
    header: Value,
    claims: Value,
}

impl Forge {
    /// With the key, which only a thief of the database would have.
    async fn new(app: &TestApp, clock: &FixedClock, token: &str) -> Self {
        let database = app.database().open().await;
        let keys = database.store().list_keys(clock.now()).await.unwrap();
        let key = keys.iter().find(|key| key.purpose == KeyPurpose::AccessToken).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key.secret).unwrap();
        database.close().await.unwrap();
        let mut parts = token.split('.').map(decoded);
        Self { key, header: parts.next().unwrap(), claims: parts.next().unwrap() }
    }

    fn message(header: &Value, claims: &Value) -> String {
        format!("{}.{}", encoded(&header.to_string()), encoded(&claims.to_string()))
    }

    fn signed_by(key: &EcdsaKeyPair, header: &Value, claims: &Value) -> String {
        let message = Self::message(header, claims);
        let signature = key.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    fn header(&self, name: &str, value: Value) -> String {
        Self::signed_by(&self.key, &with(&self.header, name, value), &self.claims)
    }

    fn claim(&self, name: &str, value: Value) -> String {
        Self::signed_by(&self.key, &self.header, &with(&self.claims, name, value))
    }
}

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap_or_default()
}

fn encoded(text: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(text)
}

/// The same object with a member set, or taken out by `null`.
fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    if value.is_null() {
        object.as_object_mut().unwrap().remove(name);
    } else {
        object[name] = value;
    }
    object
}

async fn me(app: &TestApp, token: &str) -> Answer {
    app.with_token(token).get("/users/me").await
}

/// Asserts that the answer to each is the one that everybody gets.
async fn all_are_refused_alike(app: &TestApp, tokens: Vec<String>) {
    let mut expected = me(app, "garbage").await.body;
    expected["request_id"] = Value::Null;
    for token in tokens {
        let answer = me(app, &token).await;
        assert_problem(&answer, 401, "invalid_token");
        let mut body = answer.body.clone();
        body["request_id"] = Value::Null;
        assert_eq!(body, expected, "{token}");
        assert_eq!(answer.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    }
}

async fn every_token_that_is_not_ours_has_one_answer(app: TestApp, clock: FixedClock) {
    let token = app.admin().await.token.unwrap();
    let forge = Forge::new(&app, &clock, &token).await;
    assert_eq!(
        me(&app, &Forge::signed_by(&forge.key, &forge.header, &forge.claims)).await.status,
        200,
        "the forge works"
    );
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = message.split_once('.').unwrap();
    let mut tokens: Vec<String> = vec![
        "a.b.c".to_owned(),
        "..".to_owned(),
        "A".repeat(3000),
        // Stripped.
        message.to_owned(),
        format!("{message}."),
        format!("{header}.{signature}"),
        format!("{}.{claims}.", encoded(r#"{"alg":"none","typ":"at+jwt"}"#)),
        format!("{}.{claims}.{signature}", encoded(r#"{"alg":"none","typ":"at+jwt"}"#)),
        // Changed without the key.
        format!("{header}.{}.{signature}", encoded(&with(&forge.claims, "role", json!("customer")).to_string())),
        format!("{message}.{}", signature.chars().rev().collect::<String>()),
        format!("{token}A"),
        format!("{token}.{signature}"),
    ];
    // Changed with it.
    for (name, value) in [
        ("alg", json!("HS256")),
        ("alg", json!("EdDSA")),
        ("alg", json!("none")),
        ("typ", json!("JWT")),
        ("typ", json!("rt+jwt")),
        ("typ", Value::Null),
        ("kid", Value::Null),
        ("kid", json!("another")),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
    ] {
        tokens.push(forge.header(name, value));
    }
    for (name, value) in [
        ("iss", json!("another")),
        ("aud", json!("another")),
        ("role", json!("manager")),
        ("role", json!("owner")),
        ("sub", json!("01936f5e-0000-7000-8000-000000000001")),
        ("sid", json!("01936f5e-0000-7000-8000-000000000001")),
        ("sub", json!(1)),
        ("exp", json!("tomorrow")),
    ] {
        tokens.push(forge.claim(name, value));
    }
    for name in ["iss", "aud", "sub", "sid", "role", "jti", "iat", "exp"] {
        tokens.push(forge.claim(name, Value::Null));
    }
    all_are_refused_alike(&app, tokens).await;
    assert_eq!(me(&app, &token).await.status, 200);
}

async fn a_token_has_its_time(app: TestApp, clock: FixedClock) {
    let token = app.admin().await.token.unwrap();
    let forge = Forge::new(&app, &clock, &token).await;
    let now = clock.now().timestamp();
    for name in ["iat", "nbf"] {
        assert_eq!(me(&app, &forge.claim(name, json!(now + 5))).await.status, 200, "clocks differ a little");
    }
    let early = [forge.claim("iat", json!(now + 6)), forge.claim("nbf", json!(now + 6))];
    all_are_refused_alike(&app, [early.as_slice(), &[forge.claim("exp", json!(now))]].concat()).await;
    clock.advance(TimeDelta::seconds(899));
    assert_eq!(me(&app, &token).await.status, 200);
    clock.advance(TimeDelta::seconds(1));
    all_are_refused_alike(&app, vec![token]).await;
}

async fn a_token_of_another_key_is_refused_however_it_is_named(app: TestApp, clock: FixedClock) {
    let token = app.admin().await.token.unwrap();
    let forge = Forge::new(&app, &clock, &token).await;
    let other = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let (x, y) = other.public_key().as_ref()[1..].split_at(32);
    let [x, y] = [x, y].map(|number| BASE64_URL_SAFE_NO_PAD.encode(number));
    let jwk = json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y });
    let hs256 = with(&forge.header, "alg", json!("HS256"));
    let message = Forge::message(&hs256, &forge.claims);
    let public = hmac::Key::new(hmac::HMAC_SHA256, forge.key.public_key().as_ref());
    let tokens = vec![
        Forge::signed_by(&other, &forge.header, &forge.claims),
        Forge::signed_by(&other, &with(&forge.header, "jwk", jwk), &forge.claims),
        Forge::signed_by(&other, &with(&forge.header, "kid", json!("../../etc/passwd")), &forge.claims),
        format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&public, message.as_bytes()))),
    ];
    all_are_refused_alike(&app, tokens).await;
}

async fn a_token_comes_in_one_header_only(app: TestApp, _: FixedClock) {
    let token = app.admin().await.token.unwrap();
    let bearer = format!("Bearer {token}");
    let anyone = app.anonymous();
    for path in [format!("/users/me?access_token={token}"), format!("/users/me?token={token}")] {
        assert_problem(&anyone.get(&path).await, 401, "invalid_token");
    }
    for headers in [
        vec![("authorization", format!("Basic {token}"))],
        vec![("authorization", token.clone())],
        vec![("authorization", "Bearer".to_owned())],
        vec![("authorization", bearer.clone()), ("authorization", bearer.clone())],
        vec![("cookie", format!("access_token={token}"))],
        vec![("x-access-token", token.clone())],
    ] {
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_problem(&anyone.get_with("/users/me", &headers).await, 401, "invalid_token");
    }
    let request = anyone.request("GET", "/users/me").header("authorization", format!("bearer {token}"));
    assert_eq!(send(request).await.status, 200);
}

/// The public URL and the audience of the tests.
fn behind_a_name(settings: &mut server::settings::Settings) {
    settings.http.public_url = Some("https://people.example.com/clientele/".parse().unwrap());
    "shop".clone_into(&mut settings.auth.audience);
}

async fn every_algorithm_is_served_and_the_next_key_has_the_one_that_is_set(app: TestApp, clock: FixedClock) {
    let mut tokens = vec![app.admin().await.token.unwrap()];
    for algorithm in [TokenAlgorithm::EdDsa, TokenAlgorithm::Rs256] {
        let instance = app.another(|settings| settings.auth.token_algorithm = algorithm).await;
        let database = app.database().open().await;
        let store = Arc::new(database.store());
        let ring = KeyRing::open(store, Arc::new(clock.clone()), None, algorithm).await.unwrap();
        ring.rotate(&Actor::system("keys"), TimeDelta::minutes(15)).await.unwrap();
        drop(ring);
        database.close().await.unwrap();
        clock.advance(KeyRing::NOTICE);
        let restarted = instance.another(|_| {}).await;
        let token = restarted.sign_in("admin@example.com", PASSWORD).await.token.unwrap();
        assert_eq!(decoded(token.split('.').next().unwrap())["alg"], algorithm.as_str());
        tokens.push(token);
        for token in &tokens {
            assert_eq!(me(&restarted, token).await.status, 200, "each by the algorithm of its key");
        }
    }
    let keys = app.another(|_| {}).await.anonymous().get("/.well-known/jwks.json").await.good().body;
    let algorithms: Vec<&str> =
        keys["keys"].as_array().unwrap().iter().map(|key| key["alg"].as_str().unwrap()).collect();
    assert_eq!(algorithms, ["ES256", "EdDSA", "RS256"]);
}

async fn a_token_names_the_public_url_and_the_audience(app: TestApp, _: FixedClock) {
    let claims = |token: &str| decoded(token.split('.').nth(1).unwrap());
    let token = app.admin().await.token.unwrap();
    assert_eq!(claims(&token)["iss"], app.address.as_str(), "without a URL it is the listening address");
    assert_eq!(claims(&token)["aud"], "clientele");
    let named = app.another(behind_a_name).await;
    let other = named.sign_in("admin@example.com", PASSWORD).await.token.unwrap();
    assert_eq!(claims(&other)["iss"], "https://people.example.com/clientele");
    assert_eq!(claims(&other)["aud"], "shop");
    assert_eq!(me(&named, &other).await.status, 200);
    all_are_refused_alike(&named, vec![token]).await;
    all_are_refused_alike(&app, vec![other]).await;
}

async fn the_metadata_leads_to_the_keys(app: TestApp, _: FixedClock) {
    let named = app.another(behind_a_name).await;
    for path in ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"] {
        let own = app.anonymous().get(path).await.good();
        assert_eq!(own.body["issuer"], app.address.as_str());
        let url = own.body["jwks_uri"].as_str().unwrap();
        let keys = app.anonymous().get(url.strip_prefix(app.address.as_str()).unwrap()).await.good().body;
        assert_eq!(own.body["id_token_signing_alg_values_supported"], json!([keys["keys"][0]["alg"]]));
        let metadata = named.anonymous().get(path).await.good().body;
        assert_eq!(metadata["issuer"], "https://people.example.com/clientele");
        assert_eq!(metadata["jwks_uri"], "https://people.example.com/clientele/.well-known/jwks.json");
        assert_eq!(metadata["introspection_endpoint"], "https://people.example.com/clientele/oauth/introspect");
        assert!(metadata.get("authorization_endpoint").is_none() && metadata.get("token_endpoint").is_none());
    }
}
