//! Clearing away what has expired.

use chrono::TimeDelta;
use domain::Clock;
use domain::audit::EventKind;
use domain::challenge::Purpose;
use domain::store::Expirable;
use domain::testing::{any_code, challenge, event, message, session};

use super::backends::{Ground, Setting, tests};

tests! {
    every store:
    housekeeping_is_one_instance_s_at_a_time,
    what_has_expired_goes_in_batches,
    a_challenge_takes_its_message_with_it;

    every database:
    a_lost_instance_keeps_nobody_from_housekeeping;
}

async fn housekeeping_is_one_instance_s_at_a_time(setting: Setting) {
    let now = setting.clock.now();
    let turn = TimeDelta::seconds(55);
    assert!(setting.store.take_housekeeping(now, now + turn).await.unwrap());
    assert!(!setting.store.take_housekeeping(now, now + turn).await.unwrap());
    let last = now + turn - TimeDelta::microseconds(1);
    assert!(!setting.store.take_housekeeping(last, last + turn).await.unwrap());
    assert!(setting.store.take_housekeeping(now + turn, now + turn * 2).await.unwrap());
}

async fn what_has_expired_goes_in_batches(setting: Setting) {
    let user = setting.manager("ann@example.com").await;
    for age in 0..5 {
        let mut begun = session(&setting.clock, user.id);
        begun.expires_at += TimeDelta::seconds(age);
        let started = event(&setting.clock, EventKind::SessionStarted, Some(user.id));
        setting.store.start_session(&begun, &started).await.unwrap();
    }
    let first_end = session(&setting.clock, user.id).expires_at;
    let before = first_end + TimeDelta::seconds(3);
    let remove = || setting.store.remove_expired(Expirable::Sessions, before, 2);
    assert_eq!(setting.store.remove_expired(Expirable::Sessions, first_end, 9).await.unwrap(), 0);
    assert_eq!(remove().await.unwrap(), 2);
    assert_eq!(remove().await.unwrap(), 1);
    assert_eq!(remove().await.unwrap(), 0);
    assert_eq!(setting.store.list_sessions(user.id, setting.clock.now()).await.unwrap().len(), 2);
    assert_eq!(setting.store.remove_expired(Expirable::Challenges, before, 9).await.unwrap(), 0);
}

async fn a_challenge_takes_its_message_with_it(setting: Setting) {
    let asked = challenge(&setting.clock, Purpose::PasswordReset, [7; 32]);
    let sent = message(&setting.clock, &asked);
    setting.store.open_challenge(&asked, &sent, setting.clock.now(), &[]).await.unwrap();
    assert_eq!(setting.store.count_messages().await.unwrap(), 1);
    let (end, after) = (asked.expires_at, asked.expires_at + TimeDelta::microseconds(1));
    assert_eq!(setting.store.remove_expired(Expirable::Challenges, end, 9).await.unwrap(), 0);
    assert_eq!(setting.store.remove_expired(Expirable::Challenges, after, 9).await.unwrap(), 1);
    assert_eq!(setting.store.count_messages().await.unwrap(), 0);
    assert_eq!(setting.store.take_try(asked.id, setting.clock.now(), &any_code()).await.unwrap(), None);
}

async fn a_lost_instance_keeps_nobody_from_housekeeping(ground: Ground) {
    let (one, other) = (ground.setting(), ground.setting());
    let now = one.clock.now();
    let until = now + TimeDelta::minutes(1);
    let (first, second) =
        tokio::join!(one.store.take_housekeeping(now, until), other.store.take_housekeeping(now, until),);
    assert!(first.unwrap() ^ second.unwrap(), "one of them and not both");
    drop(one);
    assert!(other.store.take_housekeeping(until, until).await.unwrap());
}
