//! Many customers at once.

use async_trait::async_trait;
use domain::audit::EventKind;
use domain::store::{
    ImportBatch, ImportBatches, ImportFound, ImportKeys, ImportStore, StoreError, Update, UserStore, WriteError,
};
use domain::testing::{FixedClock, customer, email, event, manager, phone};
use domain::{Clock, DisplayName, Field, Metadata, Scope, User};
use futures_util::future::join_all;

use super::backends::{BY, Ground, Setting, customer_profile, never, tests};

tests! {
    every store:
    who_is_there_is_found,
    parts_are_written_whole,
    a_refusal_in_a_later_part_undoes_the_earlier_ones,
    what_has_changed_meanwhile_is_stale,
    a_phone_that_is_taken_meanwhile_refuses_all,
    newly_assigned_managers_are_active;

    every database:
    what_an_earlier_part_wrote_is_found_by_a_later_one,
    a_part_of_the_largest_metadata_fits,
    one_of_two_imports_of_the_same_people_wins;
}

/// Parts that were judged before.
struct Given {
    parts: Vec<(ImportKeys, Result<ImportBatch, WriteError>)>,
    found: Vec<ImportFound>,
    /// How many parts were asked for, and the last of them, which may be asked for again.
    begun: usize,
    last: ImportBatch,
}

#[async_trait]
impl ImportBatches for Given {
    async fn next(&mut self) -> Result<Option<ImportKeys>, StoreError> {
        let keys = self.parts.get(self.begun).map(|(keys, _)| keys.clone());
        self.begun += 1;
        Ok(keys)
    }

    fn judge(&mut self, found: &ImportFound) -> Result<ImportBatch, WriteError> {
        if self.found.len() == self.begun {
            return Ok(self.last.clone());
        }
        self.found.push(found.clone());
        let part = std::mem::replace(&mut self.parts[self.begun - 1].1, Ok(ImportBatch::default()))?;
        self.last = part.clone();
        Ok(part)
    }
}

fn given(parts: impl IntoIterator<Item = ImportBatch>) -> Given {
    Given {
        parts: parts.into_iter().map(|part| (ImportKeys::default(), Ok(part))).collect(),
        found: Vec::new(),
        begun: 0,
        last: ImportBatch::default(),
    }
}

fn keys(phones: &[&str], emails: &[&str]) -> ImportKeys {
    ImportKeys {
        phones: phones.iter().map(|text| phone(text)).collect(),
        emails: emails.iter().map(|text| email(text)).collect(),
    }
}

fn created(clock: &FixedClock, people: Vec<User>) -> ImportBatch {
    let events = people.iter().map(|user| event(clock, EventKind::UserCreated, Some(user.id))).collect();
    ImportBatch { created: people, updated: Vec::new(), events }
}

fn changed(clock: &FixedClock, before: &User, change: impl FnOnce(&mut User)) -> Update {
    let mut after = before.clone();
    change(&mut after);
    (after.version, after.updated_at) = (after.version + 1, clock.now());
    Update { before: before.clone(), after, ends_sessions: false, proof: None, events: Vec::new() }
}

fn updated(clock: &FixedClock, updates: Vec<Update>) -> ImportBatch {
    let events = updates.iter().map(|update| event(clock, EventKind::UserUpdated, Some(update.after.id))).collect();
    ImportBatch { created: Vec::new(), updated: updates, events }
}

fn named(name: &str) -> impl FnOnce(&mut User) {
    let name = DisplayName::parse(name).ok();
    move |user| user.display_name = name
}

async fn find(setting: &Setting, user: &User) -> Option<User> {
    setting.store.find_user(Scope::All, user.id).await.unwrap()
}

async fn who_is_there_is_found(setting: Setting) {
    let ann = setting.manager("ann@example.com").await;
    let admin = setting.admin("admin@example.com").await;
    let aziz = setting.customer("+998900000001", Some(&ann)).await;
    setting.customer("+998900000002", None).await;
    let keys = keys(&["+998900000001", "+998900000009"], &["ann@example.com", "admin@example.com", "x@example.com"]);
    let found = setting.store.find_for_import(&keys).await.unwrap();
    assert_eq!(found.customers.into_values().collect::<Vec<_>>(), std::slice::from_ref(&aziz));
    assert_eq!(found.staff.into_values().collect::<Vec<_>>(), [admin.clone(), ann.clone()]);
    let nobody = setting.store.find_for_import(&ImportKeys::default()).await.unwrap();
    assert_eq!(nobody, ImportFound::default());
    let emails = setting.store.find_emails(&[ann.id, aziz.id, admin.id]).await.unwrap();
    assert_eq!(emails, [(ann.id, email("ann@example.com")), (admin.id, email("admin@example.com"))].into());
}

