//! How people change, are handed over and go.

use domain::audit::{Change, Event, EventFilter, EventKind, EventQuery};
use domain::challenge::{Challenge, Purpose};
use domain::idempotency::{IdempotentRequest, StoredAnswer};
use domain::store::{Erasure, Handover, Share, Update, WriteError};
use domain::testing::{any_code, challenge, customer, event, manager, message, phone, session};
use domain::{Clock, DisplayName, Field, PageSize, Profile, Scope, Sort, Staff, StaffRole, User, UserId, UserQuery};

use sea_orm::DbBackend;
use serde_json::{Value, json};

use super::backends::{BY, Ground, Setting, customer_profile, never, tests};

tests! {
    every store:
    a_change_is_written_whole,
    a_change_over_another_is_stale,
    a_refused_change_leaves_nothing_behind,
    a_change_ends_sessions_when_it_should,
    customers_go_to_others,
    a_handover_of_what_was_not_seen_is_stale,
    receivers_are_active_managers,
    only_a_manager_is_deactivated_by_a_handover,
    an_erased_person_leaves_ids_only,
    customers_of_the_erased_get_another_creator,
    an_heir_who_is_gone_is_another_admin,
    what_refers_to_somebody_gone_is_refused,
    an_erasure_is_refused_like_a_change,
    personal_events_come_page_by_page,
    personal_data_is_all_there_is,
    a_renamed_customer_is_listed_under_the_new_name;

    every database:
    ten_thousand_customers_go_at_once,
    a_long_erasure_goes_on_where_it_was_cut_off,
    profiles_move_with_their_people;
}

async fn find(setting: &Setting, id: UserId) -> Option<User> {
    setting.store.find_user(Scope::All, id).await.unwrap()
}

/// The change with the next version, as the use-case makes it.
fn changed(setting: &Setting, before: &User, change: impl FnOnce(&mut User)) -> Update {
    let mut after = before.clone();
    change(&mut after);
    after.version += 1;
    after.updated_at = setting.clock.now();
    let events = vec![event(&setting.clock, EventKind::UserUpdated, Some(before.id))];
    Update { before: before.clone(), after, ends_sessions: false, proof: None, events }
}

fn staff(user: &mut User) -> &mut Staff {
    match &mut user.profile {
        Profile::Admin(staff) | Profile::Manager(staff) => staff,
        Profile::Customer(_) => panic!("a customer"),
    }
}

fn set_role(user: &mut User, role: StaffRole) {
    user.profile = role.profile(staff(user).clone());
}

fn erasure(setting: &Setting, user: &User, heir: Option<&User>) -> Erasure {
    let event = event(&setting.clock, EventKind::UserErased, Some(user.id));
    Erasure { user: user.clone(), is_of_version: true, heir: heir.map(|heir| heir.id), event }
}

async fn a_change_is_written_whole(setting: Setting) {
    setting.clock.advance(chrono::TimeDelta::seconds(1));
    let ann = setting.manager("ann@example.com").await;
    let ben = setting.manager("ben@example.com").await;
    let zarina = setting.customer("+998901234567", Some(&ann)).await;
    setting.clock.advance(chrono::TimeDelta::seconds(1));
    let update = changed(&setting, &ben, |user| {
        user.display_name = Some(DisplayName::parse("Ўктам").unwrap());
        user.is_active = false;
        user.verified_at = Some(setting.clock.now());
        set_role(user, StaffRole::Admin);
        let staff = staff(user);
        staff.email = domain::testing::email("b@example.com");
        staff.phone = Some(phone("+998901234567"));
        staff.verification_method = domain::VerificationMethod::Whatsapp;
        staff.tin_trunk_number = Some(domain::TrunkNumber::parse("7").unwrap());
    });
    setting.store.update_user(BY, &update, &never).await.unwrap();
    assert_eq!(find(&setting, ben.id).await.as_ref(), Some(&update.after));

    let update = changed(&setting, &zarina, |user| {
        user.verified_at = None;
        let profile = customer_profile(user);
        profile.phone = phone("+998900000001");
        profile.assigned_manager_id = None;
        profile.metadata = domain::Metadata::parse(serde_json::Map::from_iter([("a".into(), 1.into())])).unwrap();
    });
    setting.store.update_user(BY, &update, &never).await.unwrap();
    assert_eq!(find(&setting, zarina.id).await, Some(update.after));
}

