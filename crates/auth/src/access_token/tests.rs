use aws_lc_rs::hmac;
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use chrono::TimeDelta;
use domain::testing::{self, FixedClock};
use jsonwebtoken::EncodingKey;
use proptest::prelude::*;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::*;
use crate::test_world::World;

/// What a token is made of, to be bent in one place.
struct Forge {
    tokens: AccessTokens,
    clock: FixedClock,
    key: EncodingKey,
    header: Value,
    claims: Value,
}

impl Forge {
    async fn new() -> Self {
        let world = World::new().await;
        let signer = world.keys.signer().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(world.clock.clone());
        let now = clock.now().timestamp();
        let claims = json!({
            "iss": "clientele", "aud": "clientele", "role": "manager", "iat": now, "exp": now + 900,
            "sub": clock.new_id(), "sid": clock.new_id(), "jti": clock.new_id(),
        });
        Self {
            tokens: AccessTokens::new(Arc::clone(&world.keys), clock, TokenSettings::default()),
            clock: world.clock.clone(),
            key: signer.encoding.clone(),
            header: json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": signer.kid }),
            claims,
        }
    }

    fn signed(&self, header: &Value, claims: &Value) -> String {
        let message = Self::message(header, claims);
        let key = Ed25519KeyPair::from_pkcs8(self.key.as_bytes()).unwrap();
        format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes())))
    }

    fn message(header: &Value, claims: &Value) -> String {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}", part(header), part(claims))
    }

    fn header(&self, name: &str, value: Value) -> String {
        self.signed(&with(&self.header, name, value), &self.claims)
    }

    fn claim(&self, name: &str, value: Value) -> String {
        self.signed(&self.header, &with(&self.claims, name, value))
    }

    async fn refuses(&self, token: &str, why: &str) {
        let verified = self.tokens.verify(token).await;
        assert!(matches!(verified, Err(AuthError::InvalidToken)), "{why}: {verified:?}");
    }
}

fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    object[name] = value;
    object
}

fn without(object: &Value, name: &str) -> Value {
    let mut object = object.clone();
    object.as_object_mut().unwrap().remove(name);
    object
}

#[tokio::test]
async fn an_issued_token_says_who_and_nothing_personal() {
    let forge = Forge::new().await;
    let user = testing::manager(&forge.clock, "ann@example.com");
    let session = forge.clock.new_id().into();
    let (token, expires_in) = forge.tokens.issue(&user, session).unwrap();
    let claims = forge.tokens.verify(token.expose_secret()).await.unwrap();
    assert_eq!((claims.sub, claims.sid, claims.role), (user.id, session, Role::Manager));
    assert_eq!((expires_in, claims.exp - claims.iat), (900, 900));
    let header = jsonwebtoken::decode_header(token.expose_secret()).unwrap();
    assert_eq!(header.typ.as_deref(), Some("at+jwt"));
    let payload = token.expose_secret().split('.').nth(1).unwrap();
    let payload = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    assert!(!payload.contains("ann"));
    assert!(token.expose_secret().len() < AccessTokens::MAX_LENGTH / 4);
}

#[tokio::test]
async fn the_forge_itself_makes_good_tokens() {
    let forge = Forge::new().await;
    assert!(forge.tokens.verify(&forge.signed(&forge.header, &forge.claims)).await.is_ok());
    for (name, value) in [
        ("typ", json!("application/at+jwt")),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/keys")),
        ("x5c", json!(["MIIB"])),
        ("anything", json!({ "else": 1 })),
    ] {
        assert!(forge.tokens.verify(&forge.header(name, value)).await.is_ok(), "{name} is ignored");
    }
    assert!(forge.tokens.verify(&forge.claim("later", json!(true))).await.is_ok());
}

