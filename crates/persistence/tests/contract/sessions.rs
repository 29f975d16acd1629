//! Sign-ins.

use chrono::TimeDelta;
use domain::audit::EventKind;
use domain::session::Session;
use domain::store::{Erasure, SessionOwner, Update, WriteError};
use domain::testing::{account, email, event, password_hash, session};
use domain::{Clock, Scope, SessionId, User};

use super::backends::{BY, Ground, Setting, never, tests};

tests! {
    every store:
    a_session_is_found_again,
    a_caller_is_active_and_their_session_live,
    a_session_is_renewed_once_from_each_state,
    an_expired_session_is_not_renewed,
    an_inactive_person_renews_nothing,
    nobody_starts_a_session_who_is_inactive_or_gone,
    sessions_are_listed_newest_first,
    only_the_owner_ends_a_session,
    all_sessions_but_one_end,
    a_changed_password_ends_the_other_sessions,
    a_password_is_changed_only_over_the_old_one;

    every database:
    an_end_is_recorded_when_something_ended,
    a_changed_password_moves_the_version,
    every_write_moves_the_generation_of_whom_it_concerns;
}

async fn begin(setting: &Setting, user: &User) -> Session {
    let begun = session(&setting.clock, user.id);
    let event = event(&setting.clock, EventKind::SessionStarted, Some(user.id));
    setting.store.start_session(&begun, &event).await.unwrap();
    begun
}

/// Without ending their sessions.
async fn deactivate(setting: &Setting, user: &User) -> User {
    let after = User { is_active: false, version: user.version + 1, ..user.clone() };
    let events = vec![event(&setting.clock, EventKind::UserUpdated, Some(user.id))];
    let update = Update { before: user.clone(), after: after.clone(), ends_sessions: false, proof: None, events };
    setting.store.update_user(BY, &update, &never).await.unwrap();
    after
}

async fn find(setting: &Setting, id: SessionId) -> Option<Session> {
    setting.store.find_session(id).await.unwrap()
}

fn renewal(setting: &Setting, of: &Session) -> Session {
    let now = setting.clock.now();
    Session {
        last_used_at: now,
        expires_at: now + TimeDelta::hours(1),
        refresh_digest: [9; 32],
        spent_digest: Some(of.refresh_digest),
        renewals: of.renewals + 1,
        ..of.clone()
    }
}

async fn a_session_is_found_again(setting: Setting) {
    let user = setting.manager("ann@example.com").await;
    let mut begun = session(&setting.clock, user.id);
    begun.address = Some("192.0.2.1".parse().unwrap());
    begun.user_agent = Some("ў".repeat(255));
    begun.spent_digest = Some([255; 32]);
    begun.expires_at += TimeDelta::microseconds(1);
    begun.renewals = 3;
    let event = event(&setting.clock, EventKind::SessionStarted, None);
    setting.store.start_session(&begun, &event).await.unwrap();
    assert_eq!(find(&setting, begun.id).await.as_ref(), Some(&begun));
    // Expired is not ended: who comes with an old token is told apart from a stranger.
    setting.clock.advance(TimeDelta::days(1));
    assert_eq!(find(&setting, begun.id).await, Some(begun));
    assert_eq!(find(&setting, setting.clock.new_id().into()).await, None);
}

async fn a_caller_is_active_and_their_session_live(setting: Setting) {
    let manager = setting.manager("ann@example.com").await;
    let customer = setting.customer("+998901234567", Some(&manager)).await;
    let bob = setting.manager("bob@example.com").await;
    for (user, is_caller) in [(manager, true), (customer, true), (bob, false)] {
        let begun = begin(&setting, &user).await;
        let user = if is_caller { user } else { deactivate(&setting, &user).await };
        let before_the_end = begun.expires_at - TimeDelta::microseconds(1);
        for (now, is_live) in [(setting.clock.now(), true), (before_the_end, true), (begun.expires_at, false)] {
            let caller = setting.store.find_caller(begun.id, now).await.unwrap();
            let expected = SessionOwner { user: user.clone(), expires_at: begun.expires_at };
            assert_eq!(caller, (is_caller && is_live).then_some(expected), "{now}");
        }
    }
    let unknown = setting.clock.new_id().into();
    assert_eq!(setting.store.find_caller(unknown, setting.clock.now()).await.unwrap(), None);
}

