//! People and their profiles.

use chrono::TimeDelta;
use domain::Field;
use domain::audit::EventKind;
use domain::store::{Account, StoreError, UserStore, WriteError};
use domain::testing::{account, admin, customer, email, event, manager, password_hash, phone, session};
use domain::{Clock, DisplayName, Metadata, Profile, Scope, TrunkNumber, User, UserId, VerificationMethod};
use serde_json::json;

use super::backends::{BY, Ground, Setting, customer_profile, tests};

tests! {
    every store:
    everything_about_a_person_is_found_again,
    an_email_is_taken_once,
    two_spellings_of_a_mailbox_are_one_email,
    a_phone_is_taken_once_among_customers,
    only_an_active_manager_can_be_assigned,
    whoever_enters_a_customer_must_exist,
    the_first_admin_needs_a_token_and_spends_all,
    no_token_is_added_once_there_is_an_admin,
    a_person_outside_the_scope_is_not_found,
    credentials_are_those_of_staff,
    a_customer_is_found_by_phone,
    a_hash_is_renewed_only_over_the_old_one,
    a_migrated_database_is_ready;

    every database:
    a_refused_account_leaves_nothing_behind,
    an_event_is_recorded_whole,
    a_row_that_does_not_fit_is_an_error,
    an_email_that_is_no_longer_taken_is_still_read,
    a_database_that_lacks_a_migration_is_not_ready;
}

async fn find(setting: &Setting, id: UserId) -> Option<User> {
    setting.store.find_user(Scope::All, id).await.unwrap()
}

async fn everything_about_a_person_is_found_again(setting: Setting) {
    let clock = &setting.clock;
    clock.advance(TimeDelta::microseconds(123_456));
    let mut admin = admin(clock, "admin@example.com");
    admin.display_name = Some(DisplayName::parse("Ўктам 🦊").unwrap());
    admin.verified_at = Some(clock.now());
    clock.advance(TimeDelta::microseconds(1));
    let mut manager = manager(clock, "manager@example.com");
    let Profile::Manager(staff) = &mut manager.profile else { panic!("a manager") };
    staff.phone = Some(phone("+998901234567"));
    staff.tin_trunk_number = Some(TrunkNumber::parse("T-1").unwrap());
    staff.verification_method = VerificationMethod::Whatsapp;
    manager.is_active = false;
    manager.version = 7;
    clock.advance(TimeDelta::seconds(1) - TimeDelta::microseconds(123_457));
    let mut customer = customer(clock, "+998901234567", None);
    let metadata = json!({ "a": [1, -2.5, null, true, "ў\"\\"], "b": { "c": {} } });
    customer_profile(&mut customer).metadata = Metadata::parse(metadata.as_object().unwrap().clone()).unwrap();
    customer_profile(&mut customer).created_by = admin.id;
    customer.updated_at += TimeDelta::microseconds(999_999);
    setting.enter_all(&[&admin, &manager, &customer]).await;
    for user in [admin, manager, customer] {
        assert_eq!(find(&setting, user.id).await, Some(user));
    }
    assert_eq!(find(&setting, clock.new_id().into()).await, None);
}

async fn an_email_is_taken_once(setting: Setting) {
    setting.manager("ann@example.com").await;
    let second = admin(&setting.clock, "ann@example.com");
    assert!(matches!(setting.try_enter(&second).await, Err(WriteError::Taken(Field::Email))));
    assert_eq!(find(&setting, second.id).await, None);
    setting.manager("anna@example.com").await;
}

async fn two_spellings_of_a_mailbox_are_one_email(setting: Setting) {
    let ann = setting.manager("ann@bücher.example").await;
    for spelling in ["ann@xn--bcher-kva.example", "Ann@BÜCHER.example"] {
        let again = setting.try_enter(&manager(&setting.clock, spelling)).await;
        assert!(matches!(again, Err(WriteError::Taken(Field::Email))), "{spelling}");
        let found = setting.store.find_credentials(&email(spelling)).await.unwrap();
        assert_eq!(found.unwrap().user, ann, "{spelling}");
    }
}

/// An earlier release took domains that are none: nobody who has one is lost.
async fn an_email_that_is_no_longer_taken_is_still_read(ground: Ground) {
    let ann = ground.setting().manager("ann@example.com").await;
    ground.run("UPDATE admin_managers SET email = 'ann@xn--a.example'").await.unwrap();
    let found = ground.store().find_user(Scope::All, ann.id).await.unwrap().unwrap();
    assert_eq!(found.staff().unwrap().email.shown(), "ann@xn--a.example");
}

async fn a_phone_is_taken_once_among_customers(setting: Setting) {
    setting.customer("+998901234567", None).await;
    let second = customer(&setting.clock, "+998901234567", None);
    assert!(matches!(setting.try_enter(&second).await, Err(WriteError::Taken(Field::Phone))));
    assert_eq!(find(&setting, second.id).await, None);
    for address in ["ann@example.com", "bob@example.com"] {
        let mut manager = manager(&setting.clock, address);
        let Profile::Manager(staff) = &mut manager.profile else { panic!("a manager") };
        staff.phone = Some(phone("+998901234567"));
        setting.enter(&manager).await;
    }
}

