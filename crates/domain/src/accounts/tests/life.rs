//! Changing, handing over and erasing: every caller against everybody.

use super::*;
use crate::patch::UserPatch;
use crate::{Expected, HandoverOrder, Phone, TrunkNumber};

const DONE: &str = "done";
const FORBIDDEN: &str = "this role may not do that";
const HIDDEN: &str = "no such record";

fn told<T>(result: Result<T, Error>) -> String {
    result.map_or_else(|error| error.to_string(), |_| DONE.to_owned())
}

/// A patch of this field alone, to a value that is new to everybody.
fn of(field: Field, world: &World) -> UserPatch {
    let mut patch = UserPatch::default();
    match field {
        Field::Role => patch.role = Some(Role::Manager),
        Field::IsActive => patch.is_active = Some(false),
        Field::DisplayName => patch.display_name = Some(DisplayName::parse_optional("New").unwrap()),
        Field::Email => patch.email = Some(testing::email("new@example.com")),
        Field::Phone => patch.phone = Some(Some(Phone::parse("+998977777777").unwrap())),
        Field::TrunkNumber => patch.tin_trunk_number = Some(TrunkNumber::parse_optional("7").unwrap()),
        Field::VerificationMethod => patch.verification_method = Some(VerificationMethod::Email),
        Field::AssignedManager => patch.assigned_manager_id = Some(Some(world.id("max"))),
        Field::Metadata => patch.metadata = Some(serde_json::Map::from_iter([("a".to_owned(), 1.into())])),
    }
    assert_eq!(patch.fields(), [field]);
    patch
}

#[tokio::test]
async fn fields_are_set_as_the_policy_says() {
    const NO: &str = "unknown";
    for (caller, target, fields) in [
        // role, is_active, display_name, email, phone, tin_trunk_number, verification_method, assigned_manager_id, metadata
        ("admin", "mia", ["done", "done", "done", "done", "done", "done", "done", NO, NO]),
        ("admin", "mias", ["role", "done", "done", NO, "done", NO, NO, "done", "done"]),
        ("system", "mias", ["role", "done", "done", NO, "done", NO, NO, "done", "done"]),
        ("mia", "mia", ["403", "403", "done", "403", "done", "done", "done", NO, NO]),
        ("mia", "mias", ["403", "done", "done", NO, "done", NO, NO, "403", "done"]),
        ("mias", "mias", ["403", "403", "done", NO, "403", NO, NO, "403", "403"]),
        ("mia", "max", ["404"; 9]),
        ("mia", "admin", ["404"; 9]),
        ("mia", "maxs", ["404"; 9]),
        ("mia", "free", ["404"; 9]),
        ("mias", "mia", ["404"; 9]),
        ("mias", "maxs", ["404"; 9]),
        ("admin", "nobody", ["404"; 9]),
    ] {
        for (&field, expected) in Field::ALL.iter().zip(fields) {
            let world = World::new().await;
            let patch = of(field, &world);
            let actor = world.in_session(world.actor(caller)).await;
            let done =
                world.accounts.update(&actor, world.id(target), &Expected::Any, given(patch.clone().sent())).await;
            let expected = match expected {
                "404" => HIDDEN.to_owned(),
                "403" => format!("this role may not set {field}"),
                "role" => "customers and staff do not turn into each other".to_owned(),
                NO => format!("{field} is not acceptable"),
                done => done.to_owned(),
            };
            assert_eq!(told(done), expected, "{caller} sets {field} of {target}");
        }
    }
    let world = World::new().await;
    let (stranger, patch) = (world.actor("anonymous"), UserPatch::default());
    let refused = world.accounts.update(&stranger, world.id("mia"), &Expected::Any, given(patch.clone().sent())).await;
    assert_eq!(told(refused), FORBIDDEN);
}

#[tokio::test]
async fn all_forbidden_fields_are_named() {
    let world = World::new().await;
    let fields = [Field::Email, Field::DisplayName, Field::Role, Field::Metadata];
    let refused = update::check_may_set(&world.actor("mia"), world.user("mia"), &fields).unwrap_err();
    assert!(matches!(refused, Error::ForbiddenFields(fields) if fields == [Field::Email, Field::Role]));
}

