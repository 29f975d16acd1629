//! Messages that take turns, and codes whose message waits.

use chrono::TimeDelta;
use domain::Clock;
use domain::challenge::{Message, Purpose, Turn};
use domain::limit::{Attempt, Limit};
use domain::store::CodeGuess;
use domain::store::{ChallengeStore, WriteError};
use domain::testing::{any_code, challenge, message};
use futures_util::future::join_all;

use super::backends::{Ground, Setting, tests};

tests! {
    every store:
    a_contact_is_due_with_its_message,
    those_wait_whom_nobody_is_sending,
    a_turn_is_claimed_once_with_what_it_counts_as,
    what_is_put_off_is_put_off_for_the_contact_alone,
    a_withheld_message_makes_its_challenge_a_decoy,
    a_code_that_waits_for_its_turn_is_wrong,
    a_wrong_code_is_counted_and_a_right_one_is_not;

    every database:
    wrong_codes_at_once_are_counted_one_by_one,
    of_many_at_once_one_claims_the_slot;
}

const LEASE: TimeDelta = TimeDelta::seconds(30);
const SLOT: Attempt =
    Attempt { key: [7; 32], name: "slot", limit: Limit::Quota { most: 1, within: TimeDelta::seconds(60) } };
const WRONG: Attempt =
    Attempt { key: [8; 32], name: "wrong", limit: Limit::Failures { most: 3, within: TimeDelta::minutes(10) } };

/// A message to a contact that a network asked for.
async fn write(setting: &Setting, contact: u8, network: u8) -> Message {
    let both = [contact.wrapping_mul(16) + network; 32];
    let asked = challenge(&setting.clock, Purpose::CustomerSignIn, both);
    let turn = Turn { contact: [contact; 32], asker: both, network: [network; 32], has_account: network == 1 };
    let sent = Message { turn: Some(turn), ..message(&setting.clock, &asked) };
    setting.store.open_challenge(&asked, &sent, asked.created_at, &[]).await.unwrap();
    sent
}

async fn waiting(setting: &Setting, contact: u8) -> Vec<Message> {
    let waiting = setting.store.waiting_for(&[contact; 32], setting.clock.now(), 64).await.unwrap();
    waiting.into_iter().map(|one| one.message).collect()
}

async fn due(setting: &Setting) -> Vec<u8> {
    let mut due: Vec<_> = setting.store.contacts_due(setting.clock.now(), 64).await.unwrap();
    due.sort_unstable();
    due.into_iter().map(|contact| contact[0]).collect()
}

async fn claim(setting: &Setting, seen: &Message, attempts: &[Attempt]) -> Result<bool, WriteError> {
    let now = setting.clock.now();
    setting.store.claim_turn(seen, attempts, now, now + LEASE).await
}

async fn a_contact_is_due_with_its_message(setting: Setting) {
    let now = setting.clock.now();
    assert_eq!(due(&setting).await, [0; 0]);
    for (contact, network) in [(1, 1), (1, 2), (2, 1)] {
        write(&setting, contact, network).await;
    }
    assert_eq!(due(&setting).await, [1, 2]);
    assert_eq!(setting.store.contacts_due(now, 1).await.unwrap().len(), 1);
    assert_eq!(setting.store.contacts_due(now - TimeDelta::seconds(1), 64).await.unwrap(), Vec::<[u8; 32]>::new());
    assert_eq!(setting.store.claim_messages(now, now + LEASE, 64).await.unwrap(), [], "these take turns");
}

async fn those_wait_whom_nobody_is_sending(setting: Setting) {
    let [one, two] = [write(&setting, 1, 1).await, write(&setting, 1, 2).await];
    assert_eq!(waiting(&setting, 1).await, [one.clone(), two.clone()], "whole, the oldest first");
    assert!(claim(&setting, &one, &[]).await.unwrap());
    assert_eq!(waiting(&setting, 1).await, [two.clone(); 1]);
    setting.clock.advance(LEASE);
    assert_eq!(waiting(&setting, 1).await, [Message { attempts: 1, ..one }, two]);
}

async fn a_turn_is_claimed_once_with_what_it_counts_as(setting: Setting) {
    let [one, two] = [write(&setting, 1, 1).await, write(&setting, 1, 2).await];
    let remembered = |sent: &Message| {
        let limit = Limit::Latest { kept: TimeDelta::hours(1) };
        Attempt { key: sent.turn.unwrap().asker, name: "turn", limit }
    };
    assert!(claim(&setting, &one, &[SLOT, remembered(&one)]).await.unwrap());
    assert!(!claim(&setting, &one, &[remembered(&one)]).await.unwrap(), "somebody has it");
    let refused = claim(&setting, &two, &[SLOT, remembered(&two)]).await;
    assert!(matches!(refused, Err(WriteError::TooMany(too_many)) if too_many.name == "slot"));
    setting.clock.advance(TimeDelta::seconds(60));
    let seen = setting.store.waiting_for(&[1; 32], setting.clock.now(), 64).await.unwrap();
    let served: Vec<_> = seen.iter().map(|one| one.served.map(|until| until - setting.clock.now())).collect();
    assert_eq!(served, [Some(TimeDelta::minutes(59)), None], "what was refused is not remembered");
    assert!(claim(&setting, &seen[1].message, &[SLOT]).await.unwrap());
}

