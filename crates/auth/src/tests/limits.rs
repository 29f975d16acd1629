use std::net::IpAddr;

use domain::Phone;
use domain::limit::TooMany;
use secrecy::ExposeSecret;

use super::*;

const ANN: &str = "ann@example.com";

fn at(address: &str) -> Actor {
    let address: IpAddr = address.parse().unwrap();
    Actor::anonymous(Origin { address: Some(address), ..Origin::default() })
}

async fn guess(world: &World, from: &str, address: &str, text: &str) -> Result<Answer, AuthError> {
    world.auth.sign_in.by_password(&at(from), &email(address), &password(text)).await
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

const HOME: &str = "198.51.100.7";

#[tokio::test]
async fn guesses_of_one_network_wait_longer_and_longer_and_the_owner_elsewhere_does_not() {
    let world = World::new().await;
    world.manager(ANN).await;
    assert_eq!(guess_until_told_to_wait(&world, "192.0.2.1", ANN).await, (10, 1));
    for (waited, next) in [(1, 2), (2, 4), (4, 15), (15, 60), (60, 900), (900, 900)] {
        world.clock.advance(TimeDelta::seconds(waited));
        assert_eq!(guess_until_told_to_wait(&world, "192.0.2.1", ANN).await, (1, next));
    }
    let computed = world.hasher.stats().computed;
    let refused = guess(&world, "192.0.2.1", ANN, PASSWORD).await;
    assert!(matches!(refused, Err(AuthError::TooMany(TooMany { name: "account", quota: 1, .. }))), "{refused:?}");
    assert_eq!(world.hasher.stats().computed, computed, "nothing is compared meanwhile");
    signed_in(guess(&world, "192.0.2.3", ANN, PASSWORD).await.unwrap());
    world.clock.advance(TimeDelta::minutes(15));
    signed_in(guess(&world, "192.0.2.1", ANN, PASSWORD).await.unwrap());
    assert_eq!(guess_until_told_to_wait(&world, "192.0.2.1", ANN).await, (10, 1), "the right one starts anew");
}

#[tokio::test]
async fn an_account_that_nobody_has_waits_alike() {
    let world = World::new().await;
    world.manager(ANN).await;
    for address in [ANN, "nobody@example.com"] {
        assert_eq!(guess_until_told_to_wait(&world, "192.0.2.1", address).await, (10, 1));
        assert_eq!(guess_until_told_to_wait(&world, "192.0.2.2", address).await, (1, 20));
        world.clock.advance(TimeDelta::seconds(1));
        assert_eq!(guess_until_told_to_wait(&world, "192.0.2.1", address).await, (1, 2));
    }
}

/// Guesses from so many networks, until none has any guess left.
async fn guess_from_everywhere(world: &World, networks: u8) -> usize {
    let mut guessed = 0;
    for n in 1..=networks {
        guessed += guess_until_told_to_wait(world, &format!("192.0.2.{n}"), ANN).await.0;
    }
    guessed
}

#[tokio::test]
async fn an_owner_gets_in_at_the_first_try_while_some_networks_guess_and_where_they_are_known_while_many_do() {
    let world = World::new().await;
    world.manager(ANN).await;
    let before = signed_in(guess(&world, HOME, ANN, PASSWORD).await.unwrap());
    assert_eq!(guess_from_everywhere(&world, 50).await, 10 + 49);
    signed_in(guess(&world, "203.0.113.1", ANN, PASSWORD).await.unwrap());
    world.clock.advance(TimeDelta::seconds(20));
    guess_from_everywhere(&world, 60).await;
    let refused = guess(&world, "203.0.113.2", ANN, PASSWORD).await;
    assert!(matches!(refused, Err(AuthError::TooMany(TooMany { quota: 100, .. }))), "{refused:?}");
    for known in [HOME, "203.0.113.1"] {
        signed_in(guess(&world, known, ANN, PASSWORD).await.unwrap());
    }
    assert!(world.is_alive(&before).await, "live sessions stay");
    assert_eq!(guess_until_told_to_wait(&world, HOME, ANN).await, (10, 1), "but at home too it takes patience");
    world.clock.advance(TimeDelta::hours(1));
    signed_in(guess(&world, "203.0.113.2", ANN, PASSWORD).await.unwrap());
}

#[tokio::test]
async fn a_network_is_known_for_ninety_days_whatever_becomes_of_the_session() {
    for (days, is_known) in [(89, true), (91, false)] {
        let world = World::new().await;
        world.manager(ANN).await;
        let session = signed_in(guess(&world, HOME, ANN, PASSWORD).await.unwrap());
        world.auth.sessions.sign_out(&world.caller(&session).await).await.unwrap();
        world.clock.advance(TimeDelta::days(days));
        guess_from_everywhere(&world, 91).await;
        assert_eq!(guess(&world, HOME, ANN, PASSWORD).await.is_ok(), is_known, "after {days} days");
    }
}

#[tokio::test]
async fn a_renewed_session_makes_its_network_known() {
    let world = World::new().await;
    world.manager(ANN).await;
    let session = world.sign_in(ANN).await;
    world.auth.tokens.renew(&at(HOME), session.refresh_token.expose_secret()).await.unwrap();
    guess_from_everywhere(&world, 91).await;
    signed_in(guess(&world, HOME, ANN, PASSWORD).await.unwrap());
}

#[tokio::test]
async fn a_new_password_by_code_ends_the_wait() {
    let world = World::new().await;
    world.manager(ANN).await;
    guess_until_told_to_wait(&world, "192.0.2.1", ANN).await;
    let sent = world.auth.passwords.forgot(&anyone(), &email(ANN)).await.unwrap();
    let code = world.code(&sent).await.unwrap();
    let new = password(OTHER_PASSWORD);
    world.auth.passwords.reset(&anyone(), sent.challenge_id, &code, &new).await.unwrap();
    signed_in(guess(&world, "192.0.2.1", ANN, OTHER_PASSWORD).await.unwrap());
}

#[tokio::test]
async fn a_new_password_by_code_is_good_from_there_whatever_strangers_do() {
    let world = World::new().await;
    world.manager(ANN).await;
    guess_from_everywhere(&world, 91).await;
    let sent = world.auth.passwords.forgot(&at(HOME), &email(ANN)).await.unwrap();
    let code = world.code(&sent).await.unwrap();
    world.auth.passwords.reset(&at(HOME), sent.challenge_id, &code, &password(OTHER_PASSWORD)).await.unwrap();
    guess_from_everywhere(&world, 91).await;
    signed_in(guess(&world, HOME, ANN, OTHER_PASSWORD).await.unwrap());
}

#[tokio::test]
async fn one_network_guesses_at_thirty_accounts_and_waits_but_not_those_who_are_known_there() {
    let world = World::new().await;
    world.manager(ANN).await;
    world.manager("bob@example.com").await;
    signed_in(guess(&world, "2001:db8:1:2::1", ANN, PASSWORD).await.unwrap());
    for n in 0..30 {
        let from = format!("2001:db8:1:2::{n:x}");
        let refused = guess(&world, &from, &format!("nobody{n}@example.com"), "wrong").await;
        assert!(matches!(refused, Err(AuthError::InvalidCredentials)), "{n} {refused:?}");
        // Right ones do not count, and wrong ones of those who are known there neither.
        signed_in(guess(&world, &from, ANN, PASSWORD).await.unwrap());
        let refused = guess(&world, &from, ANN, "wrong").await;
        assert!(matches!(refused, Err(AuthError::InvalidCredentials)), "{n} {refused:?}");
    }
    let bob = "bob@example.com";
    let refused = guess(&world, "2001:db8:1:2::ffff:1", bob, PASSWORD).await;
    assert!(matches!(refused, Err(AuthError::TooMany(TooMany { name: "address", .. }))), "{refused:?}");
    signed_in(guess(&world, "2001:db8:1:2::1", ANN, PASSWORD).await.unwrap());
    signed_in(guess(&world, "2001:db8:1:3::1", bob, PASSWORD).await.unwrap());
    world.clock.advance(TimeDelta::seconds(1));
    assert_eq!(guess_until_told_to_wait(&world, "2001:db8:1:2::1", "nobody@example.com").await, (1, 2));
    world.clock.advance(TimeDelta::seconds(2));
    signed_in(guess(&world, "2001:db8:1:2::1", bob, PASSWORD).await.unwrap());
}

#[tokio::test]
async fn guesses_at_once_are_answered_as_guesses_one_by_one() {
    let world = World::new().await;
    world.manager(ANN).await;
    let guesses = async |from: &'static str, text: &'static str, accounts: usize| {
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..100 {
            let account = if accounts == 1 { ANN.to_owned() } else { format!("nobody{n}@example.com") };
            let auth = world.auth.clone();
            tasks.spawn(async move { auth.sign_in.by_password(&at(from), &email(&account), &password(text)).await });
        }
        tasks.join_all().await
    };
    for (from, accounts, expected) in [("192.0.2.1", 1, 10), ("192.0.2.2", 100, 30)] {
        let mut wrong = 0;
        for answer in guesses(from, "wrong", accounts).await {
            match answer {
                Err(AuthError::InvalidCredentials) => wrong += 1,
                Err(AuthError::TooMany(_)) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(wrong, expected, "at {accounts} accounts");
    }
    for answer in guesses("192.0.2.3", PASSWORD, 1).await {
        signed_in(answer.unwrap());
    }
}

#[tokio::test]
async fn sign_ups_are_counted_by_network_and_over_all() {
    let few = settings(|settings| (settings.signups_per_address, settings.signups_per_hour) = (2, 3));
    let world = World::with(few).await;
    let sign_up = async |from: &str, n: usize| {
        let form = staff_form(&format!("new{n}@example.com"));
        match world.auth.sign_up.staff(&at(from), form).await {
            Err(AuthError::TooMany(too_many)) => Some((too_many.name, too_many.retry_after.num_seconds())),
            answer => answer.map(|_| None).unwrap(),
        }
    };
    for n in 0..2 {
        assert_eq!(sign_up("2001:db8:1:2::1", n).await, None);
    }
    let computed = world.hasher.stats().computed;
    assert_eq!(sign_up("2001:db8:1:2::2", 2).await, Some(("signups-address", 3600)));
    assert_eq!(world.hasher.stats().computed, computed, "nothing is hashed");
    assert_eq!(sign_up("192.0.2.1", 3).await, None);
    assert_eq!(sign_up("192.0.2.2", 4).await, Some(("signups", 3600)));
    world.clock.advance(TimeDelta::hours(1));
    assert_eq!(sign_up("2001:db8:1:2::2", 2).await, None);
}

#[tokio::test]
async fn the_current_password_is_no_easier_to_guess_than_at_sign_in() {
    let world = World::new().await;
    world.manager(ANN).await;
    let caller = world.caller(&world.sign_in(ANN).await).await;
    for _ in 0..10 {
        let refused = world.auth.passwords.change(&caller, change("wrong", OTHER_PASSWORD)).await;
        assert!(matches!(refused, Err(AuthError::InvalidCredentials)), "{refused:?}");
    }
    let refused = world.auth.passwords.change(&caller, change(PASSWORD, OTHER_PASSWORD)).await;
    assert!(matches!(refused, Err(AuthError::TooMany(_))), "{refused:?}");
    world.sign_in(ANN).await;
    world.clock.advance(TimeDelta::seconds(1));
    world.auth.passwords.change(&caller, change(PASSWORD, OTHER_PASSWORD)).await.unwrap();
}

/// Asks for codes as fast as each is a new one, until it has to wait; how many it got, and how long the wait is.
async fn ask_until_told_to_wait(world: &World, phone: &Phone) -> (usize, i64) {
    for count in 0..50 {
        match world.auth.sign_in.by_phone(&anyone(), phone).await {
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
    let first = world.auth.sign_up.customer(&anyone(), phone.clone(), None).await.unwrap();
    for _ in 0..20 {
        let again = world.auth.sign_up.customer(&anyone(), phone.clone(), None).await.unwrap();
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
    while world.auth.passwords.forgot(&anyone(), &email(ANN)).await.is_ok() {
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
        world.auth.passwords.forgot(&anyone(), &email(ANN)).await.unwrap();
        world.clock.advance(TimeDelta::seconds(61));
    }
}
