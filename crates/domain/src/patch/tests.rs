use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::testing::{self, FixedClock};
use crate::{Clock, StaffRole};

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn merged(target: &Value, patch: &Value) -> Value {
    let mut target = object(target);
    merge(&mut target, &object(patch));
    Value::Object(target)
}

/// The cases of RFC 7396 appendix A whose target and patch are objects: other
/// patches do not reach a merge here.
#[test]
fn the_examples_of_the_standard_hold() {
    for (target, patch, result) in [
        (json!({ "a": "b" }), json!({ "a": "c" }), json!({ "a": "c" })),
        (json!({ "a": "b" }), json!({ "b": "c" }), json!({ "a": "b", "b": "c" })),
        (json!({ "a": "b" }), json!({ "a": null }), json!({})),
        (json!({ "a": "b", "b": "c" }), json!({ "a": null }), json!({ "b": "c" })),
        (json!({ "a": ["b"] }), json!({ "a": "c" }), json!({ "a": "c" })),
        (json!({ "a": "c" }), json!({ "a": ["b"] }), json!({ "a": ["b"] })),
        (json!({ "a": { "b": "c" } }), json!({ "a": { "b": "d", "c": null } }), json!({ "a": { "b": "d" } })),
        (json!({ "a": [{ "b": "c" }] }), json!({ "a": [1] }), json!({ "a": [1] })),
        (json!({ "e": null }), json!({ "a": 1 }), json!({ "e": null, "a": 1 })),
        (json!({}), json!({ "a": { "bb": { "ccc": null } } }), json!({ "a": { "bb": {} } })),
        (json!({ "a": "b" }), json!({ "a": { "b": 1 } }), json!({ "a": { "b": 1 } })),
        (json!({ "a": 1 }), json!({ "a": [null] }), json!({ "a": [null] })),
    ] {
        assert_eq!(merged(&target, &patch), result, "{target} + {patch}");
    }
}

/// `MergePatch` of RFC 7396 section 2, word for word.
fn by_the_book(target: Option<Value>, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return patch.clone() };
    let mut target = match target {
        Some(Value::Object(target)) => target,
        _ => Map::new(),
    };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(name);
        } else {
            let merged = by_the_book(target.get(name).cloned(), value);
            target.insert(name.clone(), merged);
        }
    }
    Value::Object(target)
}

fn json_object() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..9).prop_map(Value::from),
        "[a-c]{0,2}".prop_map(Value::from)
    ];
    let value = leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-c]", inner, 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    });
    prop::collection::btree_map("[a-c]", value, 0..4).prop_map(|members| members.into_iter().collect())
}

proptest! {
    #[test]
    fn a_merge_is_that_of_the_standard(target in json_object(), patch in json_object()) {
        let result = merged(&target, &patch);
        prop_assert_eq!(&result, &by_the_book(Some(target), &patch));
        prop_assert_eq!(merged(&result, &patch), result, "a patch that was applied changes nothing more");
    }
}

#[test]
fn the_result_is_bounded_not_the_patch() {
    let full = Metadata::parse(object(&json!({ "old": "x".repeat(15 * 1024) }))).unwrap();
    let grown = full.merged(&object(&json!({ "new": "x".repeat(2 * 1024) })));
    assert_eq!(grown.unwrap_err().code, "too_long");
    let swapped = full.merged(&object(&json!({ "old": null, "new": "x".repeat(15 * 1024) })));
    assert!(swapped.is_ok());
    let deep = (0..7).fold(json!(1), |inner, _| json!({ "a": inner }));
    let deep = Metadata::parse(object(&json!({ "a": deep }))).unwrap();
    let path = (0..8).fold(json!({}), |inner, _| json!({ "a": inner }));
    assert_eq!(deep.merged(&object(&path)).unwrap_err().code, "too_deep");
}

fn patch(change: impl FnOnce(&mut UserPatch)) -> UserPatch {
    let mut patch = UserPatch::default();
    change(&mut patch);
    patch
}

#[test]
fn an_empty_patch_changes_nothing() {
    let clock = FixedClock::default();
    for user in [testing::admin(&clock, "a@example.com"), testing::customer(&clock, "+998901234567", None)] {
        let mut user = user;
        user.verified_at = Some(clock.now());
        assert_eq!(UserPatch::default().applied_to(&user).unwrap(), user);
        assert_eq!(UserPatch::default().fields(), []);
    }
}

#[test]
fn roles_move_within_staff_only() {
    let clock = FixedClock::default();
    let manager = testing::manager(&clock, "m@example.com");
    let customer = testing::customer(&clock, "+998901234567", None);
    let to = |role| patch(|patch| patch.role = Some(role));
    for (user, role, allowed) in [
        (&manager, Role::Admin, true),
        (&manager, Role::Manager, true),
        (&manager, Role::Customer, false),
        (&customer, Role::Customer, true),
        (&customer, Role::Manager, false),
        (&customer, Role::Admin, false),
    ] {
        match to(role).applied_to(user) {
            Ok(after) => assert!(allowed && after.role() == role, "{role}"),
            Err(error) => assert!(!allowed && matches!(error, Error::RoleChangeNotAllowed), "{role}: {error}"),
        }
    }
    let promoted = to(Role::Admin).applied_to(&manager).unwrap();
    assert_eq!(promoted.profile, StaffRole::Admin.profile(manager.staff().unwrap().clone()));
}

#[test]
fn a_contact_that_changes_is_no_longer_proven() {
    let clock = FixedClock::default();
    let mut staff = testing::manager(&clock, "m@example.com");
    let mut customer = testing::customer(&clock, "+998901234567", None);
    (staff.verified_at, customer.verified_at) = (Some(clock.now()), Some(clock.now()));
    let phone = |number| patch(|patch| patch.phone = Some(Some(testing::phone(number))));
    let email = |text| patch(|patch| patch.email = Some(testing::email(text)));
    let name = patch(|patch| patch.display_name = Some(DisplayName::parse_optional("Ann").unwrap()));
    for (user, patch, stays) in [
        (&staff, email("m@example.com"), true),
        (&staff, email("n@example.com"), false),
        (&staff, phone("+998900000001"), false),
        (&staff, name.clone(), true),
        (&customer, phone("+998901234567"), true),
        (&customer, phone("+998900000001"), false),
        (&customer, name, true),
    ] {
        assert_eq!(patch.applied_to(user).unwrap().verified_at.is_some(), stays, "{patch:?}");
    }
}

#[test]
fn what_does_not_go_together_is_refused() {
    let clock = FixedClock::default();
    let mut staff = testing::manager(&clock, "m@example.com");
    let by_phone = patch(|patch| patch.verification_method = Some(VerificationMethod::Phone));
    assert!(matches!(by_phone.applied_to(&staff), Err(Error::Invalid(Field::Phone, _))));
    let both = patch(|patch| {
        patch.verification_method = Some(VerificationMethod::Whatsapp);
        patch.phone = Some(Some(testing::phone("+998900000001")));
    });
    staff = both.applied_to(&staff).unwrap();
    let without = patch(|patch| patch.phone = Some(None));
    assert!(matches!(without.applied_to(&staff), Err(Error::Invalid(Field::Phone, _))));
    let customer = testing::customer(&clock, "+998901234567", None);
    assert!(matches!(without.applied_to(&customer), Err(Error::Invalid(Field::Phone, _))));
}
