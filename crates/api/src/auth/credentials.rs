//! How somebody signs in, as the body of a sign-in says it.

use auth::Password;
use domain::{Email, Phone};

use crate::extract::{Fields, bodies};
use crate::schema::one_of;

/// The credentials of somebody who signs in.
pub(super) enum Credentials {
    Password(Email, Password),
    /// A code goes to the phone.
    Phone(Phone),
}

bodies! {
    PasswordSignin = by_password, "Staff sign in with e-mail and password.";
    PhoneSignin = by_phone, "Customers sign in by phone: a code goes to it.";
}
one_of!(SigninRequest = [PasswordSignin, PhoneSignin], "A sign-in; what the body holds tells which.");

pub(super) fn credentials(fields: &mut Fields) -> Option<Credentials> {
    if is_by_phone(fields) { by_phone(fields) } else { by_password(fields) }
}

/// Whether a customer signs in or up: staff name an e-mail and a password.
pub(super) fn is_by_phone(fields: &Fields) -> bool {
    fields.has("phone") && !fields.has("email") && !fields.has("password")
}

fn by_password(fields: &mut Fields) -> Option<Credentials> {
    let email = fields.required("email", "");
    let password = fields.given_password("password");
    Some(Credentials::Password(email?, password?))
}

fn by_phone(fields: &mut Fields) -> Option<Credentials> {
    fields.required("phone", "International form.").map(Credentials::Phone)
}