#[tokio::test]
async fn another_header_is_refused() {
    let forge = Forge::new().await;
    for typ in ["JWT", "AT+JWT", "at+jwt ", "application/jwt", "application/application/at+jwt", "rt+jwt", ""] {
        forge.refuses(&forge.header("typ", json!(typ)), typ).await;
    }
    for (name, value) in [
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("ES256")),
        ("alg", json!("eddsa")),
        ("alg", json!(["EdDSA"])),
        ("kid", json!("unknown")),
        ("kid", json!("../../etc/passwd")),
        ("kid", json!(1)),
        ("typ", json!(null)),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("crit", json!("exp")),
        ("b64", json!(false)),
        ("cty", json!("JWT")),
    ] {
        forge.refuses(&forge.header(name, value.clone()), &format!("{name} {value}")).await;
    }
    for name in ["alg", "typ", "kid"] {
        forge.refuses(&forge.signed(&without(&forge.header, name), &forge.claims), name).await;
    }
}

#[tokio::test]
async fn another_signature_is_refused() {
    let forge = Forge::new().await;
    let good = forge.signed(&forge.header, &forge.claims);
    let (message, signature) = good.rsplit_once('.').unwrap();
    for forged in [
        message.to_owned(),
        format!("{message}."),
        format!("{message}.{}", &signature[..signature.len() - 4]),
        format!("{message}.{signature}="),
        format!("{good}.{signature}"),
        format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode([0; 64])),
        format!("{}.{signature}", Forge::message(&forge.header, &with(&forge.claims, "role", json!("admin")))),
        format!(" {good}"),
        format!("{good}\n"),
    ] {
        forge.refuses(&forged, &forged).await;
    }
    let none = Forge::message(&json!({ "alg": "none", "typ": "at+jwt" }), &forge.claims);
    forge.refuses(&format!("{none}."), "none").await;
}

#[tokio::test]
async fn the_public_key_is_no_secret_to_sign_with() {
    let forge = Forge::new().await;
    let jwks = forge.tokens.keys.jwks();
    let x = jwks["keys"][0]["x"].as_str().unwrap();
    let header = with(&forge.header, "alg", json!("HS256"));
    let message = Forge::message(&header, &forge.claims);
    for secret in [x.as_bytes().to_vec(), BASE64_URL_SAFE_NO_PAD.decode(x).unwrap()] {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), message.as_bytes());
        forge.refuses(&format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(tag)), "HS256").await;
    }
}

#[tokio::test]
async fn a_key_that_the_token_brings_is_not_used() {
    let mut forge = Forge::new().await;
    let own = Ed25519KeyPair::generate().unwrap();
    let document = own.to_pkcs8().unwrap();
    forge.key = EncodingKey::from_ed_der(document.as_ref());
    let x = BASE64_URL_SAFE_NO_PAD.encode(aws_lc_rs::signature::KeyPair::public_key(&own));
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": x });
    forge.refuses(&forge.header("jwk", jwk), "jwk").await;
    forge.refuses(&forge.signed(&forge.header, &forge.claims), "own key").await;
}

#[tokio::test]
async fn every_claim_is_needed_and_typed() {
    let forge = Forge::new().await;
    for name in ["iss", "aud", "sub", "role", "sid", "jti", "iat", "exp"] {
        forge.refuses(&forge.signed(&forge.header, &without(&forge.claims, name)), name).await;
        for value in [json!(null), json!({}), json!(["clientele"]), json!(true), json!(1.5), json!("")] {
            forge.refuses(&forge.claim(name, value.clone()), &format!("{name} {value}")).await;
        }
    }
    let now = forge.clock.now().timestamp();
    for (name, value) in [
        ("iss", json!("another")),
        ("aud", json!("another")),
        ("role", json!("root")),
        ("sub", json!("42")),
        ("iat", json!(now.to_string())),
        ("exp", json!((now + 900).to_string())),
    ] {
        forge.refuses(&forge.claim(name, value.clone()), &format!("{name} {value}")).await;
    }
    forge.refuses(&forge.signed(&forge.header, &json!(["clientele", "clientele"])), "an array").await;
}

