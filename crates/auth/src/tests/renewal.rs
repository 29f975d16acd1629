use std::sync::atomic::{AtomicBool, Ordering};

use domain::Origin;
use secrecy::ExposeSecret;

use super::*;

async fn renew(world: &World, token: &SecretString) -> Result<SignedIn, AuthError> {
    world.auth.tokens.renew(&anyone(), token.expose_secret()).await
}

async fn world_with_session() -> (World, SignedIn) {
    let world = World::new().await;
    world.manager("ann@example.com").await;
    let signed_in = world.sign_in("ann@example.com").await;
    (world, signed_in)
}

#[tokio::test]
async fn each_token_gives_the_next_and_more_time_until_the_last_day() {
    let (world, first) = world_with_session().await;
    let mut token = first.refresh_token.clone();
    for (day, left) in [(1, 20), (2, 10), (3, 1)] {
        world.clock.advance(TimeDelta::days(if left == 1 { 9 } else { 10 }));
        let next = renew(&world, &token).await.unwrap();
        assert_ne!(next.refresh_token.expose_secret(), token.expose_secret());
        assert_eq!(next.refresh_expires_in, left * 24 * 3600);
        assert!(world.is_alive(&next).await);
        assert_eq!(world.store.sessions()[0].renewals, day);
        token = next.refresh_token;
    }
    assert_eq!(token.expose_secret().len(), 96);
    world.clock.advance(TimeDelta::days(1));
    assert!(matches!(renew(&world, &token).await, Err(AuthError::InvalidToken)));
}

#[tokio::test]
async fn the_token_just_spent_gives_the_same_successor_for_ten_seconds() {
    let (world, first) = world_with_session().await;
    let next = renew(&world, &first.refresh_token).await.unwrap();
    world.clock.advance(TimeDelta::seconds(10));
    let stored = world.store.sessions();
    let again = renew(&world, &first.refresh_token).await.unwrap();
    assert_eq!(again.refresh_token.expose_secret(), next.refresh_token.expose_secret());
    assert!(world.is_alive(&again).await);
    assert_eq!(world.store.sessions(), stored);
    assert!(renew(&world, &next.refresh_token).await.is_ok());
}

#[tokio::test]
async fn an_older_token_ends_the_session() {
    let (world, first) = world_with_session().await;
    let second = renew(&world, &first.refresh_token).await.unwrap();
    let third = renew(&world, &second.refresh_token).await.unwrap();
    assert!(matches!(renew(&world, &first.refresh_token).await, Err(AuthError::InvalidToken)));
    assert!(!world.is_alive(&third).await);
    assert!(matches!(renew(&world, &third.refresh_token).await, Err(AuthError::InvalidToken)));
    assert_eq!(world.history().last(), Some(&"session.ended"));
}

#[tokio::test]
async fn the_token_just_spent_ends_the_session_after_its_grace() {
    let (world, first) = world_with_session().await;
    let next = renew(&world, &first.refresh_token).await.unwrap();
    world.clock.advance(TimeDelta::milliseconds(10_001));
    assert!(matches!(renew(&world, &first.refresh_token).await, Err(AuthError::InvalidToken)));
    assert!(matches!(renew(&world, &next.refresh_token).await, Err(AuthError::InvalidToken)));
}

#[tokio::test]
async fn a_forged_token_changes_nothing() {
    let (world, first) = world_with_session().await;
    let stored = world.store.sessions();
    let good = first.refresh_token.expose_secret();
    for forged in ["", "x", &good[..95], &format!("{good}A"), &good.replace(&good[40..42], "zz")] {
        assert!(matches!(world.auth.tokens.renew(&anyone(), forged).await, Err(AuthError::InvalidToken)), "{forged}");
    }
    assert_eq!(world.store.sessions(), stored);
    assert!(renew(&world, &first.refresh_token).await.is_ok());
}

#[tokio::test]
async fn dead_sessions_and_inactive_people_are_not_renewed() {
    let (world, first) = world_with_session().await;
    world.clock.advance(TimeDelta::days(30));
    assert!(matches!(renew(&world, &first.refresh_token).await, Err(AuthError::InvalidToken)));
    let (world, first) = world_with_session().await;
    world.deactivate(&first.user);
    assert!(matches!(renew(&world, &first.refresh_token).await, Err(AuthError::InvalidToken)));
    let (world, first) = world_with_session().await;
    world.auth.sessions.sign_out(&world.caller(&first).await).await.unwrap();
    assert!(matches!(renew(&world, &first.refresh_token).await, Err(AuthError::InvalidToken)));
}

#[tokio::test]
async fn whoever_loses_the_race_gets_what_the_winner_got() {
    let (world, first) = world_with_session().await;
    let (winner, done) = (world.auth.clone(), Arc::new(AtomicBool::new(false)));
    let token = first.refresh_token.clone();
    let loser = world.hooked(hook(move |method| {
        let (winner, done, token) = (winner.clone(), Arc::clone(&done), token.clone());
        async move {
            if method == "renew_session" && !done.swap(true, Ordering::Relaxed) {
                winner.tokens.renew(&anyone(), token.expose_secret()).await.unwrap();
            }
            Ok(())
        }
    }));
    let lost = loser.tokens.renew(&anyone(), first.refresh_token.expose_secret()).await.unwrap();
    let won = renew(&world, &first.refresh_token).await.unwrap();
    assert_eq!(lost.refresh_token.expose_secret(), won.refresh_token.expose_secret());
    assert_eq!(world.store.sessions()[0].renewals, 1);
}

#[tokio::test]
async fn a_session_knows_where_it_was_last_renewed_from() {
    let (world, first) = world_with_session().await;
    let origin = Origin {
        address: Some("192.0.2.7".parse().unwrap()),
        user_agent: Some("tests".to_owned()),
        ..Origin::default()
    };
    world.auth.tokens.renew(&Actor::anonymous(origin), first.refresh_token.expose_secret()).await.unwrap();
    let session = &world.store.sessions()[0];
    assert_eq!((session.address, session.user_agent.as_deref()), ("192.0.2.7".parse().ok(), Some("tests")));
}

#[tokio::test]
async fn what_is_stored_is_no_token() {
    let (world, first) = world_with_session().await;
    let next = renew(&world, &first.refresh_token).await.unwrap();
    let session = &world.store.sessions()[0];
    let wire =
        crate::refresh_token::RefreshToken::parse(next.refresh_token.expose_secret(), &world.keys.secrets()).unwrap();
    assert_eq!(session.refresh_digest, wire.digest());
    assert_eq!(format!("{next:?}").matches("REDACTED").count(), 2);
}
