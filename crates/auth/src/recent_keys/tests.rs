use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use domain::audit::{Event, EventKind};
use domain::store::{Generation, SessionStore as _, StoreError, WriteError};
use domain::testing::{self, MemoryStore};
use domain::{ApiKeyId, Authority, FreshProof, UserId};
use secrecy::ExposeSecret;

use super::*;
use crate::test_world::{World, secrets, unavailable};

const BY: &Authority = &Authority::Unconditional;

/// A manager's key, and a store that counts how often it is asked for keys.
struct Stage {
    world: World,
    recent: RecentKeys,
    owner: User,
    key: ApiKey,
    text: String,
    asked: AtomicU32,
    is_away: AtomicBool,
    /// Whoever reads a key next is told what was there before the owner was deactivated.
    changes_meanwhile: AtomicBool,
}

impl Stage {
    async fn new() -> Self {
        Self::with(RecentKeys::new(true)).await
    }

    async fn with(recent: RecentKeys) -> Self {
        let world = World::new().await;
        let owner = world.manager("ann@example.com").await;
        let text = KeyText::new(testing::api_key(&world.clock, &owner).id).unwrap();
        let digest = text.digest(&secrets(1));
        let key = ApiKey { id: text.id, digest, ..testing::api_key(&world.clock, &owner) };
        let session = testing::session(&world.clock, owner.id);
        let event = testing::event(&world.clock, EventKind::KeyCreated, Some(owner.id));
        world.store.start_session(&session, &event).await.unwrap();
        let since = session.proven_at - TimeDelta::minutes(1);
        let proof = FreshProof { session: session.id, user: owner.id, since };
        world.store.create_api_key(BY, &proof, &key, 1, &event).await.unwrap();
        let text = text.encode().expose_secret().to_owned();
        let (asked, is_away, changes_meanwhile) = <(AtomicU32, AtomicBool, AtomicBool)>::default();
        Self { world, recent, owner, key, text, asked, is_away, changes_meanwhile }
    }

    async fn call(&self) -> Result<Arc<KeyCaller>, AuthError> {
        self.call_with(&self.text, Freshness::Recent).await
    }

    async fn call_with(&self, text: &str, freshness: Freshness) -> Result<Arc<KeyCaller>, AuthError> {
        let now = domain::Clock::now(&self.world.clock);
        self.recent.find(self, &secrets(1), text, (now, freshness)).await
    }

    async fn is_refused(&self) -> bool {
        matches!(self.call().await, Err(AuthError::InvalidToken))
    }

    /// How often the database was asked since the last time.
    fn asked(&self) -> u32 {
        self.asked.swap(0, Ordering::SeqCst)
    }

    async fn revoke(&self) {
        let event = testing::event(&self.world.clock, EventKind::KeyRevoked, Some(self.owner.id));
        assert!(self.world.store.revoke_api_key(BY, self.key.id, &event).await.unwrap());
    }
}

#[async_trait]
impl ApiKeyStore for Stage {
    async fn find_key_caller(&self, id: ApiKeyId, now: Timestamp) -> Result<Option<(User, ApiKey)>, StoreError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.is_away.load(Ordering::SeqCst) {
            return Err(unavailable());
        }
        let found = self.world.store.find_key_caller(id, now).await;
        if self.changes_meanwhile.swap(false, Ordering::SeqCst) {
            self.world.deactivate(&self.owner);
        }
        found
    }

    fn key_generation(&self, key: ApiKeyId, owner: UserId) -> Option<Generation> {
        assert_eq!((key, owner), (self.key.id, self.owner.id));
        MemoryStore::key_generation(&self.world.store, key, owner)
    }

    async fn create_api_key(
        &self,
        _: &Authority,
        _: &FreshProof,
        _: &ApiKey,
        _: u64,
        _: &Event,
    ) -> Result<(), WriteError> {
        unreachable!("a call makes no keys")
    }

    async fn find_api_key(&self, _: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        unreachable!("a call reads a key with its owner")
    }

    async fn list_api_keys(&self, _: Option<UserId>) -> Result<Vec<ApiKey>, StoreError> {
        unreachable!("a call lists no keys")
    }

    async fn revoke_api_key(&self, _: &Authority, _: ApiKeyId, _: &Event) -> Result<bool, WriteError> {
        unreachable!("a call revokes no keys")
    }

    async fn note_key_use(&self, _: ApiKeyId, _: Timestamp, _: Timestamp) -> Result<(), StoreError> {
        unreachable!("the caller of this notes uses")
    }
}