async fn a_session_is_renewed_once_from_each_state(setting: Setting) {
    let user = setting.manager("ann@example.com").await;
    let (first, other) = (begin(&setting, &user).await, begin(&setting, &user).await);
    setting.clock.advance(TimeDelta::minutes(1));
    let second = renewal(&setting, &first);
    setting.store.renew_session(&second).await.unwrap();
    assert_eq!(find(&setting, first.id).await.as_ref(), Some(&second));
    assert!(matches!(setting.store.renew_session(&second).await, Err(WriteError::Stale)));
    let third = renewal(&setting, &second);
    setting.store.renew_session(&third).await.unwrap();
    assert_eq!(find(&setting, first.id).await, Some(third));
    assert_eq!(find(&setting, other.id).await, Some(other));
}

async fn an_expired_session_is_not_renewed(setting: Setting) {
    let user = setting.manager("ann@example.com").await;
    let begun = begin(&setting, &user).await;
    setting.clock.advance(TimeDelta::hours(1));
    assert!(matches!(setting.store.renew_session(&renewal(&setting, &begun)).await, Err(WriteError::Stale)));
    assert_eq!(find(&setting, begun.id).await, Some(begun));
}

async fn an_inactive_person_renews_nothing(setting: Setting) {
    let user = setting.manager("ann@example.com").await;
    let begun = begin(&setting, &user).await;
    deactivate(&setting, &user).await;
    assert!(matches!(setting.store.renew_session(&renewal(&setting, &begun)).await, Err(WriteError::Stale)));
}

async fn nobody_starts_a_session_who_is_inactive_or_gone(setting: Setting) {
    let user = setting.manager("ann@example.com").await;
    deactivate(&setting, &user).await;
    for id in [user.id, setting.clock.new_id().into()] {
        let begun = session(&setting.clock, id);
        let event = event(&setting.clock, EventKind::SessionStarted, None);
        assert!(matches!(setting.store.start_session(&begun, &event).await, Err(WriteError::Stale)));
        assert_eq!(find(&setting, begun.id).await, None);
    }
}

async fn sessions_are_listed_newest_first(setting: Setting) {
    let user = setting.manager("ann@example.com").await;
    let other = setting.manager("bob@example.com").await;
    begin(&setting, &other).await;
    let mut begun = Vec::new();
    for _ in 0..3 {
        begun.push(begin(&setting, &user).await);
        begun.push(begin(&setting, &user).await);
        setting.clock.advance(TimeDelta::minutes(25));
    }
    // The first two have expired after 75 minutes.
    let live: Vec<_> = begun[2..].iter().rev().cloned().collect();
    assert_eq!(setting.store.list_sessions(user.id, setting.clock.now()).await.unwrap(), live);
}

async fn only_the_owner_ends_a_session(setting: Setting) {
    let (user, other) = (setting.manager("ann@example.com").await, setting.manager("bob@example.com").await);
    let begun = begin(&setting, &user).await;
    let event = event(&setting.clock, EventKind::SessionEnded, Some(user.id));
    assert!(!setting.store.end_session(BY, other.id, begun.id, &event).await.unwrap());
    assert!(find(&setting, begun.id).await.is_some());
    assert!(setting.store.end_session(BY, user.id, begun.id, &event).await.unwrap());
    assert_eq!(find(&setting, begun.id).await, None);
    assert_eq!(setting.store.find_caller(begun.id, setting.clock.now()).await.unwrap(), None);
    assert!(!setting.store.end_session(BY, user.id, begun.id, &event).await.unwrap());
}

async fn all_sessions_but_one_end(setting: Setting) {
    let (user, other) = (setting.manager("ann@example.com").await, setting.manager("bob@example.com").await);
    let foreign = begin(&setting, &other).await;
    let begun = [begin(&setting, &user).await, begin(&setting, &user).await, begin(&setting, &user).await];
    let end = async |except, number| {
        let event = event(&setting.clock, EventKind::SessionEnded, Some(user.id));
        assert_eq!(setting.store.end_sessions(BY, user.id, except, &event).await.unwrap(), number);
    };
    end(Some(begun[1].id), 2).await;
    assert_eq!(setting.store.list_sessions(user.id, setting.clock.now()).await.unwrap(), [begun[1].clone()]);
    end(None, 1).await;
    end(None, 0).await;
    assert_eq!(find(&setting, foreign.id).await, Some(foreign));
}

async fn a_changed_password_ends_the_other_sessions(setting: Setting) {
    let user = setting.manager("ann@example.com").await;
    let (kept, ended) = (begin(&setting, &user).await, begin(&setting, &user).await);
    let (old, new) = (account(&user).password_hash, password_hash("new"));
    let event = event(&setting.clock, EventKind::PasswordChanged, Some(user.id));
    setting.store.change_password(BY, user.id, &old, &new, Some(kept.id), &event).await.unwrap();
    assert_eq!(find(&setting, kept.id).await, Some(kept));
    assert_eq!(find(&setting, ended.id).await, None);
    let found = setting.store.find_credentials(&email("ann@example.com")).await.unwrap().unwrap();
    assert_eq!(found.password_hash, new);
}

