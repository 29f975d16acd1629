use domain::Profile;
use domain::challenge::Purpose;

use super::*;
use crate::one_time_code::Draft;

/// A customer who asked for a code, and the code.
async fn asked(world: &World) -> (User, CodeSent, String) {
    let customer = world.customer(PHONE).await;
    let sent = world.auth.sign_in.by_phone(&anyone(), &phone(PHONE)).await.unwrap();
    let code = world.code(&sent).await.unwrap();
    (customer, sent, code)
}

fn tries_left(answer: Result<Answer, AuthError>) -> Option<u8> {
    match answer {
        Err(AuthError::InvalidCode { tries_left }) => tries_left,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_code_is_good_once() {
    let world = World::new().await;
    let (_, sent, code) = asked(&world).await;
    assert!(world.auth.codes.verify(&anyone(), sent.challenge_id, &code).await.is_ok());
    assert_eq!(tries_left(world.auth.codes.verify(&anyone(), sent.challenge_id, &code).await), None);
    assert_eq!(world.store.sessions().len(), 1);
}

#[tokio::test]
async fn five_tries_and_no_more() {
    let world = World::new().await;
    let (_, sent, code) = asked(&world).await;
    let mut left = Vec::new();
    for _ in 0..5 {
        left.push(tries_left(world.auth.codes.verify(&anyone(), sent.challenge_id, wrong(&code)).await));
    }
    assert_eq!(left, [Some(4), Some(3), Some(2), Some(1), None]);
    assert_eq!(tries_left(world.auth.codes.verify(&anyone(), sent.challenge_id, &code).await), None);
}

#[tokio::test]
async fn the_fifth_try_may_be_the_right_one() {
    let world = World::new().await;
    let (_, sent, code) = asked(&world).await;
    for _ in 0..4 {
        tries_left(world.auth.codes.verify(&anyone(), sent.challenge_id, wrong(&code)).await);
    }
    assert!(world.auth.codes.verify(&anyone(), sent.challenge_id, &code).await.is_ok());
}

#[tokio::test]
async fn five_minutes_and_no_more() {
    let world = World::new().await;
    let (_, sent, code) = asked(&world).await;
    world.clock.advance(TimeDelta::minutes(5));
    assert_eq!(tries_left(world.auth.codes.verify(&anyone(), sent.challenge_id, &code).await), None);
}

#[tokio::test]
async fn an_unknown_challenge_is_a_wrong_code() {
    let world = World::new().await;
    let id = world.clock.new_id().into();
    assert_eq!(tries_left(world.auth.codes.verify(&anyone(), id, "000000").await), None);
}

#[tokio::test]
async fn asking_again_is_quiet_for_a_minute_then_replaces() {
    let world = World::new().await;
    let (_, sent, code) = asked(&world).await;
    world.clock.advance(TimeDelta::seconds(59));
    let again = world.auth.sign_in.by_phone(&anyone(), &phone(PHONE)).await.unwrap();
    assert_eq!((again.challenge_id, again.expires_in), (sent.challenge_id, 241));
    assert!(world.store.messages().is_empty());
    world.clock.advance(TimeDelta::seconds(1));
    let fresh = world.auth.sign_in.by_phone(&anyone(), &phone(PHONE)).await.unwrap();
    assert_ne!(fresh.challenge_id, sent.challenge_id);
    assert_eq!(tries_left(world.auth.codes.verify(&anyone(), sent.challenge_id, &code).await), None);
    assert!(world.code(&fresh).await.is_some());
}

#[tokio::test]
async fn an_inactive_customer_is_told_so_by_the_right_code_alone() {
    let world = World::new().await;
    let (customer, sent, code) = asked(&world).await;
    world.deactivate(&customer);
    assert_eq!(tries_left(world.auth.codes.verify(&anyone(), sent.challenge_id, wrong(&code)).await), Some(4));
    let refused = world.auth.codes.verify(&anyone(), sent.challenge_id, &code).await;
    assert!(matches!(refused, Err(AuthError::AccountInactive)));
    assert!(world.store.sessions().is_empty());
    assert_eq!(world.history().last(), Some(&"signin.failed"));
    assert_eq!(tries_left(world.auth.codes.verify(&anyone(), sent.challenge_id, &code).await), None);
}

#[tokio::test]
async fn a_code_to_a_phone_that_is_theirs_no_more_signs_nobody_in() {
    let world = World::new().await;
    let (mut customer, sent, code) = asked(&world).await;
    if let Profile::Customer(profile) = &mut customer.profile {
        profile.phone = phone("+998901234568");
    }
    world.store.overwrite_user(&customer);
    assert_eq!(tries_left(world.auth.codes.verify(&anyone(), sent.challenge_id, &code).await), None);
    assert!(world.store.sessions().is_empty());
}

#[tokio::test]
async fn a_code_for_a_new_password_signs_nobody_in() {
    let world = World::new().await;
    world.manager("ann@example.com").await;
    let sent = world.auth.passwords.forgot(&anyone(), &email("ann@example.com")).await.unwrap();
    let code = world.code(&sent).await.unwrap();
    assert_eq!(tries_left(world.auth.codes.verify(&anyone(), sent.challenge_id, &code).await), Some(4));
    let (_, sent, code) = asked(&world).await;
    let refused = world.auth.passwords.reset(&anyone(), sent.challenge_id, &code, &password(PASSWORD)).await;
    assert!(matches!(refused, Err(AuthError::InvalidCode { tries_left: Some(4) })));
}

#[tokio::test]
async fn nothing_stored_or_printed_shows_a_code() {
    let world = World::new().await;
    world.customer(PHONE).await;
    let sent = world.auth.sign_in.by_phone(&anyone(), &phone(PHONE)).await.unwrap();
    let message = world.store.messages().remove(0);
    let code = world.code(&sent).await.unwrap();
    let holds = |bytes: &[u8]| bytes.windows(6).any(|window| window == code.as_bytes());
    assert!(!holds(&message.sealed_code) && !holds(&world.store.challenges()[0].code_digest));
    assert!(!format!("{:?}", world.sent()).contains(&code));
}

#[tokio::test]
async fn a_code_for_somebody_erased_meanwhile_is_one_for_nobody() {
    let world = World::new().await;
    let draft = Draft {
        user_id: Some(world.clock.new_id().into()),
        has_account: true,
        ..Draft::new(Purpose::PasswordReset, VerificationMethod::Email, "ann@example.com")
    };
    let opened = world.auth.codes.shared.challenges.open(&anyone(), draft).await.unwrap();
    assert_eq!((opened.challenge.user_id, &*opened.challenge.contact), (None, ""));
    assert_eq!(world.store.messages().len(), 1, "as much is written as for anybody");
}