#[tokio::test(start_paused = true)]
async fn the_database_is_asked_again_after_a_moment() {
    let stage = Stage::new().await;
    // The first answer says whose key it is.
    for (millis, asked) in [(0, 1), (0, 1), (0, 0), (1499, 0), (1, 1), (1499, 0), (1501, 1), (1501, 1)] {
        tokio::time::advance(Duration::from_millis(millis)).await;
        let found = stage.call().await.unwrap();
        assert_eq!((found.user.id, found.key.id), (stage.owner.id, stage.key.id));
        assert_eq!(stage.asked(), asked, "{millis} ms later");
    }
}

#[tokio::test(start_paused = true)]
async fn what_this_store_writes_shows_at_once() {
    let stage = Stage::new().await;
    for _ in 0..3 {
        stage.call().await.unwrap();
    }
    assert_eq!(stage.asked(), 2);
    stage.world.deactivate(&stage.owner);
    assert!(stage.is_refused().await);
    stage.world.store.overwrite_user(&stage.owner);
    assert!(stage.call().await.is_ok(), "nobody remembers the refusal");
    assert!(stage.call().await.is_ok());
    stage.revoke().await;
    stage.asked();
    for _ in 0..3 {
        assert!(stage.is_refused().await);
    }
    assert_eq!(stage.asked(), 3, "dead keys are asked for each time");
}

/// The database has answered, and nobody was told yet, when the change is written.
#[tokio::test(start_paused = true)]
async fn an_answer_from_before_a_change_is_not_used_after_it() {
    for calls_before in 0..3 {
        let stage = Stage::new().await;
        for _ in 0..calls_before {
            stage.call_with(&stage.text, Freshness::Current).await.unwrap();
        }
        stage.changes_meanwhile.store(true, Ordering::SeqCst);
        let before = stage.call_with(&stage.text, Freshness::Current).await;
        assert!(before.is_ok(), "it was asked before the change");
        assert!(stage.is_refused().await, "after {calls_before}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_database_no_key_is_known_for_longer_than_a_moment() {
    let stage = Stage::new().await;
    stage.call().await.unwrap();
    stage.call().await.unwrap();
    stage.is_away.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        tokio::time::advance(Duration::from_millis(499)).await;
        assert!(stage.call().await.is_ok());
    }
    tokio::time::advance(Duration::from_millis(3)).await;
    for _ in 0..3 {
        assert!(matches!(stage.call().await, Err(AuthError::Store(StoreError::Unavailable(_)))));
    }
    stage.is_away.store(false, Ordering::SeqCst);
    assert!(stage.call().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_makes_nothing_last_longer() {
    let stage = Stage::new().await;
    stage.call().await.unwrap();
    stage.asked();
    for (seconds, asked) in [(0, 1), (1, 0), (1, 1), (-1, 1), (-1, 1), (0, 0), (3, 1)] {
        stage.world.clock.advance(TimeDelta::seconds(seconds));
        stage.call().await.unwrap();
        assert_eq!(stage.asked(), asked, "{seconds} s further");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_expires_meanwhile_is_not_used() {
    let stage = Stage::new().await;
    let now = domain::Clock::now(&stage.world.clock);
    stage.world.clock.advance(stage.key.expires_at - now - TimeDelta::milliseconds(1));
    for _ in 0..3 {
        assert!(stage.call().await.is_ok());
    }
    stage.asked();
    stage.world.clock.advance(TimeDelta::milliseconds(1));
    assert!(stage.is_refused().await);
    assert_eq!(stage.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn forged_keys_are_not_remembered_and_move_no_good_one_out() {
    let stage = Stage::new().await;
    stage.call().await.unwrap();
    stage.call().await.unwrap();
    for number in 0..20_000 {
        let forged = match number % 3 {
            // Of the id of a good key, with a right checksum.
            0 => KeyText::new(stage.key.id).unwrap().encode().expose_secret().to_owned(),
            1 => KeyText::new(uuid::Uuid::from_u128(number).into()).unwrap().encode().expose_secret().to_owned(),
            _ => format!("{}{number}", stage.text),
        };
        assert!(matches!(stage.call_with(&forged, Freshness::Recent).await, Err(AuthError::InvalidToken)));
    }
    assert_eq!(stage.recent.0.as_ref().unwrap().len(), 1);
    stage.asked();
    stage.call().await.unwrap();
    assert_eq!(stage.asked(), 0);
}

#[tokio::test(start_paused = true)]
async fn whoever_wants_the_present_gets_it_and_it_can_be_turned_off() {
    let stage = Stage::new().await;
    for _ in 0..3 {
        stage.call_with(&stage.text, Freshness::Current).await.unwrap();
    }
    assert_eq!(stage.asked(), 3);
    let stage = Stage::with(RecentKeys::new(false)).await;
    for _ in 0..3 {
        stage.call().await.unwrap();
    }
    assert_eq!(stage.asked(), 3);
}