async fn a_change_over_another_is_stale(setting: Setting) {
    let ann = setting.manager("ann@example.com").await;
    let first = changed(&setting, &ann, |user| user.is_active = false);
    setting.store.update_user(BY, &first, &never).await.unwrap();
    let second = changed(&setting, &ann, |user| user.display_name = DisplayName::parse_optional("x").unwrap());
    assert!(matches!(setting.store.update_user(BY, &second, &never).await, Err(WriteError::Stale)));
    assert_eq!(find(&setting, ann.id).await, Some(first.after));
    let nobody = manager(&setting.clock, "nobody@example.com");
    let update = changed(&setting, &nobody, |_| {});
    assert!(matches!(setting.store.update_user(BY, &update, &never).await, Err(WriteError::Stale)));
}

async fn a_refused_change_leaves_nothing_behind(setting: Setting) {
    let admin = setting.admin("admin@example.com").await;
    let ann = setting.manager("ann@example.com").await;
    let zarina = setting.customer("+998900000001", Some(&ann)).await;
    let aziz = setting.customer("+998900000002", None).await;
    for (before, change) in [
        (&admin, changed(&setting, &admin, |user| user.is_active = false)),
        (&admin, changed(&setting, &admin, |user| set_role(user, StaffRole::Manager))),
        (&ann, changed(&setting, &ann, |user| set_role(user, StaffRole::Admin))),
        (&ann, changed(&setting, &ann, |user| staff(user).email = domain::testing::email("admin@example.com"))),
        (&aziz, changed(&setting, &aziz, |user| customer_profile(user).phone = phone("+998900000001"))),
        (&aziz, changed(&setting, &aziz, |user| customer_profile(user).assigned_manager_id = Some(admin.id))),
    ] {
        let refused = setting.store.update_user(BY, &change, &never).await.unwrap_err();
        let expected = match before.id {
            id if id == admin.id => matches!(refused, WriteError::LastAdmin),
            id if id == ann.id => matches!(refused, WriteError::HasCustomers(1) | WriteError::Taken(Field::Email)),
            _ => matches!(refused, WriteError::Taken(Field::Phone) | WriteError::NotAnActiveManager),
        };
        assert!(expected, "{refused:?}");
        assert_eq!(find(&setting, before.id).await.as_ref(), Some(before));
    }
    let second = setting.admin("second@example.com").await;
    let now = changed(&setting, &admin, |user| user.is_active = false);
    setting.store.update_user(BY, &now, &never).await.unwrap();
    let last = changed(&setting, &second, |user| set_role(user, StaffRole::Manager));
    assert!(matches!(setting.store.update_user(BY, &last, &never).await, Err(WriteError::LastAdmin)));
    let own_name = changed(&setting, &zarina, |user| user.display_name = DisplayName::parse_optional("x").unwrap());
    setting.store.update_user(BY, &own_name, &never).await.unwrap();
}

async fn a_change_ends_sessions_when_it_should(setting: Setting) {
    let ann = setting.manager("ann@example.com").await;
    let begun = session(&setting.clock, ann.id);
    setting.store.start_session(&begun, &event(&setting.clock, EventKind::SessionStarted, None)).await.unwrap();
    let harmless = changed(&setting, &ann, |user| user.display_name = DisplayName::parse_optional("x").unwrap());
    setting.store.update_user(BY, &harmless, &never).await.unwrap();
    assert!(setting.store.find_session(begun.id).await.unwrap().is_some());
    let ending = Update { ends_sessions: true, ..changed(&setting, &harmless.after, |_| {}) };
    setting.store.update_user(BY, &ending, &never).await.unwrap();
    assert!(setting.store.find_session(begun.id).await.unwrap().is_none());
}

