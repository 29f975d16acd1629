//! `PATCH /users/{id}` and `PATCH /users/me`

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use domain::accounts::SentPatch;
use domain::{Actor, Profile, Role, User, UserId, UserPatch};

use crate::extract::caller::Authenticated;
use crate::extract::fields::Fields;
use crate::extract::if_match::expected;
use crate::extract::json_body::JsonBody;
use crate::extract::path_id::PathId;
use crate::extract::query::no_query;
use crate::problem::Problem;
use crate::schema::{component, object, one_of, reference};
use crate::services::Services;
use crate::users::response::{UserResponse, etag};

/// What is to change about a person, in the document. How it is read depends on who the person is.
pub(crate) struct UpdateUserRequest;
pub(crate) struct UpdateStaff;
pub(crate) struct UpdateCustomer;

component!(UpdateStaff, "UpdateStaff", [], object(ABOUT_STAFF, &Fields::asked_by(staff_patch)));
component!(UpdateCustomer, "UpdateCustomer", [], object(ABOUT_CUSTOMER, &Fields::asked_by(customer_patch)));
component!(UpdateUserRequest, "UpdateUserRequest", [UpdateStaff, UpdateCustomer], {
    let about = "What is to change about a person (RFC 7396): what is not named stays, `null` empties.";
    one_of(about, &["UpdateStaff", "UpdateCustomer"])
});

const ABOUT_STAFF: &str = "What is to change about a staff member. Admins set all of it; managers, of themselves, \
                           `display_name`, `phone`, `tin_trunk_number` and `verification_method`.";
const ABOUT_CUSTOMER: &str = "What is to change about a customer. Admins set all of it; managers, of their customers, \
                              `phone`, `display_name`, `metadata` and `is_active`; customers their own `display_name`.";
const ABOUT_ACTIVE: &str = "Whether they may sign in; `false` ends their sessions.";
const ABOUT_PHONE: &str = "International form. Ends the person's sessions, and is unproven.";
const ABOUT_METADATA: &str = "Merged into what is there: a `null` member deletes its key. The result has at most 16 KiB \
                              and 8 levels. A number that would not come back as it was sent is refused with \
                              `inexact_number`.";

/// Changes a person, as a JSON merge patch. A patch that changes nothing is
/// answered the same and moves nothing. Without `If-Match`, what others change
/// at the same time stays changed too.
#[utoipa::path(patch, path = "/users/{id}",
    params(
        ("If-Match" = Option<String>, Header, description = "An `ETag`: 412 when it is no longer current.")),
    request_body(description = "A merge patch.",
        content((UpdateUserRequest = "application/json"), (UpdateUserRequest = "application/merge-patch+json"))),
    responses(
        (status = 200, description = "The person after the change.", body = UserResponse),
        (status = 403, description = "`forbidden`: fields that are not the caller's to set, which the pointers name."),
        (status = 404, description = "`not_found`: nobody, or nobody whom the caller may see."),
        (status = 409, description = "`email_taken`, `phone_taken`, `last_admin`, `has_customers`, `role_change_not_allowed` or `conflict`")))]
pub(crate) async fn update_user(
    signed_in: Authenticated,
    services: Data<Services>,
    id: PathId<UserId>,
    request: HttpRequest,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    patched(&services, &signed_in.0.actor, id.found()?, &request, body).await
}

/// Changes the caller, as `PATCH /users/{id}` does.
#[utoipa::path(patch, path = "/users/me",
    params(("If-Match" = Option<String>, Header, description = "An `ETag`: 412 when it is no longer current.")),
    request_body(description = "A merge patch.",
        content((UpdateUserRequest = "application/json"), (UpdateUserRequest = "application/merge-patch+json"))),
    responses(
        (status = 200, description = "The caller after the change.", body = UserResponse),
        (status = 403, description = "`forbidden`: fields that are not the caller's to set, which the pointers name."),
        (status = 409, description = "`email_taken`, `phone_taken`, `last_admin`, `role_change_not_allowed` or `conflict`")))]
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

fn read(mut fields: Fields, before: &User) -> Result<UserPatch, Problem> {
    let has_phone = fields.has("phone");
    let patch = match &before.profile {
        Profile::Admin(staff) | Profile::Manager(staff) => {
            let patch = staff_patch(&mut fields);
            let was_refused = has_phone && patch.phone.is_none();
            if !was_refused && patch.role != Some(Role::Customer) {
                let method = patch.verification_method.unwrap_or(staff.verification_method);
                fields.check_contact(Some(method), Some(patch.phone.as_ref().unwrap_or(&staff.phone)));
            }
            patch
        }
        Profile::Customer(customer) => {
            let patch = customer_patch(&mut fields);
            // Tried out here, so that one answer names every field that is wrong.
            if let Some(Err(error)) = patch.metadata.as_ref().map(|patch| customer.metadata.merged(patch)) {
                fields.refuse("metadata", error);
            }
            patch
        }
    };
    fields.finish(Some(patch))
}

fn staff_patch(fields: &mut Fields) -> UserPatch {
    let about = "Ends the person's sessions. A manager with customers keeps the role.";
    UserPatch {
        role: fields.change_as("role", about, || reference("StaffRole")),
        is_active: fields.change("is_active", ABOUT_ACTIVE),
        display_name: fields.clearable("display_name", ""),
        email: fields.change("email", "Ends the person's sessions, and is unproven."),
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
        let read = |value: Value| read(Fields::new(value.as_object().unwrap().clone()), &before());
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
