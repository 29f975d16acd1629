//! A person as JSON: one flat object whose shape follows the role.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use domain::{Customer, DisplayName, Page, Phone, Profile, Staff, TrunkNumber, User};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};
use uuid::Uuid;

use crate::extract::idempotency_key::Created;
use crate::extract::{list, page};
use crate::schema::{CustomerRole, DateTime, StaffRole, VerificationMethod, any_object, described};

/// A person. `role` tells which of the two shapes it has.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum UserResponse<'u> {
    Staff(StaffResponse<'u>),
    Customer(CustomerResponse<'u>),
}

/// An admin or a manager.
#[derive(Serialize, ToSchema)]
#[schema(as = StaffUser)]
pub(crate) struct StaffResponse<'u> {
    id: Uuid,
    #[schema(value_type = StaffRole)]
    role: &'static str,
    /// Whether they may sign in.
    is_active: bool,
    /// When a contact of theirs was proven by a code; `null` when none was since the last change.
    #[schema(required = true)]
    verified_at: Option<DateTime>,
    #[schema(required = true, max_length = 120)]
    display_name: Option<&'u str>,
    #[schema(format = Email, max_length = 254)]
    email: String,
    /// E.164.
    #[schema(required = true, example = "+998901234567")]
    phone: Option<&'u str>,
    /// The company's own reference.
    #[schema(required = true, max_length = 50)]
    tin_trunk_number: Option<&'u str>,
    /// Over which channel they get codes.
    #[schema(value_type = VerificationMethod)]
    verification_method: &'static str,
    created_at: DateTime,
    updated_at: DateTime,
}

/// A customer.
#[derive(Serialize, ToSchema)]
#[schema(as = CustomerUser)]
pub(crate) struct CustomerResponse<'u> {
    id: Uuid,
    #[schema(value_type = CustomerRole)]
    role: &'static str,
    /// Whether they may sign in.
    is_active: bool,
    /// When their phone was proven by a code; `null` when it was not since the last change.
    #[schema(required = true)]
    verified_at: Option<DateTime>,
    #[schema(required = true, max_length = 120)]
    display_name: Option<&'u str>,
    /// E.164.
    #[schema(example = "+998901234567")]
    phone: &'u str,
    /// Who entered the customer; themselves after a sign-up.
    created_by: Uuid,
    /// The manager who looks after the customer.
    #[schema(required = true)]
    assigned_manager_id: Option<Uuid>,
    #[schema(schema_with = metadata)]
    metadata: &'u Map<String, Value>,
    created_at: DateTime,
    updated_at: DateTime,
}

fn metadata() -> RefOr<Schema> {
    described(any_object(), "What else the company keeps about the customer.")
}

list!(UserList of UserResponse<'static>, "A page of people.");

impl<'u> From<&'u User> for UserResponse<'u> {
    fn from(user: &'u User) -> Self {
        match &user.profile {
            Profile::Admin(staff) | Profile::Manager(staff) => Self::Staff(StaffResponse::new(user, staff)),
            Profile::Customer(customer) => Self::Customer(CustomerResponse::new(user, customer)),
        }
    }
}

impl<'u> StaffResponse<'u> {
    fn new(user: &'u User, staff: &'u Staff) -> Self {
        Self {
            id: user.id.as_uuid(),
            role: user.role().as_str(),
            is_active: user.is_active,
            verified_at: user.verified_at.map(DateTime::from),
            display_name: user.display_name.as_ref().map(DisplayName::as_str),
            email: staff.email.shown(),
            phone: staff.phone.as_ref().map(Phone::as_str),
            tin_trunk_number: staff.tin_trunk_number.as_ref().map(TrunkNumber::as_str),
            verification_method: staff.verification_method.as_str(),
            created_at: user.created_at.into(),
            updated_at: user.updated_at.into(),
        }
    }
}

impl<'u> CustomerResponse<'u> {
    fn new(user: &'u User, customer: &'u Customer) -> Self {
        Self {
            id: user.id.as_uuid(),
            role: user.role().as_str(),
            is_active: user.is_active,
            verified_at: user.verified_at.map(DateTime::from),
            display_name: user.display_name.as_ref().map(DisplayName::as_str),
            phone: customer.phone.as_str(),
            created_by: customer.created_by.as_uuid(),
            assigned_manager_id: customer.assigned_manager_id.map(domain::UserId::as_uuid),
            metadata: customer.metadata.as_object(),
            created_at: user.created_at.into(),
            updated_at: user.updated_at.into(),
        }
    }
}

/// The strong entity tag of a person's state (RFC 9110 section 8.8.3).
fn etag(user: &User) -> String {
    format!("\"{}-{}\"", user.id.as_uuid().simple(), user.version)
}

/// Writes a person as the API shows them, for files of JSON lines.
///
/// # Errors
/// Writing into memory does not fail.
pub fn write_json(json: &mut Vec<u8>, user: &User) -> serde_json::Result<()> {
    serde_json::to_writer(json, &UserResponse::from(user))
}

/// A person who was entered.
pub(crate) fn created(user: &User) -> Created {
    let body = serde_json::to_string(&UserResponse::from(user)).unwrap_or_default();
    Created { location: format!("/users/{}", user.id), etag: etag(user), body }
}

/// A person after a change.
pub(crate) fn changed(user: &User) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::ETAG, etag(user))).json(UserResponse::from(user))
}

/// A person with their entity tag, or 304 when the caller has that state.
pub(crate) fn rendered(request: &HttpRequest, user: &User) -> HttpResponse {
    let etag = etag(user);
    if none_match(request, &etag) {
        return HttpResponse::NotModified().insert_header((header::ETAG, etag)).finish();
    }
    changed(user)
}

/// `If-None-Match` compares weakly (RFC 9110 section 13.1.2).
fn none_match(request: &HttpRequest, etag: &str) -> bool {
    let values = request.headers().get_all(header::IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// A page of people as an answer.
pub(crate) fn people(request: &HttpRequest, found: &Page<User>) -> HttpResponse {
    page(request, found.items.iter().map(UserResponse::from).collect(), found.next.as_ref(), found.total)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn if_none_match_takes_lists_stars_and_weak_tags() {
        for (value, matches) in
            [("\"a\"", true), ("\"b\"", false), ("\"b\", W/\"a\"", true), ("*", true), ("a", false), ("", false)]
        {
            let request = TestRequest::default().insert_header((header::IF_NONE_MATCH, value)).to_http_request();
            assert_eq!(none_match(&request, "\"a\""), matches, "{value}");
        }
    }
}
