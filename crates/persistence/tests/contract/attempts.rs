//! Counters of what must not be tried too often.

use chrono::TimeDelta;
use domain::audit::EventKind;
use domain::challenge::Purpose;
use domain::limit::{Attempt, Limit, Settled, TooMany};
use domain::store::{Erasure, Expirable, WriteError};
use domain::testing::{any_code, challenge, event, message};
use domain::{Clock, User};

use super::backends::{BY, Ground, Setting, tests};

tests! {
    every store:
    attempts_are_counted_each_under_its_key,
    attempts_are_counted_together_or_not_at_all,
    attempts_are_forgotten_and_taken_back,
    guesses_of_one_network_leave_others_their_turn,
    networks_are_known_for_a_time_and_go_with_their_person,
    what_was_right_writes_no_failure,
    a_challenge_is_opened_as_often_as_is_allowed;

    every database:
    attempts_at_once_are_counted_each,
    expired_counters_are_cleared_away;
}

fn quota(key: u8, most: u32) -> Attempt {
    let within = TimeDelta::hours(1);
    Attempt { key: [key; 32], name: "test", limit: Limit::Quota { most, within } }
}

async fn take(setting: &Setting, attempts: &[Attempt]) -> Option<TooMany> {
    match setting.store.take_attempts(attempts, setting.clock.now()).await {
        Ok(()) => None,
        Err(WriteError::TooMany(too_many)) => Some(too_many),
        Err(error) => panic!("{error:?}"),
    }
}

async fn settle(setting: &Setting, attempts: &[Attempt], settled: Settled) {
    setting.store.settle_attempts(attempts, settled, setting.clock.now()).await.unwrap();
}

const GUESS: Attempt = Attempt { key: [1; 32], name: "test", limit: Limit::Guesses };

async fn attempts_are_counted_each_under_its_key(setting: Setting) {
    for _ in 0..10 {
        assert_eq!(take(&setting, &[GUESS]).await, None);
    }
    assert!(take(&setting, &[GUESS]).await.unwrap().is_under_way);
    for _ in 0..10 {
        settle(&setting, &[GUESS], Settled::Wrong).await;
    }
    assert_eq!(take(&setting, &[GUESS]).await.unwrap().retry_after, TimeDelta::seconds(1));
    assert_eq!(take(&setting, &[Attempt { key: [2; 32], ..GUESS }]).await, None);
    setting.clock.advance(TimeDelta::seconds(1));
    assert_eq!(take(&setting, &[GUESS]).await, None);
    assert_eq!(take(&setting, &[GUESS]).await.unwrap().retry_after, TimeDelta::seconds(2));
    assert_eq!(take(&setting, &[]).await, None);
}

/// Guesses at one account from the n-th network, which guesses at others too.
fn from(n: u8) -> [Attempt; 3] {
    [
        Attempt { key: [n; 32], ..GUESS },
        Attempt { key: [200; 32], limit: Limit::GuessesInAll, ..GUESS },
        Attempt { key: [n + 100; 32], limit: Limit::GuessesAnywhere, ..GUESS },
    ]
}

async fn guesses_of_one_network_leave_others_their_turn(setting: Setting) {
    for _ in 0..10 {
        assert_eq!(take(&setting, &from(1)).await, None);
    }
    for _ in 0..10 {
        settle(&setting, &from(1), Settled::Wrong).await;
    }
    assert_eq!(take(&setting, &from(2)).await, None);
    assert!(take(&setting, &from(2)).await.unwrap().is_under_way, "one at a time");
    settle(&setting, &from(2), Settled::Wrong).await;
    assert_eq!(take(&setting, &from(2)).await.unwrap().retry_after, TimeDelta::seconds(20));
    assert_eq!(take(&setting, &from(3)).await, None);
    settle(&setting, &from(3), Settled::Right).await;
    assert_eq!(take(&setting, &from(3)).await, None, "a right one keeps nobody waiting");
    settle(&setting, &from(3), Settled::Untried).await;
    let far = setting.clock.now() + TimeDelta::days(3);
    let left = setting.store.remove_expired(Expirable::Attempts, far, 10).await.unwrap();
    assert_eq!(left, 5, "and leaves nothing behind");
}

async fn networks_are_known_for_a_time_and_go_with_their_person(setting: Setting) {
    let (user, other) = (setting.manager("ann@example.com").await, setting.manager("bob@example.com").await);
    let start = setting.clock.now();
    let day = TimeDelta::days(1);
    let knows = async |user: &User, at| setting.store.knows_network(user.id, &[1; 32], at).await.unwrap();
    let remember = async |id, network: u8, until, enough| {
        setting.store.remember_network(id, &[network; 32], until, enough).await.unwrap();
    };
    assert!(!knows(&user, start).await);
    remember(user.id, 1, start + day, start).await;
    assert!(knows(&user, start).await && !knows(&other, start).await);
    assert!(!setting.store.knows_network(user.id, &[2; 32], start).await.unwrap());
    assert!(!knows(&user, start + day).await, "it is forgotten");
    remember(user.id, 1, start + day * 2, start + day).await;
    assert!(!knows(&user, start + day).await, "what is known long enough is left alone");
    remember(user.id, 1, start + day * 2, start + day + TimeDelta::microseconds(1)).await;
    assert!(knows(&user, start + day).await);
    remember(setting.clock.new_id().into(), 3, start + day, start).await;
    remember(other.id, 4, start + day, start).await;
    let clear = |until| setting.store.remove_expired(Expirable::Networks, until, 10);
    assert_eq!(clear(start + day + TimeDelta::microseconds(1)).await.unwrap(), 1, "nobody is not remembered");
    let erased = event(&setting.clock, EventKind::UserErased, Some(user.id));
    setting.store.erase_user(BY, &Erasure { user, heir: None, event: erased, is_of_version: true }).await.unwrap();
    assert_eq!(clear(start + day * 9).await.unwrap(), 0);
}