async fn parts_are_written_whole(setting: Setting) {
    let clock = &setting.clock;
    let ann = setting.manager("ann@example.com").await;
    let aziz = setting.customer("+998900000001", None).await;
    let zoe = setting.customer("+998900000002", Some(&ann)).await;
    let session = domain::testing::session(clock, zoe.id);
    let began = event(clock, EventKind::SessionStarted, Some(zoe.id));
    setting.store.start_session(&session, &began).await.unwrap();
    clock.advance(chrono::TimeDelta::seconds(1));
    let mut new = customer(clock, "+998900000003", Some(ann.id));
    named("Ўктам")(&mut new);
    let object = serde_json::Map::from_iter([("a".to_owned(), serde_json::json!([1, "'"]))]);
    let of_aziz = changed(clock, &aziz, |user| {
        named("Aziz")(user);
        let profile = customer_profile(user);
        profile.assigned_manager_id = Some(ann.id);
        profile.metadata = Metadata::parse(object).unwrap();
    });
    let of_zoe = changed(clock, &zoe, |user| user.is_active = false);
    let of_zoe = Update { ends_sessions: true, ..of_zoe };
    let mut first = created(clock, vec![new.clone()]);
    let second = updated(clock, vec![of_aziz.clone(), of_zoe.clone()]);
    first.events.truncate(1);
    let mut parts = given([first, second, ImportBatch::default()]);
    setting.store.import_customers(BY, &mut parts).await.unwrap();
    for user in [&new, &of_aziz.after, &of_zoe.after] {
        assert_eq!(find(&setting, user).await.as_ref(), Some(user));
        let query = domain::audit::EventQuery {
            filter: domain::audit::EventFilter { subject: Some(user.id), ..Default::default() },
            ..Default::default()
        };
        let kinds: Vec<_> =
            setting.store.list_events(Scope::All, &query).await.unwrap().items.iter().map(|event| event.kind).collect();
        assert!(kinds.contains(&EventKind::UserCreated) || kinds.contains(&EventKind::UserUpdated), "{kinds:?}");
    }
    assert_eq!(setting.store.list_sessions(zoe.id, clock.now()).await.unwrap(), []);
    // The profiles carry what lists of a manager's customers are found by.
    let query = domain::UserQuery { sort: domain::Sort::NameAscending, ..domain::UserQuery::default() };
    let listed = setting.store.list_users(Scope::AssignedTo(ann.id), &query).await.unwrap().items;
    assert_eq!(listed, [of_zoe.after, of_aziz.after, new]);
}

async fn a_refusal_in_a_later_part_undoes_the_earlier_ones(setting: Setting) {
    let (new, part) = {
        let new = customer(&setting.clock, "+998900000001", None);
        (new.clone(), created(&setting.clock, vec![new]))
    };
    let mut parts = given([part]);
    parts.parts.push((ImportKeys::default(), Err(WriteError::Stale)));
    assert!(matches!(setting.store.import_customers(BY, &mut parts).await, Err(WriteError::Stale)));
    assert_eq!(find(&setting, &new).await, None);
}

async fn what_has_changed_meanwhile_is_stale(setting: Setting) {
    let aziz = setting.customer("+998900000001", None).await;
    let zoe = setting.customer("+998900000002", None).await;
    let renamed = changed(&setting.clock, &zoe, named("Zoë"));
    setting.store.update_user(BY, &renamed, &never).await.unwrap();
    let updates = vec![changed(&setting.clock, &aziz, named("A")), changed(&setting.clock, &zoe, named("Z"))];
    let mut parts = given([updated(&setting.clock, updates)]);
    assert!(matches!(setting.store.import_customers(BY, &mut parts).await, Err(WriteError::Stale)));
    assert_eq!(find(&setting, &aziz).await, Some(aziz));
    assert_eq!(find(&setting, &zoe).await, Some(renamed.after));
    let gone = customer(&setting.clock, "+998900000003", None);
    let mut parts = given([updated(&setting.clock, vec![changed(&setting.clock, &gone, named("G"))])]);
    assert!(matches!(setting.store.import_customers(BY, &mut parts).await, Err(WriteError::Stale)));
    assert_eq!(find(&setting, &gone).await, None, "a change enters nobody");
}

async fn a_phone_that_is_taken_meanwhile_refuses_all(setting: Setting) {
    setting.customer("+998900000002", None).await;
    let people: Vec<_> =
        ["+998900000001", "+998900000002"].iter().map(|text| customer(&setting.clock, text, None)).collect();
    let mut parts = given([created(&setting.clock, people.clone())]);
    let refused = setting.store.import_customers(BY, &mut parts).await;
    assert!(matches!(refused, Err(WriteError::Taken(Field::Phone))), "{refused:?}");
    assert_eq!(find(&setting, &people[0]).await, None);
}

