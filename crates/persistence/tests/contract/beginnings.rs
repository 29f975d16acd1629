//! What an account begins with, and what a new password ends.

use chrono::TimeDelta;
use domain::Field;
use domain::audit::EventKind;
use domain::challenge::{Challenge, Purpose};
use domain::store::Outcome;
use domain::store::WriteError;
use domain::testing::{account, any_code, challenge, event, manager, message, password_hash, session};
use domain::{Clock, Scope, User};

use super::backends::{BY, Ground, Setting, tests};

tests! {
    every store:
    a_sign_up_begins_with_its_session,
    an_invitation_comes_with_the_account,
    an_invitation_takes_the_place_of_one_with_the_same_subject,
    a_refused_account_leaves_nothing_of_its_beginning,
    a_changed_password_closes_the_challenges_about_it,
    a_new_password_by_code_closes_the_other_challenges_about_it,
    a_returned_try_can_be_taken_again;

    every database:
    all_of_a_beginning_is_recorded;
}

fn invitation(setting: &Setting, user: &User, subject: u8) -> Challenge {
    Challenge { user_id: Some(user.id), ..challenge(&setting.clock, Purpose::Invitation, [subject; 32]) }
}

async fn invite(setting: &Setting, user: &User, invitation: &Challenge) -> Result<(), WriteError> {
    let (message, created) =
        (message(&setting.clock, invitation), event(&setting.clock, EventKind::UserCreated, Some(user.id)));
    setting.store.create_invited(BY, &account(user), invitation, &message, &[created]).await
}

async fn sign_up(setting: &Setting, user: &User) -> Result<domain::SessionId, WriteError> {
    let session = session(&setting.clock, user.id);
    let events = [EventKind::UserCreated, EventKind::SessionStarted];
    let events = events.map(|kind| event(&setting.clock, kind, Some(user.id)));
    setting.store.create_signed_in(&account(user), &session, &events).await.map(|()| session.id)
}

async fn is_open(setting: &Setting, challenge: &Challenge) -> bool {
    setting.store.take_try(challenge.id, setting.clock.now(), &any_code()).await.unwrap().is_some()
}

async fn messages(setting: &Setting) -> usize {
    let now = setting.clock.now();
    setting.store.claim_messages(now, now, 100).await.unwrap().len()
}

async fn a_sign_up_begins_with_its_session(setting: Setting) {
    let user = manager(&setting.clock, "ann@example.com");
    let session = sign_up(&setting, &user).await.unwrap();
    let caller = setting.store.find_caller(session, setting.clock.now()).await.unwrap();
    assert_eq!(caller.map(|owner| owner.user), Some(user));
}

async fn an_invitation_comes_with_the_account(setting: Setting) {
    let user = manager(&setting.clock, "ann@example.com");
    let invitation = invitation(&setting, &user, 1);
    invite(&setting, &user, &invitation).await.unwrap();
    assert_eq!(setting.store.find_user(Scope::All, user.id).await.unwrap(), Some(user));
    assert_eq!(messages(&setting).await, 1);
    assert!(is_open(&setting, &invitation).await);
}

async fn an_invitation_takes_the_place_of_one_with_the_same_subject(setting: Setting) {
    let (ann, bob) = (manager(&setting.clock, "ann@example.com"), manager(&setting.clock, "bob@example.com"));
    let (first, second) = (invitation(&setting, &ann, 1), invitation(&setting, &bob, 1));
    invite(&setting, &ann, &first).await.unwrap();
    invite(&setting, &bob, &second).await.unwrap();
    assert!(!is_open(&setting, &first).await && is_open(&setting, &second).await);
    assert_eq!(messages(&setting).await, 1);
}

async fn a_refused_account_leaves_nothing_of_its_beginning(setting: Setting) {
    let user = manager(&setting.clock, "ann@example.com");
    let first = invitation(&setting, &user, 1);
    invite(&setting, &user, &first).await.unwrap();
    let again = manager(&setting.clock, "ann@example.com");
    let second = invitation(&setting, &again, 1);
    assert!(matches!(invite(&setting, &again, &second).await, Err(WriteError::Taken(Field::Email))));
    assert!(matches!(sign_up(&setting, &again).await, Err(WriteError::Taken(Field::Email))));
    assert!(is_open(&setting, &first).await && !is_open(&setting, &second).await);
    assert_eq!(setting.store.list_sessions(again.id, setting.clock.now()).await.unwrap(), []);
}

