//! One-time codes and the messages that carry them.

use chrono::TimeDelta;
use domain::Field;
use domain::audit::EventKind;
use domain::challenge::{Challenge, MAX_TRIES, Message, Pending, Purpose};
use domain::store::Outcome;
use domain::store::WriteError;
use domain::testing::{
    account, any_code, challenge, customer, email, event, manager, message, password_hash, phone, session,
};
use domain::{ChallengeId, Clock, DisplayName, Scope, TrunkNumber, User, VerificationMethod};

use super::backends::{Ground, Setting, tests};

tests! {
    every store:
    a_challenge_is_kept_whole,
    asked_again_soon_the_same_challenge_is_answered,
    asked_again_later_the_challenge_is_replaced,
    a_challenge_that_is_over_is_replaced_at_once,
    purposes_and_subjects_do_not_meet,
    five_codes_can_be_tried,
    a_challenge_is_redeemed_once,
    a_redeemed_sign_up_enters_and_signs_in,
    a_sign_up_that_comes_too_late_leaves_the_challenge,
    a_proven_contact_is_remembered,
    a_new_password_ends_all_sessions,
    a_code_signs_nobody_in_who_is_inactive,
    a_claimed_message_is_hidden_until_the_lease_ends,
    a_message_is_put_off_or_removed,
    messages_are_claimed_in_the_order_they_are_due;

    every database:
    a_redeemed_challenge_is_one_change_of_the_person,
    a_replaced_challenge_takes_its_message_along;
}

async fn open(setting: &Setting, asked: &Challenge) -> Challenge {
    let quiet_since = asked.created_at - TimeDelta::seconds(60);
    setting.store.open_challenge(asked, &message(&setting.clock, asked), quiet_since, &[]).await.unwrap()
}

async fn opened(setting: &Setting, purpose: Purpose) -> Challenge {
    open(setting, &challenge(&setting.clock, purpose, [1; 32])).await
}

async fn try_code(setting: &Setting, id: ChallengeId) -> Option<Challenge> {
    setting.store.take_try(id, setting.clock.now(), &any_code()).await.unwrap().map(|tried| tried.challenge)
}

async fn claim(setting: &Setting, lease: TimeDelta, limit: u64) -> Vec<Message> {
    let now = setting.clock.now();
    setting.store.claim_messages(now, now + lease, limit).await.unwrap()
}

async fn redeem(setting: &Setting, id: ChallengeId, outcome: &Outcome) -> Result<(), WriteError> {
    setting.store.redeem(id, setting.clock.now(), outcome).await
}

async fn a_challenge_is_kept_whole(setting: Setting) {
    let user = setting.manager("ann@example.com").await;
    let pending = [
        None,
        Some(Pending::Customer { phone: phone("+998901234567"), display_name: None }),
        Some(Pending::Staff {
            email: email("bob@example.com"),
            phone: Some(phone("+998901234567")),
            display_name: Some(DisplayName::parse("Ўктам").unwrap()),
            tin_trunk_number: Some(TrunkNumber::parse("7").unwrap()),
            verification_method: VerificationMethod::Phone,
            password_hash: "hash".to_owned(),
        }),
    ];
    for (pending, &purpose) in pending.into_iter().zip(Purpose::ALL) {
        let mut asked = challenge(&setting.clock, purpose, [255; 32]);
        asked.user_id = Some(user.id);
        asked.channel = VerificationMethod::Whatsapp;
        asked.contact = String::new();
        asked.pending = pending;
        assert_eq!(open(&setting, &asked).await, asked);
        let tried = try_code(&setting, asked.id).await;
        assert_eq!(tried, Some(Challenge { tries: 1, ..asked }));
    }
}

async fn asked_again_soon_the_same_challenge_is_answered(setting: Setting) {
    let first = opened(&setting, Purpose::SecondFactor).await;
    try_code(&setting, first.id).await.unwrap();
    setting.clock.advance(TimeDelta::seconds(59));
    let second = opened(&setting, Purpose::SecondFactor).await;
    assert_eq!(second, Challenge { tries: 1, ..first });
    assert_eq!(claim(&setting, TimeDelta::minutes(1), 10).await.len(), 1);
}

