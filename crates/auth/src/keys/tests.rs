use std::collections::HashSet;

use async_trait::async_trait;
use domain::Actor;
use domain::testing::{FixedClock, MemoryStore};

use super::rotation::{KeyState, signing_keys};
use super::*;
use crate::key_material::new_signing_key;

async fn open(store: &MemoryStore, clock: &FixedClock, master_key: Option<&str>) -> Result<KeyRing, KeyError> {
    KeyRing::open(
        Arc::new(store.clone()),
        Arc::new(clock.clone()),
        master_key.map(SecretString::from),
        TokenAlgorithm::Es256,
    )
    .await
}

fn kids(ring: &KeyRing) -> Vec<String> {
    let jwks = ring.jwks();
    jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn instances_share_the_keys_that_the_first_one_made() {
    let (store, clock) = (MemoryStore::new(), FixedClock::default());
    let (one, other) = (open(&store, &clock, None).await.unwrap(), open(&store, &clock, None).await.unwrap());
    assert_eq!(one.jwks(), other.jwks());
    assert_eq!(one.secrets().codes.mac(&[b"x"]), other.secrets().codes.mac(&[b"x"]));
    assert_eq!(store.list_keys(clock.now()).await.unwrap().len(), 2);
}

#[tokio::test]
async fn only_the_public_half_is_published() {
    let (store, clock) = (MemoryStore::new(), FixedClock::default());
    let jwks = open(&store, &clock, None).await.unwrap().jwks();
    let key = jwks["keys"][0].as_object().unwrap();
    let members: Vec<&str> = key.keys().map(String::as_str).collect();
    assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    assert_eq!((key["kty"].as_str(), key["crv"].as_str()), (Some("EC"), Some("P-256")));
    assert_eq!((key["use"].as_str(), key["alg"].as_str()), (Some("sig"), Some("ES256")));
}

#[tokio::test]
async fn each_algorithm_signs_and_is_published_without_its_private_half() {
    let mut kids = HashSet::new();
    for &algorithm in TokenAlgorithm::ALL {
        let (store, clock) = (MemoryStore::new(), FixedClock::default());
        let ring = KeyRing::open(Arc::new(store.clone()), Arc::new(clock.clone()), None, algorithm).await.unwrap();
        assert_eq!(ring.algorithms(), [algorithm]);
        let jwk = ring.jwks()["keys"][0].clone();
        assert_eq!(jwk["alg"], algorithm.as_str());
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(jwk.get(private).is_none(), "{algorithm}: {private}");
        }
        assert!(kids.insert(jwk["kid"].to_string()));
    }
}

#[tokio::test]
async fn a_new_algorithm_is_that_of_the_next_key_and_the_old_key_lives_on() {
    let (store, clock) = (MemoryStore::new(), FixedClock::default());
    let ring = |algorithm| KeyRing::open(Arc::new(store.clone()), Arc::new(clock.clone()), None, algorithm);
    ring(TokenAlgorithm::EdDsa).await.unwrap();
    let now = ring(TokenAlgorithm::Rs256).await.unwrap();
    assert_eq!(now.signer().unwrap().algorithm, TokenAlgorithm::EdDsa, "a setting changes no key");
    now.rotate(&Actor::system("keys"), TimeDelta::minutes(15)).await.unwrap();
    assert_eq!(now.signer().unwrap().algorithm, TokenAlgorithm::EdDsa, "the new one is only announced");
    clock.advance(KeyRing::NOTICE);
    assert_eq!(now.signer().unwrap().algorithm, TokenAlgorithm::Rs256);
    assert_eq!(now.algorithms(), [TokenAlgorithm::EdDsa, TokenAlgorithm::Rs256]);
}

#[tokio::test]
async fn sealed_keys_want_their_master_key() {
    let (store, clock) = (MemoryStore::new(), FixedClock::default());
    let ring = open(&store, &clock, Some("a fine master key")).await.unwrap();
    assert!(store.list_keys(clock.now()).await.unwrap().iter().all(|key| key.is_sealed && key.secret.len() > 32));
    assert_eq!(open(&store, &clock, Some("a fine master key")).await.unwrap().jwks(), ring.jwks());
    for (key, wanted) in [(None, "must be set"), (Some("another master key"), "not the one")] {
        let error = open(&store, &clock, key).await.err().unwrap().to_string();
        assert!(error.contains("auth.master_key") && error.contains(wanted), "{error}");
    }
    for short in ["", "fifteen letters"] {
        let error = open(&store, &clock, Some(short)).await.err().unwrap().to_string();
        assert!(error.contains("auth.master_key") && error.contains("allowed is 16"), "{error}");
    }
}