async fn attempts_are_counted_together_or_not_at_all(setting: Setting) {
    assert_eq!(take(&setting, &[quota(9, 1), quota(1, 2)]).await, None);
    setting.clock.advance(TimeDelta::minutes(10));
    assert_eq!(take(&setting, &[quota(1, 2), quota(9, 1)]).await.unwrap().quota, 1);
    assert_eq!(take(&setting, &[quota(1, 2)]).await, None, "the refused pair was not counted");
    setting.clock.advance(TimeDelta::minutes(10));
    let refused = take(&setting, &[quota(2, 0), quota(1, 2), quota(9, 1)]).await.unwrap();
    assert_eq!(refused.retry_after, TimeDelta::minutes(40), "the longest wait of all");
    setting.clock.advance(TimeDelta::minutes(40));
    assert_eq!(take(&setting, &[quota(1, 2), quota(9, 1)]).await, None);
}

async fn attempts_are_forgotten_and_taken_back(setting: Setting) {
    let guess = GUESS;
    let both = [guess, quota(2, 3)];
    for _ in 0..3 {
        assert_eq!(take(&setting, &both).await, None);
    }
    settle(&setting, &both, Settled::Wrong).await;
    settle(&setting, &both, Settled::Untried).await;
    settle(&setting, &both, Settled::Right).await;
    // What was forgotten stays so, whatever comes of the rest.
    settle(&setting, &[guess, quota(9, 1)], Settled::Wrong).await;
    assert_eq!(take(&setting, &[quota(2, 3)]).await, None);
    assert_eq!(take(&setting, &[quota(2, 3)]).await, None);
    assert!(take(&setting, &[quota(2, 3)]).await.is_some(), "one of the first three was wrong");
    for _ in 0..10 {
        assert_eq!(take(&setting, &[guess]).await, None);
        settle(&setting, &[guess], Settled::Wrong).await;
    }
    assert!(take(&setting, &[guess]).await.is_some());
    settle(&setting, &[], Settled::Right).await;
}

async fn what_was_right_writes_no_failure(setting: Setting) {
    let failures = Attempt { limit: Limit::Failures { most: 2, within: TimeDelta::hours(1) }, ..quota(1, 0) };
    let guess = Attempt { limit: Limit::Guesses, ..quota(2, 0) };
    let far = setting.clock.now() + TimeDelta::days(3);
    for settled in [Settled::Right, Settled::Untried, Settled::Wrong, Settled::Right, Settled::Wrong] {
        assert_eq!(take(&setting, &[guess, failures]).await, None);
        settle(&setting, &[guess, failures], settled).await;
    }
    assert_eq!(take(&setting, &[guess, failures]).await.unwrap().quota, 2);
    setting.clock.advance(TimeDelta::hours(1));
    assert_eq!(take(&setting, &[guess, failures]).await, None);
    settle(&setting, &[guess, failures], Settled::Wrong).await;
    assert_eq!(take(&setting, &[failures]).await, None, "counted anew");
    assert_eq!(setting.store.remove_expired(Expirable::Attempts, far, 10).await.unwrap(), 2);
    assert_eq!(take(&setting, &[failures]).await, None);
    settle(&setting, &[failures], Settled::Right).await;
    assert_eq!(setting.store.remove_expired(Expirable::Attempts, far, 10).await.unwrap(), 0, "nothing was written");
}

async fn a_challenge_is_opened_as_often_as_is_allowed(setting: Setting) {
    let (limits, quiet) = ([quota(1, 2)], TimeDelta::seconds(60));
    let open = async || {
        let asked = challenge(&setting.clock, Purpose::CustomerSignIn, [1; 32]);
        let message = message(&setting.clock, &asked);
        setting.store.open_challenge(&asked, &message, asked.created_at - quiet, &limits).await
    };
    let first = open().await.unwrap();
    for _ in 0..5 {
        assert_eq!(open().await.unwrap().id, first.id, "the same one again costs nothing");
    }
    setting.clock.advance(quiet);
    let second = open().await.unwrap();
    assert_ne!(second.id, first.id);
    setting.clock.advance(quiet);
    assert!(matches!(open().await, Err(WriteError::TooMany(_))));
    let now = setting.clock.now();
    assert!(
        setting.store.take_try(second.id, now, &any_code()).await.unwrap().is_some(),
        "the open one is not replaced"
    );
}

async fn attempts_at_once_are_counted_each(ground: Ground) {
    let setting = ground.setting();
    let asked = (0..20).map(|n| {
        let attempts = if n % 2 == 0 { [quota(1, 7), quota(2, 100)] } else { [quota(2, 100), quota(1, 7)] };
        let setting = &setting;
        async move { take(setting, &attempts).await }
    });
    let refused = futures_util::future::join_all(asked).await.into_iter().flatten().count();
    assert_eq!(refused, 13);
}

async fn expired_counters_are_cleared_away(ground: Ground) {
    let setting = ground.setting();
    take(&setting, &[quota(1, 1)]).await;
    setting.clock.advance(TimeDelta::minutes(30));
    take(&setting, &[quota(2, 1)]).await;
    setting.clock.advance(TimeDelta::minutes(30));
    let later = setting.clock.now() + TimeDelta::microseconds(1);
    assert_eq!(setting.store.remove_expired(Expirable::Attempts, later, 10).await.unwrap(), 1);
    assert_eq!(ground.count("attempts").await, 1);
}
