use domain::store::StoreError;
use domain::testing;
use domain::{Error, Profile};
use secrecy::ExposeSecret;

use super::*;

#[tokio::test]
async fn authority_is_the_databases_word() {
    let world = World::new().await;
    let manager = world.manager("ann@example.com").await;
    let signed_in = world.sign_in("ann@example.com").await;
    let Profile::Manager(staff) = manager.profile.clone() else { panic!() };
    world.store.overwrite_user(&User { profile: Profile::Admin(staff), ..manager.clone() });
    assert!(!world.is_alive(&signed_in).await, "another role");
    world.store.overwrite_user(&manager);
    assert!(world.is_alive(&signed_in).await);
    world.deactivate(&manager);
    assert!(!world.is_alive(&signed_in).await, "inactive");
}

#[tokio::test]
async fn a_database_that_is_away_is_no_reason_to_refuse_a_token() {
    let world = World::new().await;
    world.manager("ann@example.com").await;
    let signed_in = world.sign_in("ann@example.com").await;
    let auth = world.hooked(hook(|_| async { Err(unavailable()) }));
    let answer = authenticate(&auth, signed_in.access_token.expose_secret()).await;
    assert!(matches!(answer, Err(AuthError::Store(StoreError::Unavailable(_)))));
    let renewed = auth.tokens.renew(&anyone(), signed_in.refresh_token.expose_secret()).await;
    assert!(matches!(renewed, Err(AuthError::Store(StoreError::Unavailable(_)))));
    let forged = authenticate(&auth, "forged").await;
    assert!(matches!(forged, Err(AuthError::InvalidToken)));
}

#[tokio::test]
async fn signing_out_ends_this_session_at_once() {
    let world = World::new().await;
    world.manager("ann@example.com").await;
    let (here, there) = (world.sign_in("ann@example.com").await, world.sign_in("ann@example.com").await);
    world.auth.sessions.sign_out(&world.caller(&here).await).await.unwrap();
    assert!(!world.is_alive(&here).await && world.is_alive(&there).await);
    assert_eq!(world.history().last(), Some(&"session.ended"));
}

#[tokio::test]
async fn people_see_and_end_their_own_sessions_only() {
    let world = World::new().await;
    world.manager("ann@example.com").await;
    world.manager("bob@example.com").await;
    let (one, two) = (world.sign_in("ann@example.com").await, world.sign_in("ann@example.com").await);
    let stranger = world.caller(&world.sign_in("bob@example.com").await).await;
    let caller = world.caller(&one).await;
    let other = world.caller(&two).await.session().unwrap();
    let listed: Vec<_> = world.auth.sessions.list(&caller).await.unwrap().iter().map(|s| s.id).collect();
    assert_eq!(listed, [other, caller.session().unwrap()]);
    let refused = world.auth.sessions.end(&stranger, other).await;
    assert!(matches!(refused, Err(AuthError::Domain(Error::NotFound))));
    world.auth.sessions.end(&caller, other).await.unwrap();
    assert!(!world.is_alive(&two).await && world.is_alive(&one).await);
    assert!(matches!(world.auth.sessions.end(&caller, other).await, Err(AuthError::Domain(Error::NotFound))));
}

#[tokio::test]
async fn all_others_end_together() {
    let world = World::new().await;
    world.manager("ann@example.com").await;
    let here = world.sign_in("ann@example.com").await;
    for _ in 0..2 {
        world.sign_in("ann@example.com").await;
    }
    let caller = world.caller(&here).await;
    assert_eq!(world.auth.sessions.end_others(&caller).await.unwrap(), 2);
    assert_eq!(world.auth.sessions.end_others(&caller).await.unwrap(), 0);
    assert!(world.is_alive(&here).await);
}

#[tokio::test]
async fn admins_sign_people_out_everywhere() {
    let world = World::new().await;
    let admin = world.admin("root@example.com").await;
    let manager = world.manager("ann@example.com").await;
    let signed_in = world.sign_in("ann@example.com").await;
    let refused =
        world.auth.sessions.end_all_of(&testing::signed_in(&manager), || Ok::<_, AuthError>(manager.id)).await;
    assert!(matches!(refused, Err(AuthError::Domain(Error::Forbidden))));
    let actor = testing::signed_in(&admin);
    let nobody = world.auth.sessions.end_all_of(&actor, || Ok::<_, AuthError>(world.clock.new_id().into())).await;
    assert!(matches!(nobody, Err(AuthError::Domain(Error::NotFound))));
    assert_eq!(world.auth.sessions.end_all_of(&actor, || Ok::<_, AuthError>(manager.id)).await.unwrap(), 1);
    assert!(!world.is_alive(&signed_in).await);
}