#[tokio::test]
async fn keys_from_before_the_master_key_stay_good() {
    let (store, clock) = (MemoryStore::new(), FixedClock::default());
    let jwks = open(&store, &clock, None).await.unwrap().jwks();
    assert_eq!(open(&store, &clock, Some("a fine master key")).await.unwrap().jwks(), jwks);
    let stored = store.list_keys(clock.now()).await.unwrap();
    assert!(stored.iter().all(|key| key.is_sealed), "and are sealed from then on");
    assert!(matches!(open(&store, &clock, None).await, Err(KeyError::MasterKeyMissing { .. })));
}

#[tokio::test]
async fn two_instances_that_seal_at_once_leave_keys_that_open() {
    let (store, clock) = (MemoryStore::new(), FixedClock::default());
    let jwks = open(&store, &clock, None).await.unwrap().jwks();
    let plain = store.list_keys(clock.now()).await.unwrap();
    let master = MasterKey::new(&"a fine master key".into()).unwrap();
    let (one, other): (Vec<_>, Vec<_>) =
        plain.iter().map(|key| (master.seal(key).unwrap(), master.seal(key).unwrap())).unzip();
    store.seal_keys(&one).await.unwrap();
    store.seal_keys(&other).await.unwrap();
    assert_eq!(store.list_keys(clock.now()).await.unwrap(), one);
    assert_eq!(open(&store, &clock, Some("a fine master key")).await.unwrap().jwks(), jwks);
}

#[tokio::test]
async fn a_rotation_is_announced_a_minute_ahead_and_overlaps() {
    let (store, clock) = (MemoryStore::new(), FixedClock::default());
    let ring = open(&store, &clock, None).await.unwrap();
    let old = ring.signer().unwrap().kid.clone();
    let rotated = ring.rotate(&Actor::system("keys"), TimeDelta::minutes(15)).await.unwrap();
    assert_eq!((rotated.state, rotated.active_from), (KeyState::Next, clock.now() + TimeDelta::seconds(60)));
    assert_eq!(kids(&ring), [old.clone(), rotated.id.clone()]);
    let states = async || {
        let keys = signing_keys(&store, clock.now()).await.unwrap();
        keys.iter().map(|key| key.state).collect::<Vec<_>>()
    };
    assert_eq!(states().await, [KeyState::Signing, KeyState::Next]);
    clock.advance(TimeDelta::seconds(59));
    assert_eq!(ring.signer().unwrap().kid, old);
    clock.advance(TimeDelta::seconds(1));
    assert_eq!(ring.signer().unwrap().kid, rotated.id);
    assert_eq!(states().await, [KeyState::Leaving, KeyState::Signing]);
    // A token that the old key signed in its last second lives for fifteen minutes.
    clock.advance(TimeDelta::minutes(15));
    assert!(ring.verifier(&old).await.unwrap().is_some());
    clock.advance(TimeDelta::minutes(5));
    assert!(ring.verifier(&old).await.unwrap().is_none());
    assert_eq!(states().await, [KeyState::Signing]);
    let events = store.events();
    assert_eq!((events.len(), events[0].kind), (1, domain::audit::EventKind::KeyRotated));
    assert_eq!((&events[0].changes["kid"].from, &events[0].changes["kid"].to), (&json!(old), &json!(rotated.id)));
}

#[tokio::test]
async fn a_second_rotation_lets_no_key_live_on() {
    let (store, clock) = (MemoryStore::new(), FixedClock::default());
    let ring = open(&store, &clock, Some("a fine master key")).await.unwrap();
    for _ in 0..2 {
        ring.rotate(&Actor::system("keys"), TimeDelta::minutes(15)).await.unwrap();
        clock.advance(TimeDelta::seconds(10));
    }
    let keys = signing_keys(&store, clock.now()).await.unwrap();
    let ends: Vec<bool> = keys.iter().map(|key| key.retired_at.is_some()).collect();
    assert_eq!(ends, [true, true, false]);
    assert!(keys.iter().all(|key| key.is_sealed));
}

/// A store whose keys the test lays out, and which can be stopped.
#[derive(Clone, Default)]
struct Shelf(Arc<std::sync::Mutex<(Vec<StoredKey>, bool, usize)>>);

#[async_trait]
impl KeyStore for Shelf {
    async fn list_keys(&self, _now: Timestamp) -> Result<Vec<StoredKey>, StoreError> {
        let mut state = self.0.lock().unwrap();
        state.2 += 1;
        if state.1 { Err(StoreError::Unavailable("stopped".into())) } else { Ok(state.0.clone()) }
    }

    async fn add_missing_keys(&self, keys: &[StoredKey]) -> Result<(), StoreError> {
        self.0.lock().unwrap().0.extend_from_slice(keys);
        Ok(())
    }