fn handover(setting: &Setting, from: &User, shares: &[(Option<&User>, &[&User])]) -> Handover {
    let share = |(to, customers): &(Option<&User>, &[&User])| Share {
        to: to.map(|to| to.id),
        customers: customers.iter().map(|customer| customer.id).collect(),
    };
    Handover {
        from: from.id,
        shares: shares.iter().map(share).collect(),
        is_complete: true,
        deactivates: false,
        at: setting.clock.now(),
        events: Vec::new(),
    }
}

async fn customers_go_to_others(setting: Setting) {
    let ann = setting.manager("ann@example.com").await;
    let ben = setting.manager("ben@example.com").await;
    let first = setting.customer("+998900000001", Some(&ann)).await;
    let second = setting.customer("+998900000002", Some(&ann)).await;
    assert_eq!(setting.store.list_customer_ids(ann.id).await.unwrap(), [first.id, second.id]);
    let begun = session(&setting.clock, ann.id);
    setting.store.start_session(&begun, &event(&setting.clock, EventKind::SessionStarted, None)).await.unwrap();
    setting.clock.advance(chrono::TimeDelta::seconds(1));
    let shares: [(Option<&User>, &[&User]); 2] = [(Some(&ben), &[&first]), (None, &[&second])];
    let order = Handover { deactivates: true, ..handover(&setting, &ann, &shares) };
    setting.store.hand_over(BY, &order, None).await.unwrap();
    for (before, manager) in [(&first, Some(ben.id)), (&second, None)] {
        let mut expected = before.clone();
        customer_profile(&mut expected).assigned_manager_id = manager;
        (expected.version, expected.updated_at) = (2, order.at);
        assert_eq!(find(&setting, before.id).await, Some(expected));
    }
    let left = find(&setting, ann.id).await.unwrap();
    assert_eq!((left.is_active, left.version, left.updated_at), (false, 2, order.at));
    assert!(setting.store.find_session(begun.id).await.unwrap().is_none());
    assert!(matches!(setting.store.hand_over(BY, &order, None).await, Err(WriteError::Stale)), "they are gone already");
}

async fn a_handover_of_what_was_not_seen_is_stale(setting: Setting) {
    let ann = setting.manager("ann@example.com").await;
    let ben = setting.manager("ben@example.com").await;
    let first = setting.customer("+998900000001", Some(&ann)).await;
    let second = setting.customer("+998900000002", Some(&ann)).await;
    let others = setting.customer("+998900000003", Some(&ben)).await;
    let shares: [(Option<&User>, &[&User]); 1] = [(Some(&ben), &[&first])];
    let order = handover(&setting, &ann, &shares);
    assert!(matches!(setting.store.hand_over(BY, &order, None).await, Err(WriteError::Stale)), "one was overlooked");
    let shares: [(Option<&User>, &[&User]); 1] = [(Some(&ben), &[&first, &second, &others])];
    let order = handover(&setting, &ann, &shares);
    assert!(matches!(setting.store.hand_over(BY, &order, None).await, Err(WriteError::Stale)), "one is not theirs");
    for user in [&first, &second, &others] {
        assert_eq!(find(&setting, user.id).await.as_ref(), Some(user));
    }
    let shares: [(Option<&User>, &[&User]); 1] = [(Some(&ben), &[&first])];
    let partly = Handover { is_complete: false, ..handover(&setting, &ann, &shares) };
    setting.store.hand_over(BY, &partly, None).await.unwrap();
    assert_eq!(setting.store.list_customer_ids(ann.id).await.unwrap(), [second.id]);
}

