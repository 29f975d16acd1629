//! `PATCH /users/{id}` and `PATCH /users/me`

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use domain::accounts::SentPatch;
use domain::{Actor, Customer, Phone, Profile, Role, Staff, User, UserId, UserPatch, ValueError, VerificationMethod};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::extract::caller::Authenticated;
use crate::extract::fields::Fields;
use crate::extract::if_match::expected;
use crate::extract::json_body::JsonBody;
use crate::extract::path_id::PathId;
use crate::extract::query::no_query;
use crate::problem::{Problem, ProblemBody};
use crate::services::Services;
use crate::users::response::{RoleName, StaffRoleName};
use crate::users::{UserResponse, VerificationMethodName, etag};

/// What is to change about a person (RFC 7396): what is not named stays, `null` empties.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the shape of the documentation; `staff` and `customer` read the values")]
pub(crate) enum UpdateUserRequest {
    Staff(UpdateStaffRequest),
    Customer(UpdateCustomerRequest),
}

/// What is to change about a staff member. Admins set all of it; managers, of
/// themselves, `display_name`, `phone`, `tin_trunk_number` and `verification_method`.
#[derive(ToSchema)]
#[schema(as = UpdateStaff)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the shape of the documentation")]
pub(crate) struct UpdateStaffRequest {
    /// Ends the person's sessions. A manager with customers keeps the role.
    #[schema(nullable = false, value_type = Option<StaffRoleName>)]
    role: Option<String>,
    /// Whether they may sign in; `false` ends their sessions.
    #[schema(nullable = false)]
    is_active: Option<bool>,
    #[schema(max_length = 120)]
    display_name: Option<String>,
    /// Ends the person's sessions, and is unproven.
    #[schema(nullable = false, format = Email, max_length = 254)]
    email: Option<String>,
    /// International form. Ends the person's sessions, and is unproven.
    #[schema(example = "+998901234567")]
    phone: Option<String>,
    /// The company's own reference.
    #[schema(max_length = 50)]
    tin_trunk_number: Option<String>,
    /// Over which channel codes go; `phone` and `whatsapp` need the phone.
    #[schema(nullable = false, value_type = Option<VerificationMethodName>)]
    verification_method: Option<String>,
}

/// What is to change about a customer. Admins set all of it; managers, of their
/// customers, `phone`, `display_name`, `metadata` and `is_active`; customers their own `display_name`.
#[derive(ToSchema)]
#[schema(as = UpdateCustomer)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the shape of the documentation")]
pub(crate) struct UpdateCustomerRequest {
    /// Only `customer`, which changes nothing.
    #[schema(nullable = false, value_type = Option<RoleName>)]
    role: Option<String>,
    /// Whether they may sign in; `false` ends their sessions.
    #[schema(nullable = false)]
    is_active: Option<bool>,
    #[schema(max_length = 120)]
    display_name: Option<String>,
    /// International form. Ends the person's sessions, and is unproven.
    #[schema(nullable = false, example = "+998901234567")]
    phone: Option<String>,
    /// An active manager, or `null` for nobody.
    assigned_manager_id: Option<uuid::Uuid>,
    /// Merged into what is there: a `null` member deletes its key. The result has at most 16 KiB and 8 levels. A number
    /// that would not come back as it was sent is refused with `inexact_number`.
    #[schema(nullable = false, value_type = Option<std::collections::HashMap<String, Value>>)]
    metadata: Option<Map<String, Value>>,
}

/// Changes a person, as a JSON merge patch. A patch that changes nothing is
/// answered the same and moves nothing. Without `If-Match`, what others change
/// at the same time stays changed too.
#[utoipa::path(patch, path = "/users/{id}", tag = "users", operation_id = "update_user",
    params(
        ("id" = uuid::Uuid, Path, description = "The person."),
        ("If-Match" = Option<String>, Header, description = "An `ETag`: 412 when it is no longer current.")),
    request_body(description = "A merge patch.",
        content((UpdateUserRequest = "application/json"), (UpdateUserRequest = "application/merge-patch+json"))),
    responses(
        (status = 200, description = "The person after the change.", body = UserResponse,
            headers(("ETag" = String, description = "The state of the record"))),
        (status = 400, description = "`malformed_json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`invalid_token`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: fields that are not the caller's to set, which the pointers name.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: nobody, or nobody whom the caller may see.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 409, description = "`email_taken`, `phone_taken`, `last_admin`, `has_customers`, `role_change_not_allowed` or `conflict`",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "`precondition_failed`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`payload_too_large`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed`", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn update(
    signed_in: Authenticated,
    services: Data<Services>,
    id: PathId<UserId>,
    request: HttpRequest,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    patched(&services, &signed_in.0.actor, id.or_nobody(), &request, body).await
}

/// Changes the caller, as `PATCH /users/{id}` does.
#[utoipa::path(patch, path = "/users/me", tag = "users", operation_id = "update_me",
    params(("If-Match" = Option<String>, Header, description = "An `ETag`: 412 when it is no longer current.")),
    request_body(description = "A merge patch.",
        content((UpdateUserRequest = "application/json"), (UpdateUserRequest = "application/merge-patch+json"))),
    responses(
        (status = 200, description = "The caller after the change.", body = UserResponse,
            headers(("ETag" = String, description = "The state of the record"))),
        (status = 400, description = "`malformed_json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`invalid_token`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: fields that are not the caller's to set, which the pointers name.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 409, description = "`email_taken`, `phone_taken`, `last_admin`, `role_change_not_allowed` or `conflict`",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "`precondition_failed`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`payload_too_large`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed`", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn update_me(
    signed_in: Authenticated,
    services: Data<Services>,
    request: HttpRequest,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    patched(&services, &signed_in.0.actor, signed_in.0.user.id, &request, body).await
}

async fn patched(
    services: &Services,
    actor: &Actor,
    id: UserId,
    request: &HttpRequest,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let sent = async || {
        no_query(request.query_string())?;
        let sent = body.patch_fields().await?;
        let fields = sent.names().filter_map(|name| name.parse().ok()).collect();
        Ok(SentPatch { fields, read: |before: &User| read(sent, before) })
    };
    let user = services.accounts.update(actor, id, &expected(request, id), sent).await?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, etag(&user))).json(UserResponse::from(&user)))
}