/// One open challenge of each purpose for the person, and one of another person.
async fn challenges(setting: &Setting, user: &User, other: &User) -> Vec<Challenge> {
    let mut opened = Vec::new();
    for (subject, (owner, &purpose)) in
        Purpose::ALL.iter().map(|purpose| (user, purpose)).chain([(other, &Purpose::PasswordReset)]).enumerate()
    {
        let subject = [u8::try_from(subject).unwrap(); 32];
        let asked = Challenge { user_id: Some(owner.id), ..challenge(&setting.clock, purpose, subject) };
        let sent = message(&setting.clock, &asked);
        setting.store.open_challenge(&asked, &sent, setting.clock.now() - TimeDelta::seconds(60), &[]).await.unwrap();
        opened.push(asked);
    }
    opened
}

async fn those_still_open(setting: &Setting, opened: &[Challenge]) -> Vec<Purpose> {
    let mut open = Vec::new();
    for challenge in opened {
        if is_open(setting, challenge).await {
            open.push(challenge.purpose);
        }
    }
    open
}

/// What has nothing to do with the person's password.
const LEFT: [Purpose; 4] =
    [Purpose::CustomerSignUp, Purpose::CustomerSignIn, Purpose::StaffSignUp, Purpose::PasswordReset];

async fn a_changed_password_closes_the_challenges_about_it(setting: Setting) {
    let (ann, bob) = (setting.manager("ann@example.com").await, setting.manager("bob@example.com").await);
    let opened = challenges(&setting, &ann, &bob).await;
    let changed = event(&setting.clock, EventKind::PasswordChanged, Some(ann.id));
    let old = account(&ann).password_hash;
    setting.store.change_password(BY, ann.id, &old, &password_hash("new"), None, &changed).await.unwrap();
    assert_eq!(those_still_open(&setting, &opened).await, LEFT);
    assert_eq!(messages(&setting).await, LEFT.len(), "their messages went with them");
    let stale = setting.store.change_password(BY, bob.id, &password_hash("no"), &old, None, &changed).await;
    assert!(matches!(stale, Err(WriteError::Stale)));
    assert_eq!(those_still_open(&setting, &opened).await, LEFT);
}

async fn a_new_password_by_code_closes_the_other_challenges_about_it(setting: Setting) {
    let (ann, bob) = (setting.manager("ann@example.com").await, setting.manager("bob@example.com").await);
    let opened = challenges(&setting, &ann, &bob).await;
    let reset = opened.iter().find(|challenge| challenge.purpose == Purpose::PasswordReset).unwrap();
    let outcome = Outcome { password: Some((ann.id, password_hash("new"))), ..Outcome::default() };
    setting.store.redeem(reset.id, setting.clock.now(), &outcome).await.unwrap();
    assert_eq!(those_still_open(&setting, &opened).await, LEFT);
}

async fn a_returned_try_can_be_taken_again(setting: Setting) {
    let user = setting.manager("ann@example.com").await;
    let opened = challenges(&setting, &user, &user).await;
    let tries = async || {
        setting.store.take_try(opened[0].id, setting.clock.now(), &any_code()).await.unwrap().map(|t| t.challenge.tries)
    };
    for _ in 0..7 {
        assert_eq!(tries().await, Some(1));
        setting.store.return_try(opened[0].id).await.unwrap();
        setting.store.return_try(opened[0].id).await.unwrap();
    }
    for tried in 1..=5 {
        assert_eq!(tries().await, Some(tried));
    }
    assert_eq!(tries().await, None);
    setting.store.return_try(opened[0].id).await.unwrap();
    assert_eq!(tries().await, Some(5));
}

async fn all_of_a_beginning_is_recorded(ground: Ground) {
    let setting = ground.setting();
    sign_up(&setting, &manager(&setting.clock, "ann@example.com")).await.unwrap();
    assert_eq!(ground.count("audit_events").await, 2);
    let bob = manager(&setting.clock, "bob@example.com");
    invite(&setting, &bob, &invitation(&setting, &bob, 1)).await.unwrap();
    let again = manager(&setting.clock, "bob@example.com");
    assert!(invite(&setting, &again, &invitation(&setting, &again, 1)).await.is_err());
    assert_eq!(ground.count("audit_events").await, 3);
}