async fn what_is_put_off_is_put_off_for_the_contact_alone(setting: Setting) {
    for (contact, network) in [(1, 1), (1, 2), (2, 1)] {
        write(&setting, contact, network).await;
    }
    let now = setting.clock.now();
    let until = now + TimeDelta::seconds(5);
    setting.store.postpone_turns(&[1; 32], now, until).await.unwrap();
    setting.store.postpone_turns(&[1; 32], now, until + TimeDelta::hours(1)).await.unwrap();
    assert_eq!(due(&setting).await, [2]);
    assert_eq!(waiting(&setting, 1).await.len(), 2, "they wait still");
    setting.clock.advance(TimeDelta::seconds(5));
    assert_eq!(due(&setting).await, [1, 2]);
}

async fn a_withheld_message_makes_its_challenge_a_decoy(setting: Setting) {
    let sent = write(&setting, 1, 1).await;
    assert!(!setting.store.withhold_message(&Message { attempts: 1, ..sent.clone() }).await.unwrap());
    assert!(setting.store.withhold_message(&sent).await.unwrap());
    assert!(!setting.store.withhold_message(&sent).await.unwrap());
    assert_eq!(waiting(&setting, 1).await, []);
    let tried = setting.store.take_try(sent.challenge_id, setting.clock.now(), &any_code()).await.unwrap().unwrap();
    assert_eq!((tried.challenge.contact.as_str(), tried.challenge.tries), ("", 1));
}

async fn a_code_that_waits_for_its_turn_is_wrong(setting: Setting) {
    let sent = write(&setting, 1, 1).await;
    let is_right = async || {
        let tried = setting.store.take_try(sent.challenge_id, setting.clock.now(), &any_code()).await;
        tried.unwrap().unwrap().is_right
    };
    assert!(!is_right().await);
    claim(&setting, &sent, &[]).await.unwrap();
    assert!(is_right().await);
    setting.store.remove_message(sent.id).await.unwrap();
    assert!(is_right().await);
}

async fn a_wrong_code_is_counted_and_a_right_one_is_not(setting: Setting) {
    let asked = challenge(&setting.clock, Purpose::CustomerSignIn, [1; 32]);
    let sent = message(&setting.clock, &asked);
    setting.store.open_challenge(&asked, &sent, asked.created_at, &[]).await.unwrap();
    let unknown = setting.clock.new_id().into();
    let guess = async |id, is_right: bool| {
        let guess = CodeGuess { is_right: &|_| is_right, if_wrong: &[WRONG] };
        setting.store.take_try(id, setting.clock.now(), &guess).await.map(|tried| tried.map(|tried| tried.is_right))
    };
    assert_eq!(guess(asked.id, true).await.unwrap(), Some(true));
    assert_eq!(guess(asked.id, false).await.unwrap(), Some(false));
    assert_eq!(guess(unknown, true).await.unwrap(), None);
    assert_eq!(guess(asked.id, true).await.unwrap(), Some(true));
    assert_eq!(guess(unknown, false).await.unwrap(), None);
    assert!(matches!(guess(asked.id, true).await, Err(WriteError::TooMany(too_many)) if too_many.name == "wrong"));
    let after = setting.store.take_try(asked.id, setting.clock.now(), &any_code()).await.unwrap().unwrap();
    assert_eq!(after.challenge.tries, 4, "a refused one was no try");
    setting.clock.advance(TimeDelta::minutes(10));
    assert_eq!(guess(unknown, false).await.unwrap(), None);
}

async fn wrong_codes_at_once_are_counted_one_by_one(ground: Ground) {
    let store = ground.store();
    let setting = ground.setting();
    let (clock, id) = (&setting.clock, setting.clock.new_id().into());
    let guesses = (0..12).map(|_| async {
        let guess = CodeGuess { is_right: &|_| false, if_wrong: &[WRONG] };
        store.take_try(id, clock.now(), &guess).await
    });
    let done = join_all(guesses).await;
    assert_eq!(done.iter().filter(|guess| guess.is_ok()).count(), 3);
    assert!(done.iter().all(|guess| matches!(guess, Ok(None) | Err(WriteError::TooMany(_)))), "{done:?}");
}

async fn of_many_at_once_one_claims_the_slot(ground: Ground) {
    let setting = ground.setting();
    let mut sent = Vec::new();
    for network in 1..=6 {
        sent.push(write(&setting, 1, network).await);
    }
    let claims = join_all(sent.iter().map(|one| claim(&setting, one, &[SLOT]))).await;
    assert_eq!(claims.iter().filter(|claim| matches!(claim, Ok(true))).count(), 1, "{claims:?}");
    assert!(claims.iter().all(|claim| matches!(claim, Ok(true) | Err(WriteError::TooMany(_)))), "{claims:?}");
}
