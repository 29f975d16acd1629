//! Admins who are let back in.

use chrono::TimeDelta;
use domain::audit::EventKind;
use domain::store::{Recovery, WriteError};
use domain::testing::{email, event, password_hash, session};
use domain::{Clock, Profile, Role, User};

use super::backends::{Ground, Setting, tests};

tests! {
    every store:
    a_manager_becomes_an_admin_with_a_new_password_and_no_sessions,
    who_has_changed_meanwhile_is_not_recovered,
    a_manager_who_looks_after_somebody_is_not_recovered,
    a_customer_is_not_recovered,
    nobody_is_made_admin_by_token_after_a_recovery;

    every database:
    a_recovery_is_recorded_and_the_end_of_sessions_only_where_there_were_some;
}

/// The person as an active admin, one version on.
fn recovery(setting: &Setting, user: &User) -> Recovery {
    let mut admin = user.clone();
    if let Profile::Manager(staff) = admin.profile {
        admin.profile = Profile::Admin(staff);
    }
    admin.is_active = true;
    admin.updated_at = setting.clock.now();
    admin.version += 1;
    Recovery {
        password_hash: password_hash("recovered"),
        events: vec![event(&setting.clock, EventKind::PasswordReset, Some(admin.id))],
        sessions_ended: event(&setting.clock, EventKind::SessionEnded, Some(admin.id)),
        admin,
    }
}

async fn begin_session(setting: &Setting, user: &User) {
    let started = event(&setting.clock, EventKind::SessionStarted, Some(user.id));
    setting.store.start_session(&session(&setting.clock, user.id), &started).await.unwrap();
}

async fn a_manager_becomes_an_admin_with_a_new_password_and_no_sessions(setting: Setting) {
    let user = setting.manager("ann@example.com").await;
    begin_session(&setting, &user).await;
    setting.clock.advance(TimeDelta::seconds(1));
    let recovery = recovery(&setting, &user);
    setting.store.recover_admin(&recovery).await.unwrap();
    let found = setting.store.find_credentials(&email("ann@example.com")).await.unwrap().unwrap();
    assert_eq!(found.user, recovery.admin);
    assert_eq!(found.user.role(), Role::Admin);
    assert_eq!(found.password_hash, recovery.password_hash);
    assert_eq!(setting.store.list_sessions(user.id, setting.clock.now()).await.unwrap(), []);
}

async fn who_has_changed_meanwhile_is_not_recovered(setting: Setting) {
    let user = setting.manager("ann@example.com").await;
    let recovery = recovery(&setting, &user);
    setting.store.recover_admin(&recovery).await.unwrap();
    assert!(matches!(setting.store.recover_admin(&recovery).await, Err(WriteError::Stale)));
}

async fn a_manager_who_looks_after_somebody_is_not_recovered(setting: Setting) {
    let user = setting.manager("ann@example.com").await;
    setting.customer("+998901234567", Some(&user)).await;
    let refused = setting.store.recover_admin(&recovery(&setting, &user)).await;
    assert!(matches!(refused, Err(WriteError::HasCustomers(1))), "{refused:?}");
    let found = setting.store.find_credentials(&email("ann@example.com")).await.unwrap().unwrap();
    assert_eq!(found.user, user);
    assert_ne!(found.password_hash, password_hash("recovered"));
}

async fn a_customer_is_not_recovered(setting: Setting) {
    let user = setting.customer("+998901234567", None).await;
    assert!(matches!(setting.store.recover_admin(&recovery(&setting, &user)).await, Err(WriteError::Stale)));
}

async fn nobody_is_made_admin_by_token_after_a_recovery(setting: Setting) {
    let user = setting.manager("ann@example.com").await;
    assert!(setting.store.add_setup_token(&[1; 32], setting.clock.now()).await.unwrap());
    setting.store.recover_admin(&recovery(&setting, &user)).await.unwrap();
    assert!(!setting.store.add_setup_token(&[2; 32], setting.clock.now()).await.unwrap());
}

async fn a_recovery_is_recorded_and_the_end_of_sessions_only_where_there_were_some(ground: Ground) {
    let setting = ground.setting();
    let user = setting.admin("ann@example.com").await;
    let first = recovery(&setting, &user);
    let before = ground.count("audit_events").await;
    setting.store.recover_admin(&first).await.unwrap();
    assert_eq!(ground.count("audit_events").await - before, 1);
    begin_session(&setting, &user).await;
    setting.store.recover_admin(&recovery(&setting, &first.admin)).await.unwrap();
    assert_eq!(ground.count("audit_events").await - before, 4, "a start, a reset, an end");
    assert_eq!(ground.count("setup_tokens").await, 0);
}
