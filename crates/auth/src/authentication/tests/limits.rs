use std::net::IpAddr;

use domain::Phone;
use domain::limit::TooMany;

use super::*;

const ANN: &str = "ann@example.com";

fn at(address: &str) -> Actor {
    let address: IpAddr = address.parse().unwrap();
    Actor::anonymous(Origin { address: Some(address), ..Origin::default() })
}

async fn guess(world: &World, from: &str, address: &str, text: &str) -> Result<Answer, AuthError> {
    world.auth.sign_in_by_password(&at(from), &email(address), &password(text)).await
}

/// Guesses wrong until it has to wait; how often it could, and how long the wait is.
async fn guess_until_told_to_wait(world: &World, from: &str, address: &str) -> (usize, i64) {
    for count in 0..50 {
        match guess(world, from, address, "wrong").await {
            Err(AuthError::InvalidCredentials) => {}
            Err(AuthError::TooMany(too_many)) => return (count, too_many.retry_after.num_seconds()),
            other => panic!("{other:?}"),
        }
    }
    panic!("never told to wait")
}

#[tokio::test]
async fn guesses_wait_longer_and_longer_and_the_owner_gets_in_after_the_wait() {
    let world = World::new().await;
    world.manager(ANN).await;
    assert_eq!(guess_until_told_to_wait(&world, "192.0.2.1", ANN).await, (5, 1));
    for (waited, next) in [(1, 2), (2, 4), (4, 15), (15, 60), (60, 900), (900, 900)] {
        world.clock.advance(TimeDelta::seconds(waited));
        assert_eq!(guess_until_told_to_wait(&world, "192.0.2.2", ANN).await, (1, next), "from anywhere");
    }
    let computed = world.hasher.stats().computed;
    let refused = guess(&world, "192.0.2.3", ANN, PASSWORD).await;
    assert!(matches!(refused, Err(AuthError::TooMany(TooMany { name: "account", quota: 1, .. }))), "{refused:?}");
    assert_eq!(world.hasher.stats().computed, computed, "nothing is compared meanwhile");
    world.clock.advance(TimeDelta::minutes(15));
    signed_in(guess(&world, "192.0.2.3", ANN, PASSWORD).await.unwrap());
    assert_eq!(guess_until_told_to_wait(&world, "192.0.2.1", ANN).await, (5, 1), "the right one starts anew");
}

#[tokio::test]
async fn an_account_that_nobody_has_waits_alike() {
    let world = World::new().await;
    world.manager(ANN).await;
    for address in [ANN, "nobody@example.com"] {
        assert_eq!(guess_until_told_to_wait(&world, "192.0.2.1", address).await, (5, 1));
        world.clock.advance(TimeDelta::seconds(1));
        assert_eq!(guess_until_told_to_wait(&world, "192.0.2.1", address).await, (1, 2));
    }
}

#[tokio::test]
async fn strangers_elsewhere_do_not_keep_an_owner_waiting_who_is_signed_in() {
    let world = World::new().await;
    world.manager(ANN).await;
    let home = "198.51.100.7";
    let before = signed_in(guess(&world, home, ANN, PASSWORD).await.unwrap());
    guess_until_told_to_wait(&world, "192.0.2.1", ANN).await;
    assert!(world.is_alive(&before).await, "live sessions stay");
    signed_in(guess(&world, home, ANN, PASSWORD).await.unwrap());
    assert_eq!(guess_until_told_to_wait(&world, "192.0.2.2", ANN).await, (0, 1), "which helps no stranger");
    assert_eq!(guess_until_told_to_wait(&world, home, ANN).await, (5, 1), "but at home too it takes patience");
}

#[tokio::test]
async fn a_new_password_by_code_ends_the_wait() {
    let world = World::new().await;
    world.manager(ANN).await;
    guess_until_told_to_wait(&world, "192.0.2.1", ANN).await;
    let sent = world.auth.forgot_password(&anyone(), &email(ANN)).await.unwrap();
    let code = world.code(&sent).await.unwrap();
    let new = password(OTHER_PASSWORD);
    world.auth.reset_password(&anyone(), sent.challenge_id, &code, &new).await.unwrap();
    signed_in(guess(&world, "192.0.2.1", ANN, OTHER_PASSWORD).await.unwrap());
}