/// Tokens of a ring with one key of each algorithm.
async fn tokens_of_each_algorithm() -> (World, AccessTokens, Vec<(Algorithm, String)>) {
    let world = World::new().await;
    let clock: Arc<dyn Clock> = Arc::new(world.clock.clone());
    let user = testing::manager(&world.clock, "ann@example.com");
    let mut issued = Vec::new();
    let mut tokens = AccessTokens::new(world.keys.clone(), clock.clone(), TokenSettings::default());
    for &algorithm in TokenAlgorithm::ALL {
        let ring = KeyRing::open(Arc::new(world.store.clone()), clock.clone(), None, algorithm).await.unwrap();
        ring.rotate(&domain::Actor::system("keys"), TimeDelta::minutes(15)).await.unwrap();
        world.clock.advance(KeyRing::NOTICE);
        tokens = AccessTokens::new(Arc::new(ring), clock.clone(), TokenSettings::default());
        let (token, _) = tokens.issue(&user, world.clock.new_id().into()).unwrap();
        issued.push((signer::jwt(algorithm), token.expose_secret().to_owned()));
    }
    (world, tokens, issued)
}

#[tokio::test]
async fn a_token_of_each_algorithm_is_good_beside_the_others() {
    let (_world, tokens, issued) = tokens_of_each_algorithm().await;
    for (algorithm, token) in &issued {
        assert_eq!(jsonwebtoken::decode_header(token).unwrap().alg, *algorithm);
        assert!(tokens.verify(token).await.is_ok(), "{algorithm:?}");
    }
}

#[tokio::test]
async fn a_key_checks_tokens_of_its_own_algorithm_alone() {
    let (_world, tokens, issued) = tokens_of_each_algorithm().await;
    let part = |token: &str, at: usize| token.split('.').nth(at).unwrap().to_owned();
    let header = |token: &str| -> Value {
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part(token, 0)).unwrap()).unwrap()
    };
    for (_, one) in &issued {
        for (algorithm, other) in issued.iter().filter(|(_, other)| other != one) {
            for (name, value) in [("kid", header(other)["kid"].clone()), ("alg", header(other)["alg"].clone())] {
                let forged = with(&header(one), name, value);
                let forged = BASE64_URL_SAFE_NO_PAD.encode(forged.to_string());
                let forged = format!("{forged}.{}.{}", part(one, 1), part(one, 2));
                let verified = tokens.verify(&forged).await;
                assert!(matches!(verified, Err(AuthError::InvalidToken)), "{name} of {algorithm:?}: {verified:?}");
            }
        }
    }
}

#[tokio::test]
async fn without_a_common_url_instances_accept_each_others_addresses() {
    let mut forge = Forge::new().await;
    let address = forge.claim("iss", json!("http://127.0.0.1:8081"));
    forge.refuses(&address, "a URL is configured").await;
    let settings = TokenSettings { accepts_addresses: true, ..TokenSettings::default() };
    forge.tokens = AccessTokens::new(Arc::clone(&forge.tokens.keys), Arc::new(forge.clock.clone()), settings);
    assert!(forge.tokens.verify(&address).await.is_ok());
    for iss in ["https://127.0.0.1:8081", "http://example.com", "http://127.0.0.1", "127.0.0.1:8081", ""] {
        forge.refuses(&forge.claim("iss", json!(iss)), iss).await;
    }
}

