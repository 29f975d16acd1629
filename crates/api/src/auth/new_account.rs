//! Who signs up, as the body of a sign-up says it.

use auth::{FirstAdminSignUp, StaffSignUp};
use domain::{DisplayName, Phone};

use super::credentials::is_by_phone;
use crate::extract::{Fields, StaffFields, bodies};
use crate::schema::one_of;

/// Somebody who signs up.
pub(super) enum NewAccount {
    Staff(StaffSignUp),
    Customer(Phone, Option<DisplayName>),
    FirstAdmin(FirstAdminSignUp),
}

bodies! {
    StaffSignup = staff, "A staff member signs up, as a manager.";
    CustomerSignup = customer, "A customer signs up, or in, by phone.";
    FirstAdminSignup = first_admin, "The first admin signs up, with the setup token that the server printed at start.";
}
one_of!(SignupRequest = [StaffSignup, CustomerSignup, FirstAdminSignup], "A sign-up; what the body holds tells which.");

pub(super) fn new_account(fields: &mut Fields) -> Option<NewAccount> {
    if fields.has("setup_token") {
        first_admin(fields).map(NewAccount::FirstAdmin)
    } else if is_by_phone(fields) {
        customer(fields)
    } else {
        staff(fields).map(NewAccount::Staff)
    }
}

fn staff(fields: &mut Fields) -> Option<StaffSignUp> {
    let email = fields.required("email", "");
    let password = fields.new_password("password", email.as_ref());
    let (display_name, staff) = StaffFields::take(fields).checked(fields, email)?;
    Some(StaffSignUp { staff, password: password?, display_name })
}

fn customer(fields: &mut Fields) -> Option<NewAccount> {
    let phone = fields.required("phone", "International form.");
    let display_name = fields.optional("display_name", "");
    Some(NewAccount::Customer(phone?, display_name?))
}

fn first_admin(fields: &mut Fields) -> Option<FirstAdminSignUp> {
    let setup_token = fields.required("setup_token", "As the server printed it.");
    let staff = staff(fields);
    Some(FirstAdminSignUp { setup_token: setup_token?, staff: staff? })
}