#[tokio::test]
async fn a_change_is_recorded_and_nothing_is_not() {
    let world = World::new().await;
    let (actor, id) = (world.actor("admin"), world.id("mias"));
    let before = world.store.events().len();
    let same = UserPatch { is_active: Some(true), ..UserPatch::default() };
    let unchanged = world.accounts.update(&actor, id, &Expected::Any, given(same.clone().sent())).await.unwrap();
    assert_eq!((unchanged.version, world.store.events().len()), (1, before));
    let both = UserPatch {
        display_name: Some(DisplayName::parse_optional("New").unwrap()),
        assigned_manager_id: Some(Some(world.id("max"))),
        ..UserPatch::default()
    };
    let changed =
        world.accounts.update(&actor, id, &Expected::Versions(vec![1]), given(both.clone().sent())).await.unwrap();
    assert_eq!(changed.version, 2);
    let kinds: Vec<_> = world.store.events()[before..]
        .iter()
        .map(|e| (e.kind, e.changes.keys().cloned().collect::<Vec<_>>()))
        .collect();
    let expected = [
        (EventKind::UserUpdated, vec!["display_name".to_owned()]),
        (EventKind::CustomerAssigned, vec!["assigned_manager_id".to_owned()]),
    ];
    assert_eq!(kinds, expected);
    let stale = world.accounts.update(&actor, id, &Expected::Versions(vec![1]), given(both.clone().sent())).await;
    assert!(matches!(stale, Err(Error::PreconditionFailed)));
}

#[tokio::test]
async fn erasing_and_handing_over_are_for_admins() {
    for (caller, expected) in CALLERS.into_iter().zip([DONE, DONE, FORBIDDEN, FORBIDDEN, FORBIDDEN]) {
        let world = World::new().await;
        let actor = world.actor(caller);
        let order = HandoverOrder { to: vec![world.id("max")], ..HandoverOrder::default() };
        assert_eq!(
            told(world.accounts.hand_over(&actor, || Ok(world.id("mia")), given(order)).await),
            expected,
            "{caller}"
        );
        assert_eq!(
            told(world.accounts.erase(&actor, || Ok((world.id("maxs"), Expected::Any))).await),
            expected,
            "{caller}"
        );
    }
}

#[tokio::test]
async fn everyone_reads_their_own_data_and_admins_all() {
    for (caller, expected) in [
        ("system", [DONE, DONE, DONE, HIDDEN]),
        ("admin", [DONE, DONE, DONE, HIDDEN]),
        ("mia", [DONE, HIDDEN, HIDDEN, HIDDEN]),
        ("mias", [HIDDEN, DONE, HIDDEN, HIDDEN]),
        ("anonymous", [FORBIDDEN; 4]),
    ] {
        let world = World::new().await;
        for (target, expected) in ["mia", "mias", "maxs", "nobody"].into_iter().zip(expected) {
            let read = world.accounts.find_personal_data(&world.actor(caller), world.id(target)).await;
            assert_eq!(told(read), expected, "{caller} reads {target}");
        }
    }
}

#[tokio::test]
async fn whoever_is_needed_stays() {
    let world = World::new().await;
    let actor = world.actor("admin");
    let erase = async |name| told(world.accounts.erase(&actor, || Ok((world.id(name), Expected::Any))).await);
    assert_eq!(erase("mia").await, "customers still assigned: 1");
    assert_eq!(erase("admin").await, "the last active admin stays");
    assert_eq!(erase("nobody").await, HIDDEN);
    assert_eq!(erase("gone").await, DONE);
    assert_eq!(erase("mias").await, DONE);
    assert_eq!(erase("mia").await, DONE);
    let event = world.store.events().pop().unwrap();
    assert_eq!((event.kind, event.changes.len()), (EventKind::UserErased, 0));
}
