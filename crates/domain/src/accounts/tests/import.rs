//! Who may import whom, and what becomes of each line.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::*;
use crate::import::{Column, ImportOrder, Imported, Line, Lines, MAX_ERRORS, OnError, OnExisting, Refused};
use crate::store::StoreError;
use crate::testing::{email, phone};
use crate::value::ValueError;

/// Lines that are there already.
struct Given {
    lines: Vec<Line>,
    read: usize,
}

#[async_trait]
impl Lines for Given {
    async fn next(&mut self, limit: usize) -> Result<Vec<Line>, StoreError> {
        let next: Vec<_> = self.lines.iter().skip(self.read).take(limit).cloned().collect();
        self.read += next.len();
        Ok(next)
    }

    async fn rewind(&mut self) -> Result<(), StoreError> {
        self.read = 0;
        Ok(())
    }
}

fn file(mut lines: Vec<Line>) -> Given {
    for (number, line) in (2..).zip(&mut lines) {
        line.number = number;
    }
    Given { lines, read: 0 }
}

fn line(number: &str) -> Line {
    Line { phone: Some(phone(number)), ..Line::default() }
}

fn named(number: &str, name: &str) -> Line {
    Line { display_name: DisplayName::parse(name).ok(), ..line(number) }
}

fn of(number: &str, manager: &str) -> Line {
    Line { manager_email: Some(email(manager)), ..line(number) }
}

fn with_metadata(number: &str, metadata: &serde_json::Value) -> Line {
    Line { metadata: Metadata::parse(metadata.as_object().unwrap().clone()).ok(), ..line(number) }
}

fn bad() -> Line {
    let error = ValueError::new("required", "is required");
    Line { refused: vec![Refused { column: Some(Column::Phone), error }], ..Line::default() }
}

const SKIP: ImportOrder =
    ImportOrder { on_error: OnError::Skip, on_existing: OnExisting::Skip, dry_run: false, created_by: None };
const UPDATE: ImportOrder = ImportOrder { on_existing: OnExisting::Update, ..SKIP };

async fn import(world: &World, caller: &str, lines: Vec<Line>, order: &ImportOrder) -> Imported {
    world.accounts.import(&world.actor(caller)).unwrap().run(&mut file(lines), order).await.unwrap()
}

fn counts(imported: &Imported) -> (u64, u64, u64) {
    (imported.created, imported.updated, imported.skipped)
}

fn errors(imported: &Imported) -> Vec<(u64, &'static str, &'static str)> {
    let error = |error: &crate::import::LineError| {
        (error.line, error.refused.column.map_or("", Column::as_str), error.refused.error.code)
    };
    imported.errors.iter().map(error).collect()
}

fn find(world: &World, number: &str) -> Option<User> {
    world.store.users().into_iter().find(|user| user.customer().is_some_and(|c| c.phone == phone(number)))
}

#[tokio::test]
async fn customers_are_imported_for_whom_the_caller_may_choose() {
    const BAD: &str = "not_an_active_manager";
    const FORBIDDEN: &str = "forbidden";
    let managers = ["mia", "max", "gone", "admin", "nobody"];
    for (caller, expected) in [
        ("system", ["of mia by new", "of max by new", BAD, BAD, BAD]),
        ("admin", ["of mia by admin", "of max by admin", BAD, BAD, BAD]),
        ("mia", ["of mia by mia", FORBIDDEN, FORBIDDEN, FORBIDDEN, FORBIDDEN]),
    ] {
        for (manager, expected) in managers.into_iter().zip(expected) {
            for on_error in [OnError::Abort, OnError::Skip] {
                let world = World::new().await;
                let before = world.store.events().len();
                let order = ImportOrder { on_error, ..SKIP };
                let lines = vec![of("+998911111111", &format!("{manager}@example.com"))];
                let imported = import(&world, caller, lines, &order).await;
                let answer = find(&world, "+998911111111").map(|user| world.describe(&user));
                let answer = answer.unwrap_or_else(|| errors(&imported)[0].2.to_owned());
                assert_eq!(answer, expected, "{caller} imports a customer of {manager}");
                let done = &world.store.events()[before..];
                let entered = done.iter().filter(|event| event.kind == EventKind::UserCreated).count();
                assert_eq!(entered, usize::from(imported.created == 1));
                assert_eq!(done.iter().filter(|event| event.kind == EventKind::UsersImported).count(), 1);
            }
        }
    }
    let world = World::new().await;
    for caller in ["mias", "anonymous"] {
        let imported = world.accounts.import(&world.actor(caller));
        assert!(matches!(imported, Err(Error::Forbidden)), "{caller}");
    }
    import(&world, "mia", vec![line("+998911111111")], &SKIP).await;
    assert_eq!(world.describe(&find(&world, "+998911111111").unwrap()), "of mia by mia");
}