async fn receivers_are_active_managers(setting: Setting) {
    let ann = setting.manager("ann@example.com").await;
    let mine = setting.customer("+998900000001", Some(&ann)).await;
    let admin = setting.admin("admin@example.com").await;
    let mut idle = manager(&setting.clock, "idle@example.com");
    idle.is_active = false;
    setting.enter(&idle).await;
    for wrong in [&admin, &idle, &mine] {
        let shares: [(Option<&User>, &[&User]); 1] = [(Some(wrong), &[&mine])];
        let refused = setting.store.hand_over(BY, &handover(&setting, &ann, &shares), None).await;
        assert!(matches!(refused, Err(WriteError::NotAnActiveManager)), "{refused:?}");
    }
    let ids = [idle.id, ann.id, admin.id, mine.id, setting.clock.new_id().into()];
    assert_eq!(setting.store.find_active_managers(&ids).await.unwrap(), [ann.id]);
    assert_eq!(setting.store.find_active_managers(&[]).await.unwrap(), []);
}

async fn only_a_manager_is_deactivated_by_a_handover(setting: Setting) {
    let ann = setting.manager("ann@example.com").await;
    let order = Handover { deactivates: true, ..handover(&setting, &ann, &[]) };
    // Since the handover was asked for, she became the one admin there is.
    let promotion = changed(&setting, &ann, |user| set_role(user, StaffRole::Admin));
    setting.store.update_user(BY, &promotion, &never).await.unwrap();
    let refused = setting.store.hand_over(BY, &order, None).await;
    assert!(matches!(refused, Err(WriteError::Stale)), "{refused:?}");
    assert_eq!(find(&setting, ann.id).await, Some(promotion.after));
}

/// An entry about somebody, with a personal value and one that is not.
fn telling(setting: &Setting, subject: &User, actor: Option<&User>, name: &str) -> Event {
    let mut event = event(&setting.clock, EventKind::UserUpdated, Some(subject.id));
    event.actor_id = actor.map(|actor| actor.id);
    event.address = Some("192.0.2.7".parse().unwrap());
    for (field, value) in [("display_name", name), ("role", "manager")] {
        event.changes.insert(field.to_owned(), Change { from: serde_json::Value::Null, to: value.into() });
    }
    event
}

async fn an_erased_person_leaves_ids_only(setting: Setting) {
    let admin = setting.admin("admin@example.com").await;
    let ann = setting.manager("ann@example.com").await;
    // More of them than one statement blanks.
    for number in 0..130 {
        setting.store.record_event(&telling(&setting, &ann, Some(&admin), &format!("ann {number}"))).await.unwrap();
    }
    setting.store.record_event(&telling(&setting, &ann, None, "by nobody")).await.unwrap();
    setting.store.record_event(&telling(&setting, &admin, Some(&ann), "of admin")).await.unwrap();
    let asked = domain::challenge::Challenge {
        user_id: Some(ann.id),
        ..challenge(&setting.clock, Purpose::PasswordReset, [1; 32])
    };
    let of_nobody = challenge(&setting.clock, Purpose::StaffSignUp, [2; 32]);
    for challenge in [&asked, &of_nobody] {
        let message = message(&setting.clock, challenge);
        setting.store.open_challenge(challenge, &message, setting.clock.now(), &[]).await.unwrap();
    }
    let begun = session(&setting.clock, ann.id);
    setting.store.start_session(&begun, &event(&setting.clock, EventKind::SessionStarted, Some(ann.id))).await.unwrap();

    setting.store.erase_user(BY, &erasure(&setting, &ann, Some(&admin))).await.unwrap();
    assert_eq!(find(&setting, ann.id).await, None);
    assert!(setting.store.find_session(begun.id).await.unwrap().is_none());
    let now = setting.clock.now();
    for challenge in [&asked, &of_nobody] {
        assert!(setting.store.take_try(challenge.id, now, &any_code()).await.unwrap().is_none());
    }
    assert!(setting.store.claim_messages(now, now, 9).await.unwrap().is_empty());

    let events = all_events(&setting, admin.id, 50).await;
    let blanked: Vec<_> = events.iter().filter(|event| event.subject_id == Some(ann.id)).collect();
    assert_eq!(blanked.len(), 130, "what the admin did to her");
    for event in blanked {
        assert_eq!(event.changes["display_name"].to, domain::audit::ERASED);
        assert_eq!(event.changes["role"].to, "manager");
        assert!(event.address.is_some(), "the admin's own address stays");
    }
    let of_admin = events.iter().find(|event| event.actor_id == Some(ann.id)).unwrap();
    assert_eq!(of_admin.changes["display_name"].to, "of admin", "others keep what is told about them");
    assert_eq!(of_admin.address, None, "where she acted from is blanked");
}