async fn asked_again_later_the_challenge_is_replaced(setting: Setting) {
    let first = opened(&setting, Purpose::SecondFactor).await;
    setting.clock.advance(TimeDelta::seconds(60));
    let second = opened(&setting, Purpose::SecondFactor).await;
    assert_ne!(first.id, second.id);
    assert_eq!(try_code(&setting, first.id).await, None);
    assert!(try_code(&setting, second.id).await.is_some());
}

async fn a_challenge_that_is_over_is_replaced_at_once(setting: Setting) {
    let used = opened(&setting, Purpose::SecondFactor).await;
    redeem(&setting, used.id, &Outcome::default()).await.unwrap();
    let spent = opened(&setting, Purpose::SecondFactor).await;
    assert_ne!(used.id, spent.id);
    for _ in 0..MAX_TRIES {
        try_code(&setting, spent.id).await.unwrap();
    }
    assert_ne!(opened(&setting, Purpose::SecondFactor).await.id, spent.id);
    let mut expired = challenge(&setting.clock, Purpose::Invitation, [1; 32]);
    expired.expires_at = setting.clock.now() + TimeDelta::seconds(1);
    open(&setting, &expired).await;
    setting.clock.advance(TimeDelta::seconds(1));
    assert_ne!(opened(&setting, Purpose::Invitation).await.id, expired.id);
}

async fn purposes_and_subjects_do_not_meet(setting: Setting) {
    let mut ids = Vec::new();
    for &purpose in Purpose::ALL {
        for subject in [[1; 32], [2; 32]] {
            ids.push(open(&setting, &challenge(&setting.clock, purpose, subject)).await.id);
        }
    }
    for id in ids {
        assert!(try_code(&setting, id).await.is_some());
    }
}

async fn five_codes_can_be_tried(setting: Setting) {
    let asked = opened(&setting, Purpose::SecondFactor).await;
    for tries in 1..=MAX_TRIES {
        assert_eq!(try_code(&setting, asked.id).await.unwrap().tries, tries);
    }
    assert_eq!(try_code(&setting, asked.id).await, None);
    let other = opened(&setting, Purpose::PasswordReset).await;
    assert_eq!(setting.store.take_try(other.id, other.expires_at, &any_code()).await.unwrap(), None);
    assert_eq!(try_code(&setting, setting.clock.new_id().into()).await, None);
}

async fn a_challenge_is_redeemed_once(setting: Setting) {
    let asked = opened(&setting, Purpose::SecondFactor).await;
    redeem(&setting, asked.id, &Outcome::default()).await.unwrap();
    assert_eq!(try_code(&setting, asked.id).await, None);
    assert!(matches!(redeem(&setting, asked.id, &Outcome::default()).await, Err(WriteError::Stale)));
    let unknown = setting.clock.new_id().into();
    assert!(matches!(redeem(&setting, unknown, &Outcome::default()).await, Err(WriteError::Stale)));
}

fn sign_up(setting: &Setting, user: &User) -> Outcome {
    let started = session(&setting.clock, user.id);
    let events = [EventKind::UserCreated, EventKind::SessionStarted];
    Outcome {
        account: Some(account(user)),
        session: Some(started),
        events: events.map(|kind| event(&setting.clock, kind, Some(user.id))).to_vec(),
        ..Outcome::default()
    }
}

async fn a_redeemed_sign_up_enters_and_signs_in(setting: Setting) {
    let asked = opened(&setting, Purpose::CustomerSignUp).await;
    let user = customer(&setting.clock, "+998901234567", None);
    let outcome = sign_up(&setting, &user);
    redeem(&setting, asked.id, &outcome).await.unwrap();
    let caller = setting.store.find_caller(outcome.session.unwrap().id, setting.clock.now()).await.unwrap();
    assert_eq!(caller.map(|owner| owner.user), Some(user));
}