async fn a_password_is_changed_only_over_the_old_one(setting: Setting) {
    let user = setting.manager("ann@example.com").await;
    let begun = begin(&setting, &user).await;
    let event = event(&setting.clock, EventKind::PasswordChanged, Some(user.id));
    let (wrong, new) = (password_hash("wrong"), password_hash("new"));
    let refused = setting.store.change_password(BY, user.id, &wrong, &new, None, &event).await;
    assert!(matches!(refused, Err(WriteError::Stale)));
    assert_eq!(find(&setting, begun.id).await, Some(begun));
    let found = setting.store.find_credentials(&email("ann@example.com")).await.unwrap().unwrap();
    assert_eq!(found.password_hash, account(&user).password_hash);
}

async fn an_end_is_recorded_when_something_ended(ground: Ground) {
    let setting = ground.setting();
    let user = setting.manager("ann@example.com").await;
    let before = ground.count("audit_events").await;
    let end = || event(&setting.clock, EventKind::SessionEnded, Some(user.id));
    setting.store.end_sessions(BY, user.id, None, &end()).await.unwrap();
    setting.store.end_session(BY, user.id, setting.clock.new_id().into(), &end()).await.unwrap();
    assert_eq!(ground.count("audit_events").await, before);
    begin(&setting, &user).await;
    setting.store.end_sessions(BY, user.id, None, &end()).await.unwrap();
    let begun = begin(&setting, &user).await;
    setting.store.end_session(BY, user.id, begun.id, &end()).await.unwrap();
    assert_eq!(ground.count("audit_events").await, before + 4);
}

async fn a_changed_password_moves_the_version(ground: Ground) {
    let setting = ground.setting();
    let user = setting.manager("ann@example.com").await;
    setting.clock.advance(TimeDelta::microseconds(7));
    let event = event(&setting.clock, EventKind::PasswordChanged, Some(user.id));
    let (old, new) = (account(&user).password_hash, password_hash("new"));
    setting.store.change_password(BY, user.id, &old, &new, None, &event).await.unwrap();
    let changed = setting.store.find_user(Scope::All, user.id).await.unwrap();
    assert_eq!(changed, Some(User { updated_at: setting.clock.now(), version: 2, ..user }));
}

/// Whether a write moves the generation of a person and their session, and that of nobody else.
async fn every_write_moves_the_generation_of_whom_it_concerns(ground: Ground) {
    let setting = ground.setting();
    let store = &setting.store;
    let (mut user, other) = (setting.manager("ann@example.com").await, setting.manager("bob@example.com").await);
    let (begun, foreign) = (begin(&setting, &user).await, begin(&setting, &other).await);
    let mut last = (store.generation(begun.id, user.id).unwrap(), store.generation(foreign.id, other.id).unwrap());
    let mut moved = |what: &str| {
        let now = (store.generation(begun.id, begun.user_id).unwrap(), store.generation(foreign.id, other.id).unwrap());
        assert_ne!(now.0, last.0, "{what}");
        assert_eq!(now.1, last.1, "{what} of somebody else");
        last = now;
    };
    let ended = || event(&setting.clock, EventKind::SessionEnded, Some(begun.user_id));
    store.renew_session(&renewal(&setting, &begun)).await.unwrap();
    moved("a renewal");
    let (old, new) = (account(&user).password_hash, password_hash("new"));
    store.renew_password_hash(user.id, &old, &new).await.unwrap();
    moved("a dearer hash");
    store.prove_session(begun.id, user.id, &new, &ended()).await.unwrap();
    moved("a proof");
    store.change_password(BY, user.id, &new, &old, Some(begun.id), &ended()).await.unwrap();
    moved("a password");
    user = store.find_user(Scope::All, user.id).await.unwrap().unwrap();
    user = deactivate(&setting, &user).await;
    moved("a deactivation");
    let refused = store.renew_session(&renewal(&setting, &renewal(&setting, &begun))).await;
    assert!(matches!(refused, Err(WriteError::Stale)));
    moved("a write that was refused after a statement");
    store.end_session(BY, user.id, begun.id, &ended()).await.unwrap();
    moved("the end of a session");
    store.end_sessions(BY, user.id, None, &ended()).await.unwrap();
    moved("the end of all");
    let erasure = Erasure { user: user.clone(), is_of_version: true, heir: None, event: ended() };
    store.erase_user(BY, &erasure).await.unwrap();
    assert_ne!(store.generation(begun.id, user.id).unwrap(), last.0, "an erasure");
}