async fn customers_of_the_erased_get_another_creator(setting: Setting) {
    let (admin, second) = (setting.admin("a@example.com").await, setting.admin("b@example.com").await);
    let mut entered = customer(&setting.clock, "+998900000001", None);
    customer_profile(&mut entered).created_by = admin.id;
    let own = customer(&setting.clock, "+998900000002", None);
    setting.enter_all(&[&entered, &own]).await;
    let creator = async |user: &User| {
        let found = find(&setting, user.id).await.unwrap();
        (found.customer().unwrap().created_by, found.version)
    };
    // The heir of somebody who erases themselves is another admin.
    setting.store.erase_user(BY, &erasure(&setting, &admin, Some(&admin))).await.unwrap();
    assert_eq!(creator(&entered).await, (second.id, 2));
    assert_eq!(creator(&own).await, (own.id, 1));
    assert_eq!(inheritance(&setting, &admin).await, Some((json!(admin.id), json!(second.id))));
    setting.store.erase_user(BY, &erasure(&setting, &own, None)).await.unwrap();
    assert_eq!(find(&setting, own.id).await, None);
    assert_eq!(inheritance(&setting, &own).await, None, "nobody else was entered by them");
}

/// Whose customers went to whom, as the erasure's entry tells.
async fn inheritance(setting: &Setting, erased: &User) -> Option<(Value, Value)> {
    let filter = EventFilter { subject: Some(erased.id), kind: Some(EventKind::UserErased), ..EventFilter::default() };
    let query = EventQuery { filter, ..EventQuery::default() };
    let page = setting.store.list_events(Scope::All, &query).await.unwrap();
    let [event] = &page.items[..] else { panic!("one entry: {page:?}") };
    event.changes.get("created_by").map(|change| (change.from.clone(), change.to.clone()))
}

async fn an_heir_who_is_gone_is_another_admin(setting: Setting) {
    let (admin, second) = (setting.admin("a@example.com").await, setting.admin("b@example.com").await);
    let ann = setting.manager("ann@example.com").await;
    let mut entered = Vec::new();
    for (number, creator) in [("+998900000001", &second), ("+998900000002", &ann)] {
        let mut customer = customer(&setting.clock, number, None);
        customer_profile(&mut customer).created_by = creator.id;
        setting.enter(&customer).await;
        entered.push(customer.id);
    }
    let gone = manager(&setting.clock, "gone@example.com");
    for erased in [&second, &ann] {
        setting.store.erase_user(BY, &erasure(&setting, erased, Some(&gone))).await.unwrap();
    }
    for id in entered {
        assert_eq!(find(&setting, id).await.unwrap().customer().unwrap().created_by, admin.id);
    }
}

async fn what_refers_to_somebody_gone_is_refused(setting: Setting) {
    let clock = &setting.clock;
    let gone = clock.new_id().into();
    let started = event(clock, EventKind::SessionStarted, None);
    let refused = setting.store.start_session(&session(clock, gone), &started).await;
    assert!(matches!(refused, Err(WriteError::Stale)), "{refused:?}");
    let asked = Challenge { user_id: Some(gone), ..challenge(clock, Purpose::PasswordReset, [1; 32]) };
    let refused = setting.store.open_challenge(&asked, &message(clock, &asked), clock.now(), &[]).await;
    assert!(matches!(refused, Err(WriteError::Gone)), "{refused:?}");
    let mut by_key = domain::testing::account(&manager(clock, "ann@example.com"));
    let request = IdempotentRequest { caller: gone, key: [1; 32], request: [2; 32] };
    by_key.stored_answer = Some(StoredAnswer { request, answer: String::new(), expires_at: clock.now() });
    let refused = setting.store.create_account(BY, &by_key, &[]).await;
    assert!(matches!(refused, Err(WriteError::Gone)), "{refused:?}");
    assert_eq!(find(&setting, by_key.user.id).await, None);
}

