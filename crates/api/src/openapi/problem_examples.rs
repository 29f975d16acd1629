//! An example of each kind of problem, and which of them an answer may be.

use serde_json::{Map, Value, json};

use super::examples::REQUEST;
use crate::problem::Code;

/// The problems as components: one example for each code. No operation answers with a fault of ours, or about a method
/// that its route does not have.
pub(super) fn components() -> Map<String, Value> {
    let is_of_an_operation = |code: &&Code| !matches!(code, Code::MethodNotAllowed | Code::Internal);
    let codes = Code::ALL.iter().filter(is_of_an_operation);
    codes.map(|&code| (code.as_str().to_owned(), json!({ "value": problem(code) }))).collect()
}

/// The problems with this status that the description names, as references to the components.
pub(super) fn named(status: &str, description: &str) -> Map<String, Value> {
    let names: Vec<&str> = description.split('`').skip(1).step_by(2).collect();
    let is_named = |code: &&Code| code.status().to_string() == status && names.contains(&code.as_str());
    let reference = |code: Code| json!({ "$ref": format!("#/components/examples/{}", code.as_str()) });
    Code::ALL.iter().filter(is_named).map(|&code| (code.as_str().to_owned(), reference(code))).collect()
}

fn problem(code: Code) -> Value {
    let mut problem = json!({
        "type": format!("urn:clientele:problem:{}", code.as_str()), "title": code.title(), "status": code.status(),
        "detail": detail(code), "code": code.as_str(), "request_id": REQUEST,
    });
    match code {
        Code::InvalidCode => problem["tries_left"] = 4.into(),
        Code::HasCustomers => problem["customers"] = 1.into(),
        Code::ValidationFailed => {
            let detail = "international form is needed: + and the country code, such as +998901234567";
            problem["errors"] = json!([{ "pointer": "/phone", "code": "invalid_phone", "detail": detail }]);
        }
        _ => {}
    }
    problem
}

fn detail(code: Code) -> &'static str {
    match code {
        Code::MalformedJson => "the body must be one JSON object",
        Code::BadRequest => "Idempotency-Key has 1 to 255 visible ASCII characters",
        Code::InvalidToken => "send a valid access token as Authorization: Bearer",
        Code::InvalidCredentials => "wrong e-mail or password",
        Code::InvalidCode => "the code is wrong, spent or expired",
        Code::InvalidSetupToken => "the setup token is wrong or spent",
        Code::AccountInactive => "an admin has to activate the account",
        Code::Forbidden => "your role or API key may not do that",
        Code::ReauthenticationRequired => {
            "give your password again with POST /auth/reauthenticate, then repeat this within five minutes"
        }
        Code::SignupClosed => "this kind of sign-up is closed",
        Code::NotFound => "there is nothing here for you",
        Code::MethodNotAllowed => "Allow names the methods",
        Code::RequestTimeout => "the body took too long to arrive",
        Code::EmailTaken => "another account has this e-mail",
        Code::PhoneTaken => "another customer has this phone",
        Code::LastAdmin => "there must be at least one active admin",
        Code::HasCustomers => "hand the customers over first",
        Code::RoleChangeNotAllowed => "a customer and a staff member don't turn into each other",
        Code::Conflict => "another request changed this first",
        Code::TooManyKeys => "revoke some of your keys first",
        Code::PreconditionFailed => "the record is no longer in the state that If-Match names",
        Code::PayloadTooLarge => "the body has more than 64 KiB",
        Code::UnsupportedMediaType => "send the body as application/json",
        Code::IdempotencyKeyReused => "the key was used for another request",
        Code::ValidationFailed => "see the errors",
        Code::RateLimited => "too many requests, try again later",
        Code::Internal => "the log has the cause under the request id",
        Code::Unavailable => "the database is away, try again",
    }
}