#[tokio::test]
async fn a_customer_of_somebody_else_is_taken_and_stays_as_they_are() {
    for order in [SKIP, UPDATE] {
        let world = World::new().await;
        let lines = vec![named("+998900000001", "A"), named("+998900000002", "B"), named("+998900000003", "C")];
        let imported = import(&world, "mia", lines, &order).await;
        assert_eq!(errors(&imported), [(3, "phone", "phone_taken"), (4, "phone", "phone_taken")]);
        assert_eq!(imported.updated + imported.skipped, 1);
        assert_eq!(find(&world, "+998900000002").as_ref(), Some(world.user("maxs")));
    }
}

#[tokio::test]
async fn those_who_exist_stay_or_change_what_the_line_gives() {
    let world = World::new().await;
    let lines = || vec![named("+998900000001", "Aziza"), of("+998900000002", "mia@example.com"), line("+998900000003")];
    assert_eq!(counts(&import(&world, "admin", lines(), &SKIP).await), (0, 0, 3));
    let before = world.store.events().len();
    assert_eq!(counts(&import(&world, "admin", lines(), &UPDATE).await), (0, 2, 1), "an empty line changes nothing");
    let kinds: Vec<_> = world.store.events()[before..].iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::UserUpdated, EventKind::CustomerAssigned, EventKind::UsersImported]);
    let renamed = find(&world, "+998900000001").unwrap();
    assert_eq!((renamed.display_name, renamed.version), (DisplayName::parse("Aziza").ok(), 2));
    assert_eq!(world.describe(&find(&world, "+998900000002").unwrap()), "of mia by max");
    assert_eq!(counts(&import(&world, "admin", lines(), &UPDATE).await), (0, 0, 3), "there is nothing left to change");
}

#[tokio::test]
async fn a_manager_who_was_deactivated_keeps_customers_and_gets_none() {
    let world = World::new().await;
    world.store.overwrite_user(&User { is_active: false, ..world.user("mia").clone() });
    let lines = ["+998900000001", "+998900000002", "+998911111111"].map(|number| of(number, "mia@example.com"));
    for order in [SKIP, UPDATE] {
        let imported = import(&world, "admin", lines.to_vec(), &order).await;
        let refused = (3..5).map(|line| (line, "assigned_manager_email", "not_an_active_manager"));
        assert_eq!((counts(&imported), errors(&imported)), ((0, 0, 1), refused.collect()));
    }
}

#[tokio::test]
async fn metadata_is_merged_and_the_same_object_changes_nothing() {
    let world = World::new().await;
    let number = "+998911111111";
    let import = async |metadata: serde_json::Value| {
        let imported = import(&world, "admin", vec![with_metadata(number, &metadata)], &UPDATE).await;
        let there = find(&world, number).unwrap().customer().unwrap().metadata.as_object().clone();
        (counts(&imported), serde_json::Value::Object(there))
    };
    let first = serde_json::json!({ "a": 1, "b": null });
    assert_eq!(import(first.clone()).await, ((1, 0, 0), first.clone()));
    assert_eq!(import(first.clone()).await, ((0, 0, 1), first));
    let merged = serde_json::json!({ "b": null, "c": 2 });
    assert_eq!(import(serde_json::json!({ "a": null, "c": 2 })).await.0, (0, 1, 0));
    assert_eq!(import(merged.clone()).await, ((0, 0, 1), merged));
}

#[tokio::test]
async fn one_bad_line_aborts_and_nothing_is_written() {
    let world = World::new().await;
    let (users, events) = (world.store.users(), world.store.events().len());
    let lines = || {
        let mut lines: Vec<_> = (0..450).map(|n| line(&format!("+99891{n:07}"))).collect();
        lines.push(bad());
        lines.push(named("+998900000001", "A"));
        lines
    };
    let order = ImportOrder { on_existing: OnExisting::Update, ..ImportOrder::default() };
    let imported = import(&world, "admin", lines(), &order).await;
    assert!(imported.is_aborted(&order));
    assert_eq!(errors(&imported), [(452, "phone", "required")]);
    assert_eq!((world.store.users(), world.store.events().len()), (users.clone(), events + 1), "the import itself");

    let dry = ImportOrder { dry_run: true, ..UPDATE };
    assert_eq!(counts(&import(&world, "admin", lines(), &dry).await), (450, 1, 0));
    assert_eq!((world.store.users(), world.store.events().len()), (users, events + 2));
    assert_eq!(counts(&import(&world, "admin", lines(), &UPDATE).await), (450, 1, 0));
    assert_eq!(world.store.events().len(), events + 451 + 3, "what was done, and three imports");
}

