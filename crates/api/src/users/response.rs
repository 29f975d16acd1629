//! A person as JSON: one flat object whose shape follows the role.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use domain::{Customer, Page, Profile, Staff, User};
use formats::rfc3339;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};
use uuid::Uuid;

use crate::extract::page::{list_schema, page};
use crate::schema::{CustomerRoleName, StaffRoleName, VerificationMethodName, any_object, component, described};

/// A person. `role` tells which of the two shapes it has.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum UserResponse {
    Staff(StaffResponse),
    Customer(CustomerResponse),
}

/// An admin or a manager.
#[derive(Serialize, ToSchema)]
#[schema(as = StaffUser)]
pub(crate) struct StaffResponse {
    id: Uuid,
    #[schema(value_type = StaffRoleName)]
    role: &'static str,
    /// Whether they may sign in.
    is_active: bool,
    /// When a contact of theirs was proven by a code; `null` when none was since the last change.
    #[schema(required = true, value_type = Option<chrono::DateTime<chrono::Utc>>)]
    verified_at: Option<String>,
    #[schema(required = true, max_length = 120)]
    display_name: Option<String>,
    #[schema(format = Email, max_length = 254)]
    email: String,
    /// E.164.
    #[schema(required = true, example = "+998901234567")]
    phone: Option<String>,
    /// The company's own reference.
    #[schema(required = true, max_length = 50)]
    tin_trunk_number: Option<String>,
    /// Over which channel they get codes.
    #[schema(value_type = VerificationMethodName)]
    verification_method: &'static str,
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    created_at: String,
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    updated_at: String,
}

/// A customer.
#[derive(Serialize, ToSchema)]
#[schema(as = CustomerUser)]
pub(crate) struct CustomerResponse {
    id: Uuid,
    #[schema(value_type = CustomerRoleName)]
    role: &'static str,
    /// Whether they may sign in.
    is_active: bool,
    /// When their phone was proven by a code; `null` when it was not since the last change.
    #[schema(required = true, value_type = Option<chrono::DateTime<chrono::Utc>>)]
    verified_at: Option<String>,
    #[schema(required = true, max_length = 120)]
    display_name: Option<String>,
    /// E.164.
    #[schema(example = "+998901234567")]
    phone: String,
    /// Who entered the customer; themselves after a sign-up.
    created_by: Uuid,
    /// The manager who looks after the customer.
    #[schema(required = true)]
    assigned_manager_id: Option<Uuid>,
    #[schema(schema_with = metadata)]
    metadata: Map<String, Value>,
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    created_at: String,
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    updated_at: String,
}

fn metadata() -> RefOr<Schema> {
    described(any_object(), "What else the company keeps about the customer.")
}

/// A page of people.
pub(crate) struct UserList;
component!(UserList, "UserList", [UserResponse], list_schema("A page of people.", "UserResponse"));

impl From<&User> for UserResponse {
    fn from(user: &User) -> Self {
        match &user.profile {
            Profile::Admin(staff) | Profile::Manager(staff) => Self::Staff(StaffResponse::new(user, staff)),
            Profile::Customer(customer) => Self::Customer(CustomerResponse::new(user, customer)),
        }
    }
}

impl StaffResponse {
    fn new(user: &User, staff: &Staff) -> Self {
        Self {
            id: user.id.as_uuid(),
            role: user.role().as_str(),
            is_active: user.is_active,
            verified_at: user.verified_at.map(rfc3339),
            display_name: user.display_name.as_ref().map(ToString::to_string),
            email: staff.email.shown(),
            phone: staff.phone.as_ref().map(ToString::to_string),
            tin_trunk_number: staff.tin_trunk_number.as_ref().map(ToString::to_string),
            verification_method: staff.verification_method.as_str(),
            created_at: rfc3339(user.created_at),
            updated_at: rfc3339(user.updated_at),
        }
    }
}

impl CustomerResponse {
    fn new(user: &User, customer: &Customer) -> Self {
        Self {
            id: user.id.as_uuid(),
            role: user.role().as_str(),
            is_active: user.is_active,
            verified_at: user.verified_at.map(rfc3339),
            display_name: user.display_name.as_ref().map(ToString::to_string),
            phone: customer.phone.to_string(),
            created_by: customer.created_by.as_uuid(),
            assigned_manager_id: customer.assigned_manager_id.map(domain::UserId::as_uuid),
            metadata: customer.metadata.as_object().clone(),
            created_at: rfc3339(user.created_at),
            updated_at: rfc3339(user.updated_at),
        }
    }
}

/// The strong entity tag of a person's state (RFC 9110 section 8.8.3).
pub(crate) fn etag(user: &User) -> String {
    format!("\"{}-{}\"", user.id.as_uuid().simple(), user.version)
}

/// A person with their entity tag, or 304 when the caller has that state.
pub(crate) fn rendered(request: &HttpRequest, user: &User) -> HttpResponse {
    let etag = etag(user);
    if none_match(request, &etag) {
        return HttpResponse::NotModified().insert_header((header::ETAG, etag)).finish();
    }
    HttpResponse::Ok().insert_header((header::ETAG, etag)).json(UserResponse::from(user))
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
