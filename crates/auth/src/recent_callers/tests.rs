use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use domain::Origin;
use secrecy::ExposeSecret;

use super::*;
use crate::test_world::{World, authenticate, hook, unavailable};
use crate::{AuthError, Caller, Services, Settings, SignedIn};

/// An instance that counts how often it asks the database who calls, and whose database can go away.
struct Stage {
    world: World,
    auth: Services,
    asked: Arc<AtomicU32>,
    is_away: Arc<AtomicBool>,
}

impl Stage {
    async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    async fn with(settings: Settings) -> Self {
        let world = World::with(settings).await;
        let (asked, is_away) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
        let auth = world.hooked(hook({
            let (asked, is_away) = (asked.clone(), is_away.clone());
            move |method| {
                asked.fetch_add(u32::from(method == "find_caller"), Ordering::SeqCst);
                let is_away = is_away.load(Ordering::SeqCst);
                async move { if is_away { Err(unavailable()) } else { Ok(()) } }
            }
        }));
        Self { world, auth, asked, is_away }
    }

    async fn sign_in(&self) -> SignedIn {
        self.world.manager("ann@example.com").await;
        self.world.sign_in("ann@example.com").await
    }

    async fn call(&self, signed_in: &SignedIn) -> Result<Caller, AuthError> {
        authenticate(&self.auth, signed_in.access_token.expose_secret()).await
    }

    /// How often the database was asked since the last time.
    fn asked(&self) -> u32 {
        self.asked.swap(0, Ordering::SeqCst)
    }
}

#[tokio::test(start_paused = true)]
async fn the_database_is_asked_again_after_a_moment() {
    let stage = Stage::new().await;
    let signed_in = stage.sign_in().await;
    for (millis, asked) in [(0, 1), (0, 0), (1499, 0), (1, 1), (1499, 0), (1501, 1), (60_000, 1)] {
        tokio::time::advance(Duration::from_millis(millis)).await;
        stage.call(&signed_in).await.unwrap();
        assert_eq!(stage.asked(), asked, "{millis} ms later");
    }
}

#[tokio::test(start_paused = true)]
async fn what_this_store_writes_shows_at_once() {
    let stage = Stage::new().await;
    let signed_in = stage.sign_in().await;
    let caller = stage.call(&signed_in).await.unwrap();
    stage.world.deactivate(&caller.user);
    assert!(matches!(stage.call(&signed_in).await, Err(AuthError::InvalidToken)));
    stage.world.store.overwrite_user(&caller.user);
    assert!(stage.call(&signed_in).await.is_ok(), "nobody remembers the refusal");
    stage.auth.sessions.sign_out(&caller).await.unwrap();
    assert!(matches!(stage.call(&signed_in).await, Err(AuthError::InvalidToken)));
}

/// The database has answered, and nobody was told yet, when the change is written.
#[tokio::test(start_paused = true)]
async fn an_answer_from_before_a_change_is_not_used_after_it() {
    let world = World::new().await;
    let user = world.manager("ann@example.com").await;
    let signed_in = world.sign_in("ann@example.com").await;
    let (store, gone) = (world.store.clone(), User { is_active: false, ..user });
    let auth = world.hooked(hook(move |method| {
        if method == "caller_found" {
            store.overwrite_user(&gone);
        }
        async { Ok(()) }
    }));
    let token = signed_in.access_token.expose_secret();
    assert!(authenticate(&auth, token).await.is_ok(), "it was asked before the change");
    assert!(matches!(authenticate(&auth, token).await, Err(AuthError::InvalidToken)));
}

#[tokio::test(start_paused = true)]
async fn without_a_database_nobody_is_known_for_longer_than_a_moment() {
    let stage = Stage::new().await;
    let signed_in = stage.sign_in().await;
    stage.call(&signed_in).await.unwrap();
    stage.is_away.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        tokio::time::advance(Duration::from_millis(499)).await;
        assert!(stage.call(&signed_in).await.is_ok());
    }
    tokio::time::advance(Duration::from_millis(3)).await;
    for _ in 0..3 {
        assert!(matches!(stage.call(&signed_in).await, Err(AuthError::Store(StoreError::Unavailable(_)))));
    }
    stage.is_away.store(false, Ordering::SeqCst);
    assert!(stage.call(&signed_in).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_makes_nothing_last_longer() {
    let stage = Stage::new().await;
    let signed_in = stage.sign_in().await;
    for (seconds, asked) in [(0, 1), (1, 0), (1, 1), (-1, 1), (-1, 1), (0, 0), (3, 1)] {
        stage.world.clock.advance(TimeDelta::seconds(seconds));
        stage.call(&signed_in).await.unwrap();
        assert_eq!(stage.asked(), asked, "{seconds} s further");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_expires_meanwhile_is_not_used() {
    let stage = Stage::with(Settings { refresh_ttl: TimeDelta::seconds(1), ..Settings::default() }).await;
    let signed_in = stage.sign_in().await;
    assert!(stage.call(&signed_in).await.is_ok());
    stage.world.clock.advance(TimeDelta::milliseconds(999));
    assert!(stage.call(&signed_in).await.is_ok());
    stage.world.clock.advance(TimeDelta::milliseconds(1));
    assert!(matches!(stage.call(&signed_in).await, Err(AuthError::InvalidToken)));
}

#[tokio::test(start_paused = true)]
async fn dead_sessions_are_asked_for_each_time() {
    let stage = Stage::new().await;
    let signed_in = stage.sign_in().await;
    let caller = stage.call(&signed_in).await.unwrap();
    stage.auth.sessions.sign_out(&caller).await.unwrap();
    stage.asked();
    for _ in 0..3 {
        assert!(stage.call(&signed_in).await.is_err());
    }
    assert_eq!(stage.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn whoever_wants_the_present_gets_it_and_it_can_be_turned_off() {
    let stage = Stage::new().await;
    let signed_in = stage.sign_in().await;
    for _ in 0..3 {
        let token = signed_in.access_token.expose_secret();
        stage.auth.tokens.authenticate(token, Origin::default(), Freshness::Current).await.unwrap();
    }
    assert_eq!(stage.asked(), 3);
    let stage = Stage::with(Settings { identity_cache: false, ..Settings::default() }).await;
    let signed_in = stage.sign_in().await;
    for _ in 0..3 {
        stage.call(&signed_in).await.unwrap();
    }
    assert_eq!(stage.asked(), 3);
}