async fn an_erasure_is_refused_like_a_change(setting: Setting) {
    let admin = setting.admin("admin@example.com").await;
    let ann = setting.manager("ann@example.com").await;
    setting.customer("+998900000001", Some(&ann)).await;
    let seen = User { version: 7, ..ann.clone() };
    for user in [&ann, &admin, &seen] {
        let erasure = erasure(&setting, user, Some(&admin));
        for refused in [setting.store.prepare_erasure(BY, &erasure).await, setting.store.erase_user(BY, &erasure).await]
        {
            let is_expected = match user {
                user if user.version == 7 => matches!(refused, Err(WriteError::Stale)),
                user if user.id == ann.id => matches!(refused, Err(WriteError::HasCustomers(1))),
                _ => matches!(refused, Err(WriteError::LastAdmin)),
            };
            assert!(is_expected, "{refused:?}");
        }
    }
    assert_eq!(find(&setting, ann.id).await.as_ref(), Some(&ann));
    assert_eq!(find(&setting, admin.id).await.as_ref(), Some(&admin));
}

/// What happened to a person and what they did, page by page.
async fn all_events(setting: &Setting, id: UserId, size: u64) -> Vec<Event> {
    let (mut events, mut after) = (Vec::new(), None);
    loop {
        let size = PageSize::new(size).unwrap();
        let page = setting.store.find_personal_events(Scope::All, id, after, size).await.unwrap().unwrap();
        assert!(page.items.len() <= size.get());
        events.extend(page.items);
        after = page.next;
        if after.is_none() {
            return events;
        }
    }
}

/// Of ten of each kind at one moment, what somebody did to themselves is on the list once.
async fn personal_events_come_page_by_page(setting: Setting) {
    let ann = setting.manager("ann@example.com").await;
    let mine = setting.customer("+998900000001", Some(&ann)).await;
    for _ in 0..10 {
        for (about, by) in [(&ann, &ann), (&mine, &ann), (&ann, &mine), (&mine, &mine)] {
            setting.store.record_event(&telling(&setting, about, Some(by), "x")).await.unwrap();
        }
    }
    let events = all_events(&setting, ann.id, 200).await;
    assert_eq!(events.len(), 1 + 30, "her beginning, and what is about her or by her");
    assert!(events.is_sorted_by_key(|event| std::cmp::Reverse(event.id)), "newest first");
    for size in [1, 3, 7, 10, 31] {
        assert_eq!(all_events(&setting, ann.id, size).await, events, "{size} to a page");
    }
}

async fn personal_data_is_all_there_is(setting: Setting) {
    let ann = setting.manager("ann@example.com").await;
    let mine = setting.customer("+998900000001", Some(&ann)).await;
    let begun = session(&setting.clock, ann.id);
    setting.store.start_session(&begun, &telling(&setting, &ann, Some(&ann), "a")).await.unwrap();
    setting.store.record_event(&telling(&setting, &mine, Some(&ann), "b")).await.unwrap();
    let to_her = Challenge { user_id: Some(ann.id), ..challenge(&setting.clock, Purpose::PasswordReset, [1; 32]) };
    // With her contact, by somebody without an account: others may claim a contact too.
    let by_nobody = challenge(&setting.clock, Purpose::StaffSignUp, [3; 32]);
    let to_another =
        Challenge { contact: "ben@example.com".to_owned(), ..challenge(&setting.clock, Purpose::StaffSignUp, [2; 32]) };
    for asked in [&to_her, &by_nobody, &to_another] {
        setting.store.open_challenge(asked, &message(&setting.clock, asked), asked.created_at, &[]).await.unwrap();
    }
    let data = setting.store.find_personal_data(Scope::Own(ann.id), ann.id).await.unwrap().unwrap();
    assert_eq!((data.challenges, data.stored_answer), (vec![to_her], None));
    assert_eq!((&data.user, &data.sessions), (&ann, &vec![begun]));
    assert_eq!((data.created_customers, data.assigned_customers), (1, 1));
    let events = all_events(&setting, ann.id, 200).await;
    let told: Vec<_> = events.iter().map(|event| (event.kind, event.subject_id)).collect();
    let (updated, created) = (EventKind::UserUpdated, EventKind::UserCreated);
    assert_eq!(told, [(updated, Some(mine.id)), (updated, Some(ann.id)), (created, Some(ann.id))]);
    for size in [1, 2] {
        assert_eq!(all_events(&setting, ann.id, size).await, events, "in whatever pages");
    }
    for (scope, id) in [(Scope::Own(ann.id), mine.id), (Scope::Nothing, ann.id), (Scope::AllCustomers, ann.id)] {
        assert!(setting.store.find_personal_data(scope, id).await.unwrap().is_none());
        let page = setting.store.find_personal_events(scope, id, None, PageSize::default()).await;
        assert_eq!(page.unwrap(), None);
    }
}

