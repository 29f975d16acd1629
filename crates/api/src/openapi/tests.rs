//! The documented schema of a body and what is read out of it are the same.

use std::collections::BTreeSet;

use auth::PasswordPolicy;

use super::*;
use crate::auth::{change_password, forgot_password, reauthenticate, refresh, reset_password, signin, signup, verify};
use crate::extract::fields::Fields;
use crate::extract::json_body::FromFields;
use crate::users::{create, handover};

/// The names that a type reads out of any object.
fn read_by<T: FromFields>() -> BTreeSet<String> {
    let read = |fields: &mut Fields| {
        assert!(T::from_fields(fields, PasswordPolicy::default()).is_none(), "an empty body is no request");
    };
    Fields::asked_by(read).into_iter().map(|asked| asked.name.to_owned()).collect()
}

fn documented(schemas: &Value, name: &str) -> BTreeSet<String> {
    schemas[name]["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

#[test]
fn what_is_documented_is_what_is_read() {
    let document = document();
    let read: utoipa::openapi::OpenApi = serde_json::from_value(document.clone()).unwrap();
    assert!(serde_json::to_value(read).unwrap() == document, "nothing is lost on the way");
    let schemas = &document["components"]["schemas"];
    for (name, read) in [
        ("StaffSignup", read_by::<signup::StaffSignupRequest>()),
        ("CustomerSignup", read_by::<signup::CustomerSignupRequest>()),
        ("FirstAdminSignup", read_by::<signup::FirstAdminSignupRequest>()),
        ("PasswordSignin", read_by::<signin::PasswordSigninRequest>()),
        ("PhoneSignin", read_by::<signin::PhoneSigninRequest>()),
        ("Verify", read_by::<verify::VerifyRequest>()),
        ("Refresh", read_by::<refresh::RefreshRequest>()),
        ("Reauthentication", read_by::<reauthenticate::ReauthenticateRequest>()),
        ("PasswordChange", read_by::<change_password::ChangePasswordRequest>()),
        ("PasswordForgot", read_by::<forgot_password::ForgotPasswordRequest>()),
        ("PasswordReset", read_by::<reset_password::ResetPasswordRequest>()),
        ("CreateStaff", read_by::<create::CreateStaff>()),
        ("CreateCustomer", read_by::<create::CreateCustomer>()),
        ("Handover", read_by::<handover::HandoverRequest>()),
    ] {
        assert_eq!(documented(schemas, name), read, "{name}");
    }
}