fn read(mut fields: Fields, user: &User) -> Result<UserPatch, Problem> {
    let patch = match &user.profile {
        Profile::Admin(profile) | Profile::Manager(profile) => staff(&mut fields, profile),
        Profile::Customer(profile) => customer(&mut fields, profile),
    };
    fields.finish(Some(patch))
}

fn staff(fields: &mut Fields, before: &Staff) -> UserPatch {
    let role = fields.change::<Role>("role");
    let is_active = fields.change("is_active");
    let display_name = fields.clearable("display_name");
    let email = fields.change("email");
    let has_phone = fields.has("phone");
    let phone: Option<Option<Phone>> = fields.clearable("phone");
    let tin_trunk_number = fields.clearable("tin_trunk_number");
    let verification_method: Option<VerificationMethod> = fields.change("verification_method");
    let was_refused = has_phone && phone.is_none();
    if !was_refused && role != Some(Role::Customer) {
        let after = phone.clone().unwrap_or_else(|| before.phone.clone());
        fields.check_contact(Some(verification_method.unwrap_or(before.verification_method)), Some(&after));
    }
    UserPatch {
        role,
        is_active,
        display_name,
        email,
        phone,
        tin_trunk_number,
        verification_method,
        ..UserPatch::default()
    }
}

fn customer(fields: &mut Fields, before: &Customer) -> UserPatch {
    UserPatch {
        role: fields.change("role"),
        is_active: fields.change("is_active"),
        display_name: fields.clearable("display_name"),
        phone: fields.change("phone").map(Some),
        assigned_manager_id: fields.clearable("assigned_manager_id"),
        metadata: fields.change_with("metadata", |value| match value {
            // Tried out here, so that one answer names every field that is wrong.
            Value::Object(patch) => before.metadata.merged(&patch).map(|_| Some(patch)),
            _ => Err(ValueError::new("wrong_type", "must be an object")),
        }),
        ..UserPatch::default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::routes::Paths;
    use domain::Field;
    use utoipa::OpenApi;

    fn before() -> (Staff, Customer) {
        let phone = Phone::parse("+998901234567").unwrap();
        let staff = Staff {
            email: domain::Email::parse("a@example.com").unwrap(),
            phone: Some(phone.clone()),
            tin_trunk_number: None,
            verification_method: VerificationMethod::Phone,
        };
        let nobody = uuid::Uuid::nil().into();
        let metadata = domain::Metadata::default();
        (staff, Customer { phone, created_by: nobody, assigned_manager_id: None, metadata })
    }

    #[test]
    fn what_is_documented_is_what_is_read_and_what_the_policy_knows() {
        let document = serde_json::to_value(Paths::openapi()).unwrap();
        let (before_staff, before_customer) = before();
        let (mut of_staff, mut of_customer) = (Fields::new(Map::new()), Fields::new(Map::new()));
        staff(&mut of_staff, &before_staff);
        customer(&mut of_customer, &before_customer);
        for (schema, fields, role) in
            [("UpdateStaff", of_staff, Role::Manager), ("UpdateCustomer", of_customer, Role::Customer)]
        {
            let properties = document["components"]["schemas"][schema]["properties"].as_object().unwrap();
            let documented: BTreeSet<_> = properties.keys().map(String::as_str).collect();
            assert_eq!(documented, fields.asked().iter().copied().collect(), "{schema}");
            let known = Field::ALL.iter().filter(|&&field| domain::policy::field_exists(role, field));
            assert_eq!(documented, known.map(|field| field.as_str()).collect(), "{schema}");
        }
    }

    #[test]
    fn null_empties_and_absence_keeps() {
        let (before, _) = before();
        let read = |value: Value| {
            let mut fields = Fields::new(value.as_object().unwrap().clone());
            let patch = staff(&mut fields, &before);
            fields.finish(Some(patch))
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