async fn only_an_active_manager_can_be_assigned(setting: Setting) {
    let clock = &setting.clock;
    let mut inactive = manager(clock, "inactive@example.com");
    inactive.is_active = false;
    setting.enter(&inactive).await;
    let other = setting.customer("+998900000000", None).await;
    let admin = setting.admin("admin@example.com").await;
    for wrong in [inactive.id, other.id, admin.id, clock.new_id().into()] {
        let mut customer = customer(clock, "+998901234567", None);
        customer_profile(&mut customer).assigned_manager_id = Some(wrong);
        assert!(matches!(setting.try_enter(&customer).await, Err(WriteError::NotAnActiveManager)), "{wrong}");
        assert_eq!(find(&setting, customer.id).await, None);
    }
    let manager = setting.manager("manager@example.com").await;
    setting.customer("+998901234567", Some(&manager)).await;
}

async fn whoever_enters_a_customer_must_exist(setting: Setting) {
    let mut customer = customer(&setting.clock, "+998901234567", None);
    customer_profile(&mut customer).created_by = setting.clock.new_id().into();
    let refused = setting.try_enter(&customer).await;
    assert!(matches!(refused, Err(WriteError::Gone)), "{refused:?}");
    assert_eq!(find(&setting, customer.id).await, None);
}

async fn the_first_admin_needs_a_token_and_spends_all(setting: Setting) {
    let Setting { store, clock } = &setting;
    for token in [[1; 32], [2; 32]] {
        assert!(store.add_setup_token(&token, clock.now()).await.unwrap());
    }
    let first = admin(clock, "first@example.com");
    let events = [event(clock, EventKind::UserCreated, Some(first.id)), event(clock, EventKind::SessionStarted, None)];
    let begun = session(clock, first.id);
    let wrong = store.create_first_admin(&account(&first), &[3; 32], &begun, &events).await;
    assert!(matches!(wrong, Err(WriteError::SetupTokenRefused)));
    assert_eq!(find(&setting, first.id).await, None);

    store.create_first_admin(&account(&first), &[1; 32], &begun, &events).await.unwrap();
    assert_eq!(find(&setting, first.id).await.as_ref(), Some(&first));
    let caller = store.find_caller(begun.id, clock.now()).await.unwrap();
    assert_eq!(caller.map(|owner| owner.user), Some(first));

    let second = admin(clock, "second@example.com");
    let refused = store.create_first_admin(&account(&second), &[2; 32], &session(clock, second.id), &[]).await;
    assert!(matches!(refused, Err(WriteError::SetupTokenRefused)));
}

async fn no_token_is_added_once_there_is_an_admin(setting: Setting) {
    let Setting { store, clock } = &setting;
    setting.manager("manager@example.com").await;
    assert!(store.add_setup_token(&[1; 32], clock.now()).await.unwrap());
    assert!(store.has_setup_token(&[1; 32]).await.unwrap() && !store.has_setup_token(&[2; 32]).await.unwrap());
    let mut admin = admin(clock, "admin@example.com");
    admin.is_active = false;
    setting.enter(&admin).await;
    assert!(!store.add_setup_token(&[2; 32], clock.now()).await.unwrap());
    let second = domain::testing::admin(clock, "second@example.com");
    let refused = store.create_first_admin(&account(&second), &[1; 32], &session(clock, second.id), &[]).await;
    assert!(matches!(refused, Err(WriteError::SetupTokenRefused)));
}

async fn a_person_outside_the_scope_is_not_found(setting: Setting) {
    let manager = setting.manager("manager@example.com").await;
    let mine = setting.customer("+998901234567", Some(&manager)).await;
    let other = setting.customer("+998901234568", None).await;
    for (scope, seen) in [
        (Scope::All, [true, true, true]),
        (Scope::AllCustomers, [false, true, true]),
        (Scope::SelfAndAssigned(manager.id), [true, true, false]),
        (Scope::AssignedTo(manager.id), [false, true, false]),
        (Scope::Own(manager.id), [true, false, false]),
        (Scope::Nothing, [false, false, false]),
    ] {
        for (user, seen) in [&manager, &mine, &other].into_iter().zip(seen) {
            let found = setting.store.find_user(scope, user.id).await.unwrap();
            assert_eq!(found.as_ref(), seen.then_some(user), "{scope:?}");
        }
    }
}

async fn credentials_are_those_of_staff(setting: Setting) {
    let mut invited = manager(&setting.clock, "ann@example.com");
    invited.is_active = false;
    let hash = password_hash("secret");
    let created = Account::new(invited.clone(), hash.clone());
    let event = event(&setting.clock, EventKind::UserCreated, None);
    setting.store.create_account(BY, &created, &[event]).await.unwrap();
    let found = setting.store.find_credentials(&email("ann@example.com")).await.unwrap().unwrap();
    assert_eq!((found.user, found.password_hash), (invited, hash));
    assert!(setting.store.find_credentials(&email("bob@example.com")).await.unwrap().is_none());
}

