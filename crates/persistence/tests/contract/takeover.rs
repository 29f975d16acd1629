//! Fresh sessions, notices, and sign-ups that wait.

use chrono::TimeDelta;
use domain::actor::FRESH_FOR;
use domain::audit::{EventFilter, EventKind, EventQuery};
use domain::session::{MAX_SESSIONS, Session};
use domain::store::{Account, Erasure, Update, WriteError};
use domain::testing::{account, email, event, manager, password_hash, phone, session};
use domain::{Clock, FreshProof, NoticePurpose, PageSize, Profile, Scope, User};

use super::backends::{BY, Setting, never, tests};

tests! {
    every store:
    a_proof_that_is_not_found_keeps_everything_as_it_was,
    a_session_is_proven_by_the_password_that_is_stored,
    others_end_by_a_fresh_session_only,
    a_notice_is_written_with_the_change_and_claimed_once,
    a_sign_up_that_waits_makes_way_and_can_be_forgotten,
    the_least_recently_used_session_makes_way;

    every database:;
}

async fn begin(setting: &Setting, user: &User) -> Session {
    let begun = session(&setting.clock, user.id);
    let started = event(&setting.clock, EventKind::SessionStarted, Some(user.id));
    setting.store.start_session(&begun, &started).await.unwrap();
    begun
}

fn with_phone(setting: &Setting, user: &User, number: &str) -> Update {
    let mut after = user.clone();
    if let Profile::Manager(staff) = &mut after.profile {
        staff.phone = Some(phone(number));
    }
    (after.version, after.updated_at) = (after.version + 1, setting.clock.now());
    let events = vec![event(&setting.clock, EventKind::UserUpdated, Some(user.id))];
    Update { before: user.clone(), after, ends_sessions: false, proof: None, events }
}

fn proof(setting: &Setting, session: &Session) -> FreshProof {
    FreshProof { session: session.id, user: session.user_id, since: setting.clock.now() - FRESH_FOR }
}

async fn a_proof_that_is_not_found_keeps_everything_as_it_was(setting: Setting) {
    let (ann, bob) = (setting.manager("ann@example.com").await, setting.manager("bob@example.com").await);
    let (hers, his) = (begin(&setting, &ann).await, begin(&setting, &bob).await);
    let update = |proof| Update { proof: Some(proof), ..with_phone(&setting, &ann, "+998901234567") };
    let of_bob = FreshProof { user: ann.id, ..proof(&setting, &his) };
    setting.clock.advance(FRESH_FOR);
    for wrong in [proof(&setting, &hers), of_bob] {
        assert!(matches!(setting.store.update_user(BY, &update(wrong), &never).await, Err(WriteError::NotFresh)));
    }
    assert_eq!(setting.store.find_user(Scope::All, ann.id).await.unwrap(), Some(ann.clone()));
    let now = setting.clock.now();
    assert_eq!(setting.store.claim_notices(now, now, 9).await.unwrap(), []);
    setting.clock.advance(TimeDelta::microseconds(-1));
    setting.store.update_user(BY, &update(proof(&setting, &hers)), &never).await.unwrap();
}

async fn a_session_is_proven_by_the_password_that_is_stored(setting: Setting) {
    let ann = setting.manager("ann@example.com").await;
    let begun = begin(&setting, &ann).await;
    setting.clock.advance(TimeDelta::minutes(10));
    let proven = || event(&setting.clock, EventKind::SessionReauthenticated, Some(ann.id));
    let wrong = setting.store.prove_session(begun.id, ann.id, &password_hash("other"), &proven()).await;
    assert!(matches!(wrong, Err(WriteError::Stale)));
    setting.store.prove_session(begun.id, ann.id, &password_hash("password"), &proven()).await.unwrap();
    let found = setting.store.find_session(begun.id).await.unwrap().unwrap();
    assert_eq!(found, Session { proven_at: setting.clock.now(), ..begun.clone() });
    setting.clock.advance(TimeDelta::hours(1));
    let ended = setting.store.prove_session(begun.id, ann.id, &password_hash("password"), &proven()).await;
    assert!(matches!(ended, Err(WriteError::Stale)), "it has expired");
}

async fn others_end_by_a_fresh_session_only(setting: Setting) {
    let ann = setting.manager("ann@example.com").await;
    let (one, two) = (begin(&setting, &ann).await, begin(&setting, &ann).await);
    let ended = event(&setting.clock, EventKind::SessionEnded, Some(ann.id));
    let late = FreshProof { since: setting.clock.now(), ..proof(&setting, &one) };
    assert!(matches!(setting.store.end_other_sessions(&late, &ended).await, Err(WriteError::NotFresh)));
    assert!(setting.store.find_session(two.id).await.unwrap().is_some());
    assert_eq!(setting.store.end_other_sessions(&proof(&setting, &one), &ended).await.unwrap(), 1);
    assert!(setting.store.find_session(two.id).await.unwrap().is_none());
}