async fn ten_thousand_customers_go_at_once(ground: Ground) {
    const CUSTOMERS: i64 = 10_000;
    let setting = ground.setting();
    let ann = setting.manager("ann@example.com").await;
    let ben = setting.manager("ben@example.com").await;
    let eva = setting.manager("eva@example.com").await;
    let mut customers = Vec::new();
    for number in 0..CUSTOMERS {
        customers.push(customer(&setting.clock, &format!("+9989000{number:05}"), Some(ann.id)));
    }
    for chunk in customers.chunks(500) {
        ground.insert_customers(chunk).await;
    }
    let ids = setting.store.list_customer_ids(ann.id).await.unwrap();
    assert_eq!(ids.len(), 10_000);
    let share = |to: &User, nth: usize| Share {
        to: Some(to.id),
        customers: ids.iter().skip(nth).step_by(2).copied().collect(),
    };
    let events = ids.iter().map(|id| event(&setting.clock, EventKind::CustomerAssigned, Some(*id))).collect();
    let shares = vec![share(&ben, 0), share(&eva, 1)];
    let at = setting.clock.now();
    let order = Handover { from: ann.id, shares, is_complete: true, deactivates: false, at, events };
    let began = std::time::Instant::now();
    setting.store.hand_over(BY, &order, None).await.unwrap();
    eprintln!("10,000 customers in {:?}", began.elapsed());
    for (manager, count) in [(&ann, 0), (&ben, 5_000), (&eva, 5_000)] {
        assert_eq!(setting.store.list_customer_ids(manager.id).await.unwrap().len(), count);
    }
    let moved = ground.rows("SELECT COUNT(*) AS n FROM users WHERE version = 2").await;
    assert_eq!(moved[0].try_get::<i64>("", "n").unwrap(), CUSTOMERS);
    assert_eq!(ground.count("audit_events").await, CUSTOMERS + 3);
}

/// Customers and events of somebody who is to be erased, more than one transaction changes.
async fn entered_many(ground: &Ground, setting: &Setting, creator: &User) {
    let entered = |number: usize| {
        setting.clock.advance(chrono::TimeDelta::microseconds(1));
        let mut customer = customer(&setting.clock, &format!("+9989000{number:05}"), None);
        customer_profile(&mut customer).created_by = creator.id;
        customer
    };
    let customers: Vec<_> = (0..2_500).map(entered).collect();
    for chunk in customers.chunks(500) {
        ground.insert_customers(chunk).await;
    }
    // Several at one moment.
    let events: Vec<_> = (0..2_500).map(|_| telling(setting, creator, Some(creator), "ann")).collect();
    let ben = manager(&setting.clock, "ben@example.com");
    setting.store.create_account(BY, &domain::testing::account(&ben), &events).await.unwrap();
}