async fn a_sign_up_that_comes_too_late_leaves_the_challenge(setting: Setting) {
    let asked = opened(&setting, Purpose::CustomerSignUp).await;
    setting.customer("+998901234567", None).await;
    let late = customer(&setting.clock, "+998901234567", None);
    let refused = redeem(&setting, asked.id, &sign_up(&setting, &late)).await;
    assert!(matches!(refused, Err(WriteError::Taken(Field::Phone))));
    assert_eq!(setting.store.find_user(Scope::All, late.id).await.unwrap(), None);
    assert!(try_code(&setting, asked.id).await.is_some());
}

async fn a_proven_contact_is_remembered(setting: Setting) {
    let user = setting.manager("ann@example.com").await;
    let asked = opened(&setting, Purpose::SecondFactor).await;
    setting.clock.advance(TimeDelta::microseconds(1));
    redeem(&setting, asked.id, &Outcome { verified: Some(user.id), ..Outcome::default() }).await.unwrap();
    let now = setting.clock.now();
    let expected = User { verified_at: Some(now), updated_at: now, version: 2, ..user.clone() };
    assert_eq!(setting.store.find_user(Scope::All, user.id).await.unwrap().as_ref(), Some(&expected));
    // What was proven before is no change: whoever has seen the person still has.
    let again = opened(&setting, Purpose::SecondFactor).await;
    setting.clock.advance(TimeDelta::seconds(1));
    redeem(&setting, again.id, &Outcome { verified: Some(user.id), ..Outcome::default() }).await.unwrap();
    assert_eq!(setting.store.find_user(Scope::All, user.id).await.unwrap(), Some(expected));
    let nobodys = opened(&setting, Purpose::SecondFactor).await;
    let verified = Some(setting.clock.new_id().into());
    let refused = redeem(&setting, nobodys.id, &Outcome { verified, ..Outcome::default() }).await;
    assert!(matches!(refused, Err(WriteError::Stale)), "{refused:?}");
}

async fn a_new_password_ends_all_sessions(setting: Setting) {
    let mut user = manager(&setting.clock, "ann@example.com");
    user.is_active = true;
    setting.enter(&user).await;
    let (before, after) = (session(&setting.clock, user.id), session(&setting.clock, user.id));
    let started = event(&setting.clock, EventKind::SessionStarted, Some(user.id));
    setting.store.start_session(&before, &started).await.unwrap();
    let asked = opened(&setting, Purpose::PasswordReset).await;
    let outcome = Outcome {
        password: Some((user.id, password_hash("new"))),
        session: Some(after.clone()),
        events: vec![event(&setting.clock, EventKind::PasswordReset, Some(user.id))],
        ..Outcome::default()
    };
    redeem(&setting, asked.id, &outcome).await.unwrap();
    let found = setting.store.find_credentials(&email("ann@example.com")).await.unwrap().unwrap();
    assert_eq!(found.password_hash, password_hash("new"));
    assert_eq!(setting.store.list_sessions(user.id, setting.clock.now()).await.unwrap(), [after]);
}

async fn a_code_signs_nobody_in_who_is_inactive(setting: Setting) {
    let mut user = manager(&setting.clock, "ann@example.com");
    user.is_active = false;
    setting.enter(&user).await;
    let (asked, begun) = (opened(&setting, Purpose::SecondFactor).await, session(&setting.clock, user.id));
    let outcome = Outcome { verified: Some(user.id), session: Some(begun), ..Outcome::default() };
    let now = setting.clock.now();
    assert!(matches!(setting.store.redeem(asked.id, now, &outcome).await, Err(WriteError::Stale)));
    assert_eq!(setting.store.list_sessions(user.id, now).await.unwrap(), []);
    let proven = Outcome { verified: Some(user.id), ..Outcome::default() };
    setting.store.redeem(asked.id, now, &proven).await.unwrap();
}