#[tokio::test]
async fn a_phone_stands_in_a_file_once() {
    let world = World::new().await;
    let mut lines: Vec<_> = (0..300).map(|n| line(&format!("+99891{n:07}"))).collect();
    lines.push(line("+998910000000"));
    let imported = import(&world, "admin", lines, &SKIP).await;
    assert_eq!((counts(&imported), errors(&imported)), ((300, 0, 0), vec![(302, "phone", "repeated")]));
}

#[tokio::test]
async fn staff_are_passed_over_and_the_deactivated_stay_so() {
    let world = World::new().await;
    let staff = Line { is_of_staff: true, ..Line::default() };
    let inactive = Line { is_active: Some(false), ..line("+998911111111") };
    let imported = import(&world, "mia", vec![staff.clone(), inactive, staff], &SKIP).await;
    assert_eq!((counts(&imported), errors(&imported)), ((1, 0, 2), vec![]));
    assert!(!find(&world, "+998911111111").unwrap().is_active);
}

#[tokio::test]
async fn a_thousand_errors_are_told_and_the_rest_is_counted() {
    let world = World::new().await;
    for on_error in [OnError::Abort, OnError::Skip] {
        let order = ImportOrder { on_error, ..SKIP };
        let imported = import(&world, "admin", vec![bad(); MAX_ERRORS + 7], &order).await;
        assert_eq!((imported.errors.len(), imported.errors_omitted), (MAX_ERRORS, 7));
    }
}

#[tokio::test]
async fn what_the_system_imports_was_entered_by_whom_it_names() {
    let world = World::new().await;
    let by = |address: &str| ImportOrder { created_by: Some(email(address)), ..SKIP };
    import(&world, "system", vec![line("+998911111111")], &by("max@example.com")).await;
    assert_eq!(world.describe(&find(&world, "+998911111111").unwrap()), "of nobody by max");
    let event = world.store.events().pop().unwrap();
    assert_eq!((event.actor_role.as_str(), event.actor_id), ("system", None));
    let import = world.accounts.import(&world.actor("system")).unwrap();
    let refused = import.run(&mut file(vec![]), &by("x@example.com")).await;
    assert!(matches!(refused, Err(Error::Invalid(Field::Email, _))));
}

#[tokio::test]
async fn an_export_holds_the_scope_and_ends_with_the_callers_authority() {
    let world = World::new().await;
    let query = UserQuery::default();
    for (caller, expected) in [
        ("system", "admin free gone max maxs mia mias"),
        ("admin", "admin free gone max maxs mia mias"),
        ("mia", "mias"),
        ("gone", "the caller's authority has ended"),
        ("mias", "this role may not do that"),
        ("anonymous", "this role may not do that"),
    ] {
        let listed = match world.accounts.export(&world.actor(caller)) {
            Ok(export) => export.page(&query).await,
            Err(error) => Err(error),
        };
        assert_eq!(world.names(listed), expected, "{caller}");
    }
    let export = world.accounts.export(&world.actor("admin")).unwrap();
    let mut emails = BTreeMap::new();
    export.find_manager_emails(&world.store.users(), &mut emails).await.unwrap();
    let expected = [("mia", "mia@example.com"), ("max", "max@example.com")];
    assert_eq!(emails, expected.map(|(name, address)| (world.id(name), email(address))).into());
    let known = email("known@example.com");
    emails.insert(world.id("mia"), known.clone());
    export.find_manager_emails(&world.store.users(), &mut emails).await.unwrap();
    assert_eq!(emails[&world.id("mia")], known, "nobody asks for what is known");
    world.store.overwrite_user(&User { is_active: false, ..world.user("mia").clone() });
    let export = world.accounts.export(&world.actor("mia")).unwrap();
    assert!(matches!(export.page(&query).await, Err(Error::Unauthorized)));
}
