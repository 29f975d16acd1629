//! A person to enter, as the body of `POST /users/` says it.

use auth::Password;
use domain::{Metadata, NewCustomer, NewStaff, NewUser, PasswordHash, Role};

use crate::extract::{Fields, StaffFields, bodies};
use crate::schema::{one_of, reference};

bodies! {
    CreateStaff = staff, "A staff member to enter.";
    CreateCustomer = customer, "A customer to enter.";
}
one_of!(CreateUserRequest = [CreateStaff, CreateCustomer], "A person to enter; `role` tells which.");

const ABOUT_ACTIVE: &str = "Whether they may sign in; `true` by default.";
const ABOUT_PASSWORD: &str =
    "Without one the person is invited: a code with which they set it goes over their verification method.";
const ABOUT_METADATA: &str = "What else to keep: an object of at most 16 KiB and 8 levels. A number that would not come \
                              back as it was sent is refused with `inexact_number`.";
const ABOUT_MANAGER: &str =
    "An active manager. Only admins name one; a manager who enters a customer becomes its manager.";

/// The person, and the password of a staff member who is not invited.
pub(super) fn new_user(fields: &mut Fields) -> Option<(NewUser, Option<Password>)> {
    match fields.peek("role") {
        Some("customer") => customer(fields).map(|customer| (NewUser::Customer(customer), None)),
        Some("admin" | "manager") => staff(fields).map(|(staff, password)| (NewUser::Staff(staff), password)),
        _ => {
            // The role tells which other fields there are, so nothing more can be said.
            let _: Option<Role> = fields.required("role", "");
            fields.discard();
            None
        }
    }
}

fn staff(fields: &mut Fields) -> Option<(NewStaff, Option<Password>)> {
    let role = fields.required("role", "");
    let email = fields.required("email", "");
    let password = fields.optional_new_password("password", ABOUT_PASSWORD, email.as_ref());
    let staff = StaffFields::take(fields);
    let is_active: Option<Option<bool>> = fields.optional("is_active", ABOUT_ACTIVE);
    let (display_name, staff) = staff.checked(fields, email)?;
    let (password_hash, is_active) = (PasswordHash::unusable(), is_active?.unwrap_or(true));
    Some((NewStaff { role: role?, display_name, staff, password_hash, is_active }, password?))
}

fn customer(fields: &mut Fields) -> Option<NewCustomer> {
    let _: Option<Role> = fields.required_as("role", "", || reference("CustomerRole"));
    let phone = fields.required("phone", "International form.");
    let display_name = fields.optional("display_name", "");
    let metadata: Option<Option<Metadata>> = fields.optional("metadata", ABOUT_METADATA);
    let assigned_manager_id = fields.optional("assigned_manager_id", ABOUT_MANAGER);
    let is_active: Option<Option<bool>> = fields.optional("is_active", ABOUT_ACTIVE);
    Some(NewCustomer {
        phone: phone?,
        display_name: display_name?,
        metadata: metadata?.unwrap_or_default(),
        assigned_manager_id: assigned_manager_id?,
        is_active: is_active?.unwrap_or(true),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_phone_that_the_method_lacks_is_named_after_the_wrong_fields() {
        let body = json!({ "role": "admin", "email": "a@example.com", "verification_method": "phone", "is_active": 1 });
        let problem = Fields::new(body.as_object().unwrap().clone()).read(new_user).err().unwrap();
        let text = format!("{problem:?}");
        assert!(text.find("/is_active").unwrap() < text.find("/phone").unwrap(), "{text}");
    }
}