async fn a_claimed_message_is_hidden_until_the_lease_ends(setting: Setting) {
    let asked = challenge(&setting.clock, Purpose::SecondFactor, [1; 32]);
    let mut sent = message(&setting.clock, &asked);
    sent.sealed_code = (0..=255).collect();
    setting.store.open_challenge(&asked, &sent, asked.created_at, &[]).await.unwrap();
    let lease = TimeDelta::seconds(30);
    for attempts in 1..=3 {
        assert_eq!(claim(&setting, lease, 10).await, [Message { attempts, ..sent.clone() }]);
        assert_eq!(claim(&setting, lease, 10).await, []);
        setting.clock.advance(lease - TimeDelta::microseconds(1));
        assert_eq!(claim(&setting, lease, 10).await, []);
        setting.clock.advance(TimeDelta::microseconds(1));
    }
}

async fn a_message_is_put_off_or_removed(setting: Setting) {
    opened(&setting, Purpose::SecondFactor).await;
    let [sent] = &claim(&setting, TimeDelta::hours(1), 10).await[..] else { panic!("one message") };
    let until = setting.clock.now() + TimeDelta::seconds(5);
    setting.store.postpone_message(sent.id, until).await.unwrap();
    assert_eq!(claim(&setting, TimeDelta::zero(), 10).await, []);
    setting.clock.advance(TimeDelta::seconds(5));
    assert_eq!(claim(&setting, TimeDelta::zero(), 10).await.len(), 1);
    setting.store.remove_message(sent.id).await.unwrap();
    assert_eq!(claim(&setting, TimeDelta::zero(), 10).await, []);
    setting.store.remove_message(sent.id).await.unwrap();
    setting.store.postpone_message(sent.id, until).await.unwrap();
}

async fn messages_are_claimed_in_the_order_they_are_due(setting: Setting) {
    let mut asked = Vec::new();
    for subject in 0..5 {
        asked.push(open(&setting, &challenge(&setting.clock, Purpose::SecondFactor, [subject; 32])).await.id);
        setting.clock.advance(TimeDelta::microseconds(1));
    }
    let mut claimed = Vec::new();
    for number in [2, 2, 1, 0] {
        let part = claim(&setting, TimeDelta::minutes(1), 2).await;
        assert_eq!(part.len(), number);
        claimed.extend(part.iter().map(|message| message.challenge_id));
    }
    assert_eq!(claimed, asked);
}

async fn a_redeemed_challenge_is_one_change_of_the_person(ground: Ground) {
    let setting = ground.setting();
    let user = setting.manager("ann@example.com").await;
    let asked = opened(&setting, Purpose::Invitation).await;
    setting.clock.advance(TimeDelta::seconds(1));
    let password = Some((user.id, password_hash("new")));
    let outcome = Outcome { verified: Some(user.id), password: password.clone(), ..Outcome::default() };
    redeem(&setting, asked.id, &outcome).await.unwrap();
    let found = setting.store.find_user(Scope::All, user.id).await.unwrap().unwrap();
    assert_eq!((found.version, found.updated_at), (2, setting.clock.now()));

    let asked = opened(&setting, Purpose::PasswordReset).await;
    setting.clock.advance(TimeDelta::seconds(1));
    redeem(&setting, asked.id, &Outcome { password: password.clone(), ..Outcome::default() }).await.unwrap();
    let found = setting.store.find_user(Scope::All, user.id).await.unwrap().unwrap();
    assert_eq!((found.version, found.updated_at), (3, setting.clock.now()));

    // Proven before, and a change all the same.
    let asked = opened(&setting, Purpose::PasswordReset).await;
    setting.clock.advance(TimeDelta::seconds(1));
    redeem(&setting, asked.id, &outcome).await.unwrap();
    let found = setting.store.find_user(Scope::All, user.id).await.unwrap().unwrap();
    assert_eq!((found.version, found.updated_at), (4, setting.clock.now()));
}

async fn a_replaced_challenge_takes_its_message_along(ground: Ground) {
    let setting = ground.setting();
    for _ in 0..3 {
        opened(&setting, Purpose::SecondFactor).await;
        setting.clock.advance(TimeDelta::minutes(2));
        assert_eq!(ground.count("outbox").await, 1);
        assert_eq!(ground.count("challenges").await, 1);
    }
}
