//! What is to change about a person, as the body of a patch says it. How it is read depends on who the person is.

use domain::{Profile, Role, User, UserPatch};

use crate::extract::{Fields, bodies};
use crate::schema::{any_of, reference};

bodies! {
    UpdateStaff = staff_patch, ABOUT_STAFF;
    UpdateCustomer = customer_patch, ABOUT_CUSTOMER;
}
any_of!(
    UpdateUserRequest = [UpdateStaff, UpdateCustomer],
    "What is to change about a person (RFC 7396). A field that is not named stays; `null` empties it."
);

const ABOUT_STAFF: &str = "What is to change about a staff member. Admins set all fields. Managers set their own \
                           `display_name`, `phone`, `tin_trunk_number` and `verification_method`.";
const ABOUT_CUSTOMER: &str = "What is to change about a customer. Admins set all fields. Managers set `phone`, \
                              `display_name`, `metadata` and `is_active` of their customers. Customers set their own \
                              `display_name`.";
const ABOUT_ACTIVE: &str = "Whether they may sign in; `false` ends their sessions.";
const ABOUT_PHONE: &str = "International form. A new phone ends the person's sessions and is not yet proven.";
const ABOUT_METADATA: &str = "Merged into what is there: a `null` member deletes its key. The result has at most 16 KiB \
                              and 8 levels. A number that would not come back as it was sent is refused with \
                              `inexact_number`.";

pub(super) fn patch(fields: &mut Fields, before: &User) -> UserPatch {
    let has_phone = fields.has("phone");
    match &before.profile {
        Profile::Admin(staff) | Profile::Manager(staff) => {
            let patch = staff_patch(fields);
            let was_refused = has_phone && patch.phone.is_none();
            if !was_refused && patch.role != Some(Role::Customer) {
                let method = patch.verification_method.unwrap_or(staff.verification_method);
                fields.check_contact(Some(method), Some(patch.phone.as_ref().unwrap_or(&staff.phone)));
            }
            patch
        }
        Profile::Customer(customer) => {
            let patch = customer_patch(fields);
            // Tried out here, so that one answer names every field that is wrong.
            if let Some(Err(error)) = patch.metadata.as_ref().map(|patch| customer.metadata.merged(patch)) {
                fields.refuse("metadata", error);
            }
            patch
        }
    }
}

fn staff_patch(fields: &mut Fields) -> UserPatch {
    let about = "A new role ends the person's sessions. A manager with customers keeps the role.";
    UserPatch {
        role: fields.change_as("role", about, || reference("StaffRole")),
        is_active: fields.change("is_active", ABOUT_ACTIVE),
        display_name: fields.clearable("display_name", ""),
        email: fields.change("email", "A new e-mail ends the person's sessions and is not yet proven."),
        phone: fields.clearable("phone", ABOUT_PHONE),
        tin_trunk_number: fields.clearable("tin_trunk_number", "The company's own reference."),
        verification_method: fields
            .change("verification_method", "Over which channel codes go; `phone` and `whatsapp` need the phone."),
        ..UserPatch::default()
    }
}

fn customer_patch(fields: &mut Fields) -> UserPatch {
    UserPatch {
        role: fields.change("role", "Only `customer`, which changes nothing."),
        is_active: fields.change("is_active", ABOUT_ACTIVE),
        display_name: fields.clearable("display_name", ""),
        phone: fields.change("phone", ABOUT_PHONE).map(Some),
        assigned_manager_id: fields.clearable("assigned_manager_id", "An active manager, or `null` for nobody."),
        metadata: fields.change("metadata", ABOUT_METADATA),
        ..UserPatch::default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::{Field, Phone, Staff, VerificationMethod};
    use serde_json::Value;

    use super::*;

    fn before() -> User {
        let staff = Staff {
            email: domain::Email::parse("a@example.com").unwrap(),
            phone: Some(Phone::parse("+998901234567").unwrap()),
            tin_trunk_number: None,
            verification_method: VerificationMethod::Phone,
        };
        let (id, now) = (uuid::Uuid::nil().into(), chrono::DateTime::UNIX_EPOCH);
        domain::accounts::new_user(id, now, Profile::Manager(staff), None, true)
    }

    #[test]
    fn what_is_read_and_documented_is_what_the_policy_knows() {
        for (patch, role) in [(staff_patch as fn(&mut Fields) -> _, Role::Manager), (customer_patch, Role::Customer)] {
            let asked: BTreeSet<_> = Fields::asked_by(patch).into_iter().map(|asked| asked.name).collect();
            let known = Field::ALL.iter().filter(|&&field| domain::policy::field_exists(role, field));
            assert_eq!(asked, known.map(|field| field.as_str()).collect());
        }
    }

    #[test]
    fn null_empties_and_absence_keeps() {
        let read = |value: Value| {
            Fields::new(value.as_object().unwrap().clone()).read(|fields| Some(patch(fields, &before())))
        };
        assert_eq!(read(serde_json::json!({})).unwrap(), UserPatch::default());
        let patch = read(serde_json::json!({ "display_name": null, "tin_trunk_number": " " })).unwrap();
        assert_eq!((patch.display_name, patch.tin_trunk_number, patch.phone), (Some(None), Some(None), None));
        for refused in [
            serde_json::json!({ "phone": null }),
            serde_json::json!({ "email": null }),
            serde_json::json!({ "role": null }),
            serde_json::json!({ "is_active": null }),
            serde_json::json!({ "verification_method": null }),
            serde_json::json!({ "metadata": {} }),
        ] {
            assert!(read(refused.clone()).is_err(), "{refused}");
        }
    }
}