async fn a_long_erasure_goes_on_where_it_was_cut_off(ground: Ground) {
    let setting = ground.setting();
    let admin = setting.admin("admin@example.com").await;
    let ann = setting.manager("ann@example.com").await;
    entered_many(&ground, &setting, &ann).await;
    let hers = async || setting.store.find_personal_data(Scope::All, ann.id).await.unwrap().unwrap().created_customers;
    let with_address = async || {
        let rows = ground.rows("SELECT COUNT(*) AS n FROM audit_events WHERE address IS NOT NULL").await;
        rows[0].try_get::<i64>("", "n").unwrap()
    };
    // Not a step further than the first thousand.
    let literal = ground.literal(ann.id);
    let (stop, go_on) = match ground.raw.get_database_backend() {
        DbBackend::Sqlite => (
            "CREATE TRIGGER stop BEFORE UPDATE ON customers WHEN OLD.phone = '+998900001500' \
             BEGIN SELECT RAISE(ABORT, 'stop'); END"
                .to_owned(),
            "DROP TRIGGER stop",
        ),
        _ => (
            format!(
                "ALTER TABLE customers ADD CONSTRAINT stop CHECK (phone <> '+998900001500' OR created_by = {literal})"
            ),
            "ALTER TABLE customers DROP CONSTRAINT stop",
        ),
    };
    ground.run(&stop).await.unwrap();
    let erasure = erasure(&setting, &ann, Some(&admin));
    assert!(matches!(setting.store.prepare_erasure(BY, &erasure).await, Err(WriteError::Store(_))));
    assert_eq!((hers().await, with_address().await), (1_500, 2_500));
    assert_eq!(find(&setting, ann.id).await.as_ref(), Some(&ann), "she is there as before");

    ground.run(go_on).await.unwrap();
    setting.store.prepare_erasure(BY, &erasure).await.unwrap();
    assert_eq!((hers().await, with_address().await), (500, 500), "a transaction's worth is left");
    setting.store.erase_user(BY, &erasure).await.unwrap();
    assert_eq!(with_address().await, 0);
    let data = setting.store.find_personal_data(Scope::All, admin.id).await.unwrap().unwrap();
    assert_eq!(data.created_customers, 2_500);
    assert_eq!(inheritance(&setting, &ann).await, Some((json!(ann.id), json!(admin.id))));
}

async fn profiles_move_with_their_people(ground: Ground) {
    let setting = ground.setting();
    let ann = setting.manager("ann@example.com").await;
    let mine = setting.customer("+998900000001", Some(&ann)).await;
    setting.clock.advance(chrono::TimeDelta::seconds(1));
    for user in [&ann, &mine] {
        let update = changed(&setting, user, |user| user.is_active = false);
        setting.store.update_user(BY, &update, &never).await.unwrap();
    }
    for table in ["users", "admin_managers", "customers"] {
        for row in ground.rows(format!("SELECT created_at, updated_at FROM {table}")).await {
            let time = |column| row.try_get::<domain::Timestamp>("", column).unwrap();
            assert_eq!((time("created_at"), time("updated_at")), (ann.created_at, setting.clock.now()), "{table}");
        }
    }
}

async fn a_renamed_customer_is_listed_under_the_new_name(setting: Setting) {
    let ann = setting.manager("ann@example.com").await;
    let named = |name| move |user: &mut User| user.display_name = DisplayName::parse_optional(name).unwrap();
    let mut customers = Vec::new();
    for (number, name) in [("+998900000001", "b"), ("+998900000002", "c"), ("+998900000003", "d")] {
        let mut customer = customer(&setting.clock, number, Some(ann.id));
        named(name)(&mut customer);
        setting.enter(&customer).await;
        customers.push(customer);
    }
    let last = changed(&setting, &customers[2], named("A"));
    setting.store.update_user(BY, &last, &never).await.unwrap();
    let query = UserQuery { sort: Sort::NameAscending, ..UserQuery::default() };
    for scope in [Scope::AssignedTo(ann.id), Scope::AllCustomers] {
        let page = setting.store.list_users(scope, &query).await.unwrap();
        let ids: Vec<_> = page.items.iter().map(|user| user.id).collect();
        assert_eq!(ids, [customers[2].id, customers[0].id, customers[1].id], "{scope:?}");
    }
}