#[tokio::test]
async fn a_token_has_its_time() {
    let forge = Forge::new().await;
    let now = forge.clock.now().timestamp();
    let good = forge.signed(&forge.header, &forge.claims);
    assert!(forge.tokens.verify(&forge.claim("iat", json!(now + 5))).await.is_ok());
    forge.refuses(&forge.claim("iat", json!(now + 6)), "from the future").await;
    forge.refuses(&forge.claim("exp", json!(now)), "expired").await;
    forge.refuses(&forge.claim("exp", json!(i64::MIN)), "long expired").await;
    assert!(forge.tokens.verify(&forge.claim("nbf", json!(now + 5))).await.is_ok());
    forge.refuses(&forge.claim("nbf", json!(now + 6)), "not yet").await;
    forge.refuses(&forge.claim("nbf", json!("now")), "no time").await;
    forge.clock.advance(TimeDelta::seconds(899));
    assert!(forge.tokens.verify(&good).await.is_ok());
    forge.clock.advance(TimeDelta::seconds(1));
    forge.refuses(&good, "expired").await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_is_a_token(text in "\\PC{0,80}|[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,90}") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let verified = runtime.block_on(async { Forge::new().await.tokens.verify(&text).await });
        prop_assert!(matches!(verified, Err(AuthError::InvalidToken)));
    }

    #[test]
    fn no_changed_token_is_one(at in 0..300_usize, to in "[A-Za-z0-9_.-]") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (good, forged, verified) = runtime.block_on(async {
            let forge = Forge::new().await;
            let good = forge.signed(&forge.header, &forge.claims);
            let mut forged = good.clone();
            forged.replace_range(at..=at, &to);
            let verified = forge.tokens.verify(&forged).await;
            (good, forged, verified)
        });
        prop_assert_eq!(verified.is_ok(), forged == good);
    }
}

#[tokio::test]
async fn forged_tokens_are_not_remembered_and_move_no_good_one_out() {
    let forge = Forge::new().await;
    let good = forge.signed(&forge.header, &forge.claims);
    forge.tokens.verify(&good).await.unwrap();
    let (message, signature) = good.rsplit_once('.').unwrap();
    for number in 0..20_000 {
        // Of our key by its name, and never of the same text.
        let forged = match number % 3 {
            0 => format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(format!("{number:064}"))),
            1 => format!("{}.{signature}", Forge::message(&forge.header, &with(&forge.claims, "jti", json!(number)))),
            _ => format!("{good}{number}"),
        };
        assert!(forge.tokens.verify(&forged).await.is_err());
    }
    assert_eq!(forge.tokens.verified.len(), 1);
    let digest = sha256(good.as_bytes());
    assert!(forge.tokens.verified.get(&digest).is_some());
}

#[tokio::test]
async fn verified_tokens_take_bounded_memory() {
    let forge = Forge::new().await;
    let most = AccessTokens::MAX_VERIFIED_WEIGHT / AccessTokens::VERIFIED_WEIGHT;
    let verified = forge.tokens.check_signature(&forge.signed(&forge.header, &forge.claims)).await.unwrap();
    for number in 0..most * 3 {
        forge.tokens.verified.insert(sha256(&number.to_be_bytes()), verified.clone(), AccessTokens::VERIFIED_WEIGHT);
    }
    assert!((most / 3..=most).contains(&forge.tokens.verified.len()), "{}", forge.tokens.verified.len());
}

/// Whatever the clock does, a token that was seen before is judged like one that is new.
#[tokio::test]
async fn a_token_that_is_known_has_its_time_like_any_other() {
    let forge = Forge::new().await;
    let token = forge.signed(&forge.header, &forge.claims);
    for seconds in [0, 899, 1, 3600, -3600, -900, -5, -1, 1, 905] {
        forge.clock.advance(TimeDelta::seconds(seconds));
        let (keys, clock) = (Arc::clone(&forge.tokens.keys), Arc::clone(&forge.tokens.clock));
        let new = AccessTokens::new(keys, clock, TokenSettings::default()).verify(&token).await;
        let known = forge.tokens.verify(&token).await;
        assert_eq!(known.is_ok(), new.is_ok(), "{seconds} s further");
    }
    assert_eq!(forge.tokens.verified.len(), 1);
}

#[tokio::test]
async fn a_known_token_ends_with_its_key() {
    let forge = Forge::new().await;
    let token = forge.claim("exp", json!(forge.claims["iat"].as_i64().unwrap() + 100 * 24 * 3600));
    forge.tokens.verify(&token).await.unwrap();
    forge.tokens.keys.rotate(&domain::Actor::system("keys"), TimeDelta::minutes(15)).await.unwrap();
    forge.tokens.verify(&token).await.unwrap();
    forge.clock.advance(TimeDelta::days(3));
    forge.refuses(&token, "its key is retired").await;
    forge.tokens.keys.reload().await.unwrap();
    forge.refuses(&token, "its key is gone").await;
}
