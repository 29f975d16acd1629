//! The documented schema of a body and what is read out of it are the same.

use std::collections::BTreeSet;

use auth::PasswordPolicy;
use serde_json::{Map, Value};
use utoipa::OpenApi;

use super::FromFields;
use crate::auth::{change_password, forgot_password, refresh, reset_password, signin, signup, verify};
use crate::extract::fields::Fields;
use crate::routes::Paths;
use crate::users::{create, handover};

/// The names that a type reads out of any object.
fn read_by<T: FromFields>() -> BTreeSet<String> {
    let mut fields = Fields::new(Map::new());
    assert!(T::from_fields(&mut fields, PasswordPolicy::default()).is_none(), "an empty body is no request");
    fields.asked().iter().map(|name| (*name).to_owned()).collect()
}

fn documented(schemas: &Value, name: &str) -> BTreeSet<String> {
    let schema = &schemas[name];
    let parts = schema["allOf"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
    let mut names = BTreeSet::new();
    for part in parts {
        if let Some(reference) = part["$ref"].as_str() {
            names.extend(documented(schemas, reference.rsplit('/').next().unwrap()));
        }
        names.extend(part["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()));
    }
    names
}

#[test]
fn what_is_documented_is_what_is_read() {
    let document = serde_json::to_value(Paths::openapi()).unwrap();
    let schemas = &document["components"]["schemas"];
    for (name, read) in [
        ("StaffSignup", read_by::<signup::StaffSignupRequest>()),
        ("CustomerSignup", read_by::<signup::CustomerSignupRequest>()),
        ("FirstAdminSignup", read_by::<signup::FirstAdminSignupRequest>()),
        ("PasswordSignin", read_by::<signin::PasswordSigninRequest>()),
        ("PhoneSignin", read_by::<signin::PhoneSigninRequest>()),
        ("Verify", read_by::<verify::VerifyRequest>()),
        ("Refresh", read_by::<refresh::RefreshRequest>()),
        ("PasswordChange", read_by::<change_password::ChangePasswordRequest>()),
        ("PasswordForgot", read_by::<forgot_password::ForgotPasswordRequest>()),
        ("PasswordReset", read_by::<reset_password::ResetPasswordRequest>()),
        ("CreateStaff", read_by::<create::CreateStaffRequest>()),
        ("CreateCustomer", read_by::<create::CreateCustomerRequest>()),
        ("Handover", read_by::<handover::HandoverRequest>()),
    ] {
        assert_eq!(documented(schemas, name), read, "{name}");
    }
}