async fn a_notice_is_written_with_the_change_and_claimed_once(setting: Setting) {
    let ann = setting.manager("ann@example.com").await;
    let update = with_phone(&setting, &ann, "+998901234567");
    setting.store.update_user(BY, &update, &never).await.unwrap();
    let (now, lease) = (setting.clock.now(), setting.clock.now() + TimeDelta::seconds(30));
    let claimed = setting.store.claim_notices(now, lease, 9).await.unwrap();
    let told: Vec<_> = claimed.iter().map(|notice| (notice.purpose, notice.recipient.as_str())).collect();
    assert_eq!(told, [(NoticePurpose::ContactChanged, "ann@example.com")]);
    assert_eq!((claimed[0].attempts, claimed[0].user_id, claimed[0].created_at), (1, ann.id, update.events[0].at));
    assert_eq!(setting.store.claim_notices(now, lease, 9).await.unwrap(), [], "somebody has it");
    assert_eq!(setting.store.count_messages().await.unwrap(), 1);
    let data = setting.store.find_personal_data(Scope::All, ann.id).await.unwrap().unwrap();
    assert_eq!(data.notices, claimed);
    setting.store.postpone_notice(claimed[0].id, now).await.unwrap();
    assert_eq!(setting.store.claim_notices(now, lease, 9).await.unwrap()[0].attempts, 2);
    setting.store.remove_notice(claimed[0].id).await.unwrap();
    assert_eq!(setting.store.count_messages().await.unwrap(), 0);
    // They go with the person.
    setting.store.update_user(BY, &with_phone(&setting, &update.after, "+998901234568"), &never).await.unwrap();
    let user = setting.store.find_user(Scope::All, ann.id).await.unwrap().unwrap();
    let event = event(&setting.clock, EventKind::UserErased, Some(ann.id));
    setting.store.erase_user(BY, &Erasure { user, heir: None, event, is_of_version: true }).await.unwrap();
    assert_eq!(setting.store.count_messages().await.unwrap(), 0);
}

async fn a_sign_up_that_waits_makes_way_and_can_be_forgotten(setting: Setting) {
    let waiting = |address: &str| {
        let user = User { is_active: false, ..manager(&setting.clock, address) };
        account(&user).awaiting_approval()
    };
    let enter = async |account: &Account| {
        let created = event(&setting.clock, EventKind::UserCreated, Some(account.user.id));
        setting.store.create_account(BY, account, &[created]).await
    };
    let (ann, bob) = (waiting("ann@example.com"), waiting("bob@example.com"));
    enter(&ann).await.unwrap();
    enter(&bob).await.unwrap();
    assert!(!setting.store.is_email_taken(&email("ann@example.com")).await.unwrap());
    let owner = account(&manager(&setting.clock, "ann@example.com"));
    assert!(matches!(enter(&owner).await, Err(WriteError::Taken(domain::Field::Email))), "who proves nothing");
    enter(&owner.clone().replacing_signup()).await.unwrap();
    assert!(setting.store.is_email_taken(&email("ann@example.com")).await.unwrap());
    assert_eq!(setting.store.find_user(Scope::All, ann.user.id).await.unwrap(), None);
    let again = account(&manager(&setting.clock, "ann@example.com")).replacing_signup();
    assert!(matches!(enter(&again).await, Err(WriteError::Taken(domain::Field::Email))), "it is the owner's");

    let later = setting.clock.now() + TimeDelta::seconds(1);
    assert_eq!(setting.store.list_unapproved(setting.clock.now(), 9).await.unwrap(), []);
    assert_eq!(setting.store.list_unapproved(later, 9).await.unwrap(), std::slice::from_ref(&bob.user));
    let forget = async |user: &User| {
        let event = event(&setting.clock, EventKind::UserErased, Some(user.id));
        setting.store.forget_signup(&Erasure { user: user.clone(), heir: None, event, is_of_version: true }).await
    };
    assert!(matches!(forget(&owner.user).await, Err(WriteError::Stale)), "who waits for nobody");
    forget(&bob.user).await.unwrap();
    assert_eq!(setting.store.list_unapproved(later, 9).await.unwrap(), []);
}

async fn the_least_recently_used_session_makes_way(setting: Setting) {
    let ann = setting.manager("ann@example.com").await;
    let (first, second) = (begin(&setting, &ann).await, begin(&setting, &ann).await);
    setting.clock.advance(TimeDelta::seconds(1));
    let renewed = Session { renewals: 1, last_used_at: setting.clock.now(), ..first.clone() };
    setting.store.renew_session(&renewed).await.unwrap();
    for _ in 0..MAX_SESSIONS - 1 {
        begin(&setting, &ann).await;
    }
    let kept = setting.store.list_sessions(ann.id, setting.clock.now()).await.unwrap();
    assert_eq!(kept.len() as u64, MAX_SESSIONS);
    assert!(kept.iter().any(|session| session.id == first.id), "it was used since");
    assert!(kept.iter().all(|session| session.id != second.id));
    let filter = EventFilter { kind: Some(EventKind::SessionEnded), subject: Some(ann.id), ..EventFilter::default() };
    let query = EventQuery { filter, after: None, size: PageSize::default(), include_total: false };
    assert_eq!(setting.store.list_events(Scope::All, &query).await.unwrap().items.len(), 1);
}