#[tokio::test]
async fn one_address_guesses_at_so_many_accounts_and_one_network_is_one_address() {
    let world = World::new().await;
    world.manager(ANN).await;
    for n in 0..1000 {
        let from = format!("2001:db8:1:2::{n:x}");
        let refused = guess(&world, &from, &format!("nobody{n}@example.com"), "wrong").await;
        assert!(matches!(refused, Err(AuthError::InvalidCredentials)), "{n} {refused:?}");
        // Right ones do not count.
        if n % 100 == 0 {
            signed_in(guess(&world, &from, ANN, PASSWORD).await.unwrap());
        }
    }
    let refused = guess(&world, "2001:db8:1:2::ffff:1", ANN, PASSWORD).await;
    assert!(matches!(refused, Err(AuthError::TooMany(TooMany { name: "address", .. }))), "{refused:?}");
    signed_in(guess(&world, "2001:db8:1:3::1", ANN, PASSWORD).await.unwrap());
    world.clock.advance(TimeDelta::minutes(10));
    signed_in(guess(&world, "2001:db8:1:2::1", ANN, PASSWORD).await.unwrap());
}

#[tokio::test]
async fn the_current_password_is_no_easier_to_guess_than_at_sign_in() {
    let world = World::new().await;
    world.manager(ANN).await;
    let caller = world.caller(&world.sign_in(ANN).await).await;
    let (wrong, new) = (password("wrong"), password(OTHER_PASSWORD));
    for _ in 0..5 {
        let refused = world.auth.change_password(&caller, &wrong, &new).await;
        assert!(matches!(refused, Err(AuthError::InvalidCredentials)), "{refused:?}");
    }
    let refused = world.auth.change_password(&caller, &password(PASSWORD), &new).await;
    assert!(matches!(refused, Err(AuthError::TooMany(_))), "{refused:?}");
    world.sign_in(ANN).await;
    world.clock.advance(TimeDelta::seconds(1));
    world.auth.change_password(&caller, &password(PASSWORD), &new).await.unwrap();
}

/// Asks for codes as fast as each is a new one, until it has to wait; how many it got, and how long the wait is.
async fn ask_until_told_to_wait(world: &World, phone: &Phone) -> (usize, i64) {
    for count in 0..50 {
        match world.auth.sign_in_by_phone(&anyone(), phone).await {
            Ok(_) => world.clock.advance(TimeDelta::seconds(61)),
            Err(AuthError::TooMany(too_many)) => return (count, too_many.retry_after.num_seconds()),
            Err(other) => panic!("{other:?}"),
        }
    }
    panic!("never told to wait")
}

#[tokio::test]
async fn a_contact_gets_five_codes_an_hour_and_ten_a_day_whoever_has_it() {
    for known in [true, false] {
        let world = World::new().await;
        if known {
            world.customer(PHONE).await;
        }
        let phone = phone(PHONE);
        assert_eq!(ask_until_told_to_wait(&world, &phone).await, (5, 3600 - 5 * 61));
        world.clock.advance(TimeDelta::hours(1));
        let (count, wait) = ask_until_told_to_wait(&world, &phone).await;
        assert_eq!(count, 5);
        assert!(wait > 20 * 3600, "{wait}");
        world.clock.advance(TimeDelta::seconds(wait + 1));
        assert_eq!(ask_until_told_to_wait(&world, &phone).await.0, 5);
    }
}

#[tokio::test]
async fn the_same_challenge_again_counts_as_one_code() {
    let world = World::new().await;
    let phone = phone(PHONE);
    let first = world.auth.sign_up_customer(&anyone(), phone.clone(), None).await.unwrap();
    for _ in 0..20 {
        let again = world.auth.sign_up_customer(&anyone(), phone.clone(), None).await.unwrap();
        assert_eq!(again.challenge_id, first.challenge_id);
    }
    world.clock.advance(TimeDelta::seconds(61));
    assert_eq!(ask_until_told_to_wait(&world, &phone).await.0, 4, "sign-up and sign-in count together");
}

#[tokio::test]
async fn strangers_who_forget_passwords_do_not_use_up_the_second_factor() {
    let world = World::with(settings(|settings| settings.second_factor = SecondFactor::Required)).await;
    world.manager(ANN).await;
    let mut asked = 0;
    while world.auth.forgot_password(&anyone(), &email(ANN)).await.is_ok() {
        asked += 1;
        world.clock.advance(TimeDelta::seconds(61));
    }
    assert_eq!(asked, 5);
    code_sent(guess(&world, "192.0.2.1", ANN, PASSWORD).await.unwrap());
}

#[tokio::test]
async fn limits_can_be_off() {
    let world = World::with(settings(|settings| settings.limits = false)).await;
    world.manager(ANN).await;
    for _ in 0..12 {
        let refused = guess(&world, "192.0.2.1", ANN, "wrong").await;
        assert!(matches!(refused, Err(AuthError::InvalidCredentials)));
        world.auth.forgot_password(&anyone(), &email(ANN)).await.unwrap();
        world.clock.advance(TimeDelta::seconds(61));
    }
}