async fn a_customer_is_found_by_phone(setting: Setting) {
    let mut manager = manager(&setting.clock, "ann@example.com");
    let Profile::Manager(staff) = &mut manager.profile else { panic!("a manager") };
    staff.phone = Some(phone("+998901234560"));
    setting.enter(&manager).await;
    let customer = setting.customer("+998901234567", None).await;
    let found = setting.store.find_customer_by_phone(&phone("+998901234567")).await.unwrap();
    assert_eq!(found, Some(customer));
    assert_eq!(setting.store.find_customer_by_phone(&phone("+998901234560")).await.unwrap(), None);
}

async fn a_hash_is_renewed_only_over_the_old_one(setting: Setting) {
    let manager = setting.manager("ann@example.com").await;
    let (old, new) = (account(&manager).password_hash, password_hash("new"));
    for (over, expected) in [(password_hash("wrong"), &old), (old.clone(), &new), (old.clone(), &new)] {
        let renewed = if over == old { &new } else { &over };
        setting.store.renew_password_hash(manager.id, &over, renewed).await.unwrap();
        let found = setting.store.find_credentials(&email("ann@example.com")).await.unwrap().unwrap();
        assert_eq!(&found.password_hash, expected);
        assert_eq!(found.user, manager);
    }
}

async fn a_migrated_database_is_ready(setting: Setting) {
    setting.store.check_ready().await.unwrap();
}

async fn a_refused_account_leaves_nothing_behind(ground: Ground) {
    let setting = ground.setting();
    let manager = setting.manager("ann@example.com").await;
    let mut taken = admin(&setting.clock, "ann@example.com");
    assert!(setting.try_enter(&taken).await.is_err());
    taken.profile = Profile::Customer(domain::Customer {
        phone: phone("+998901234567"),
        created_by: taken.id,
        assigned_manager_id: Some(taken.id),
        metadata: Metadata::default(),
    });
    assert!(setting.try_enter(&taken).await.is_err());
    let again = event(&setting.clock, EventKind::UserCreated, Some(manager.id));
    setting.store.record_event(&again).await.unwrap();
    // The entry can't be written, so neither is the person.
    let unlucky = domain::testing::manager(&setting.clock, "bob@example.com");
    assert!(setting.store.create_account(BY, &account(&unlucky), &[again]).await.is_err());
    for (table, rows) in [("users", 1), ("admin_managers", 1), ("customers", 0), ("audit_events", 2)] {
        assert_eq!(ground.count(table).await, rows, "{table}");
    }
}

async fn an_event_is_recorded_whole(ground: Ground) {
    let setting = ground.setting();
    let manager = setting.manager("ann@example.com").await;
    let mut written = event(&setting.clock, EventKind::UserUpdated, Some(manager.id))
        .with_changes(domain::audit::changes(None, &manager));
    written.actor_id = Some(manager.id);
    written.request_id = Some("r-1".to_owned());
    written.address = Some("2001:db8::1".parse().unwrap());
    setting.store.record_event(&written).await.unwrap();
    let rows = ground.rows("SELECT * FROM audit_events WHERE request_id = 'r-1'").await;
    let [row] = &rows[..] else { panic!("one event") };
    assert_eq!(row.try_get::<uuid::Uuid>("", "id").unwrap(), written.id.as_uuid());
    assert_eq!(row.try_get::<domain::Timestamp>("", "at").unwrap(), written.at);
    assert_eq!(row.try_get::<uuid::Uuid>("", "actor_id").unwrap(), manager.id.as_uuid());
    assert_eq!(row.try_get::<uuid::Uuid>("", "subject_id").unwrap(), manager.id.as_uuid());
    assert_eq!(row.try_get::<String>("", "actor_role").unwrap(), "anonymous");
    assert_eq!(row.try_get::<String>("", "action").unwrap(), "user.updated");
    assert_eq!(row.try_get::<String>("", "address").unwrap(), "2001:db8::1");
    let changes: serde_json::Value = row.try_get("", "changes").unwrap();
    assert_eq!(changes, serde_json::to_value(&written.changes).unwrap());
}

async fn a_row_that_does_not_fit_is_an_error(ground: Ground) {
    let setting = ground.setting();
    let admin = setting.admin("admin@example.com").await;
    ground.run("DELETE FROM admin_managers").await.unwrap();
    let error = setting.store.find_user(Scope::All, admin.id).await.unwrap_err();
    let StoreError::Failed(cause) = error else { panic!("{error:?}") };
    assert!(cause.to_string().contains("the profile is not the one of the role"), "{cause}");
    assert!(cause.to_string().contains(&admin.id.to_string()), "{cause}");
}

async fn a_database_that_lacks_a_migration_is_not_ready(ground: Ground) {
    use domain::store::HealthStore;

    let insert = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m99991231_000001_later', 0)";
    ground.run(insert).await.unwrap();
    // A newer release has migrated it, which leaves this one all that it needs.
    ground.store().check_ready().await.unwrap();
    ground.run("DELETE FROM seaql_migrations WHERE version LIKE 'm2026%'").await.unwrap();
    assert!(matches!(ground.store().check_ready().await, Err(StoreError::Failed(_))));
}