    async fn rotate_key(&self, _: &StoredKey, _: Timestamp, _: &domain::audit::Event) -> Result<(), StoreError> {
        unimplemented!("MemoryStore does")
    }

    async fn seal_keys(&self, _: &[StoredKey]) -> Result<(), StoreError> {
        unimplemented!("MemoryStore does")
    }
}

impl Shelf {
    fn add(&self, key: StoredKey) {
        self.0.lock().unwrap().0.push(key);
    }

    fn stop(&self, stopped: bool) {
        self.0.lock().unwrap().1 = stopped;
    }

    fn readings(&self) -> usize {
        self.0.lock().unwrap().2
    }
}

async fn ring(shelf: &Shelf, clock: &FixedClock) -> KeyRing {
    KeyRing::open(Arc::new(shelf.clone()), Arc::new(clock.clone()), None, TokenAlgorithm::Es256).await.unwrap()
}

#[tokio::test]
async fn a_new_key_is_published_before_it_signs() {
    let (shelf, clock) = (Shelf::default(), FixedClock::default());
    let ring = ring(&shelf, &clock).await;
    let old = ring.signer().unwrap().kid.clone();
    let new = new_signing_key(TokenAlgorithm::Es256, clock.now(), clock.now() + TimeDelta::seconds(60), None).unwrap();
    shelf.add(new.clone());
    ring.reload().await.unwrap();
    assert_eq!(kids(&ring), [old.clone(), new.id.clone()]);
    assert_eq!(ring.signer().unwrap().kid, old);
    clock.advance(TimeDelta::seconds(60));
    assert_eq!(ring.signer().unwrap().kid, new.id);
    assert!(ring.verifier(&old).await.unwrap().is_some());
}

#[tokio::test]
async fn a_retired_key_is_accepted_no_longer_even_before_the_next_reading() {
    let (shelf, clock) = (Shelf::default(), FixedClock::default());
    let ring = ring(&shelf, &clock).await;
    let mut leaving = new_signing_key(TokenAlgorithm::Es256, clock.now(), clock.now(), None).unwrap();
    leaving.retired_at = Some(clock.now() + TimeDelta::seconds(10));
    shelf.add(leaving.clone());
    ring.reload().await.unwrap();
    assert!(ring.verifier(&leaving.id).await.unwrap().is_some());
    clock.advance(TimeDelta::seconds(10));
    assert!(ring.verifier(&leaving.id).await.unwrap().is_none());
    assert!(!kids(&ring).contains(&leaving.id));
}

#[tokio::test]
async fn an_unknown_key_is_looked_for_at_most_every_few_seconds() {
    let (shelf, clock) = (Shelf::default(), FixedClock::default());
    let ring = ring(&shelf, &clock).await;
    let before = shelf.readings();
    assert!(ring.verifier("nobody's").await.unwrap().is_none());
    assert!(ring.verifier("nobody's").await.unwrap().is_none());
    assert_eq!(shelf.readings(), before + 1);
    let new = new_signing_key(TokenAlgorithm::Es256, clock.now(), clock.now(), None).unwrap();
    shelf.add(new.clone());
    clock.advance(TimeDelta::seconds(5));
    assert!(ring.verifier(&new.id).await.unwrap().is_some());
}

#[tokio::test]
async fn nobody_is_refused_because_the_database_is_away() {
    let (shelf, clock) = (Shelf::default(), FixedClock::default());
    let ring = ring(&shelf, &clock).await;
    let known = ring.signer().unwrap().kid.clone();
    shelf.stop(true);
    let before = shelf.readings();
    for _ in 0..2 {
        assert!(matches!(ring.verifier("unknown").await, Err(KeyError::Store(StoreError::Unavailable(_)))));
    }
    assert_eq!(shelf.readings(), before + 1);
    assert!(ring.verifier(&known).await.unwrap().is_some());
    assert!(ring.reload().await.is_err());
    shelf.stop(false);
    clock.advance(TimeDelta::seconds(5));
    assert!(ring.verifier("unknown").await.unwrap().is_none());
}

#[tokio::test]
async fn a_damaged_key_is_named() {
    let (shelf, clock) = (Shelf::default(), FixedClock::default());
    let mut key = new_signing_key(TokenAlgorithm::Es256, clock.now(), clock.now(), None).unwrap();
    key.id = "another name".to_owned();
    shelf.add(key);
    let error = KeyRing::open(Arc::new(shelf), Arc::new(clock), None, TokenAlgorithm::Es256).await.err().unwrap();
    assert_eq!(error.to_string(), "key another name is damaged");
}