async fn newly_assigned_managers_are_active(setting: Setting) {
    let ann = setting.manager("ann@example.com").await;
    let ben = setting.manager("ben@example.com").await;
    let hers = setting.customer("+998900000001", Some(&ann)).await;
    let leaves = changed(&setting.clock, &ann, |user| user.is_active = false);
    setting.store.update_user(BY, &leaves, &never).await.unwrap();
    let new = |number, manager: &User| customer(&setting.clock, number, Some(manager.id));
    let people = vec![new("+998900000002", &ben), new("+998900000003", &ann)];
    let mut parts = given([created(&setting.clock, people)]);
    let refused = setting.store.import_customers(BY, &mut parts).await;
    assert!(matches!(refused, Err(WriteError::NotAnActiveManager)), "{refused:?}");
    // Whoever is hers already stays so, whatever else changes.
    let mut parts = given([updated(&setting.clock, vec![changed(&setting.clock, &hers, named("H"))])]);
    setting.store.import_customers(BY, &mut parts).await.unwrap();
}

async fn what_an_earlier_part_wrote_is_found_by_a_later_one(ground: Ground) {
    let clock = FixedClock::default();
    let people: Vec<_> = (0..1000).map(|n| customer(&clock, &format!("+99890{n:07}"), None)).collect();
    let mut parts = given(people.chunks(200).map(|part| created(&clock, part.to_vec())));
    parts.parts.push((keys(&["+998900000000", "+998900000999"], &[]), Ok(ImportBatch::default())));
    ground.store().import_customers(BY, &mut parts).await.unwrap();
    assert_eq!(parts.found[5].customers.len(), 2);
    for table in ["users", "customers", "audit_events"] {
        assert_eq!(ground.count(table).await, 1000, "{table}");
    }
}

/// The largest part that an import makes: MariaDB takes 16 MiB at once.
async fn a_part_of_the_largest_metadata_fits(ground: Ground) {
    let clock = FixedClock::default();
    let large = |fill: &str| {
        let text = fill.repeat((Metadata::MAX_BYTES - 8) / fill.len());
        Metadata::parse(serde_json::Map::from_iter([("a".to_owned(), text.into())])).unwrap()
    };
    let mut people: Vec<_> = (0..200).map(|n| customer(&clock, &format!("+99890{n:07}"), None)).collect();
    for user in &mut people {
        customer_profile(user).metadata = large("ў");
    }
    ground.store().import_customers(BY, &mut given([created(&clock, people.clone())])).await.unwrap();
    let updates: Vec<_> =
        people.iter().map(|user| changed(&clock, user, |user| customer_profile(user).metadata = large("z"))).collect();
    let mut part = updated(&clock, updates);
    for (event, update) in part.events.iter_mut().zip(&part.updated) {
        event.changes = domain::audit::changes(Some(&update.before), &update.after);
    }
    ground.store().import_customers(BY, &mut given([part])).await.unwrap();
    assert_eq!(ground.count("audit_events").await, 400);
}

async fn one_of_two_imports_of_the_same_people_wins(ground: Ground) {
    let clock = FixedClock::default();
    let ann = manager(&clock, "ann@example.com");
    let entered = event(&clock, EventKind::UserCreated, Some(ann.id));
    ground.store().create_account(BY, &domain::testing::account(&ann), &[entered]).await.unwrap();
    let people = || (0..200).map(|n| customer(&clock, &format!("+99890{n:07}"), Some(ann.id))).collect::<Vec<_>>();
    let imports: Vec<_> = (0..4).map(|_| people()).collect();
    let results = join_all(imports.into_iter().enumerate().map(async |(number, mut people)| {
        if number % 2 == 1 {
            people.reverse();
        }
        let parts: Vec<_> = people.chunks(50).map(|part| created(&clock, part.to_vec())).collect();
        ground.store().import_customers(BY, &mut given(parts)).await
    }))
    .await;
    let won = results.iter().filter(|result| result.is_ok()).count();
    // One may also have waited as long as anybody waits for a lock.
    let lost = |result: &&Result<_, _>| {
        let is_busy = matches!(result, Err(WriteError::Store(StoreError::Unavailable(_))));
        is_busy || matches!(result, Err(WriteError::Taken(Field::Phone) | WriteError::Stale))
    };
    assert_eq!((won, results.iter().filter(lost).count()), (1, 3), "{results:?}");
    assert_eq!(ground.count("customers").await, 200);
}
