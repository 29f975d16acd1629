//! `POST /users/`

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use auth::{Password, PasswordPolicy};
use domain::accounts::{Created as Entered, Entry, SentUser};
use domain::idempotency::AnswerToStore;
use domain::{Actor, Metadata, NewCustomer, NewStaff, NewUser, PasswordHash, Role, User};

use crate::extract::caller::Authenticated;
use crate::extract::fields::Fields;
use crate::extract::idempotency_key::{self, Created};
use crate::extract::json_body::{FromFields, JsonBody, body_components};
use crate::extract::query::no_query;
use crate::extract::staff::StaffFields;
use crate::problem::Problem;
use crate::schema::{component, one_of, reference};
use crate::services::Services;
use crate::users::response::{UserResponse, etag};

/// A person to enter.
pub(crate) enum CreateUserRequest {
    Staff(CreateStaff),
    Customer(CreateCustomer),
}

/// A staff member, without a password if they are to be invited.
pub(crate) struct CreateStaff(NewStaff, Option<Password>);

pub(crate) struct CreateCustomer(NewCustomer);

body_components! {
    CreateStaff, "CreateStaff", "A staff member to enter.";
    CreateCustomer, "CreateCustomer", "A customer to enter.";
}
component!(CreateUserRequest, "CreateUserRequest", [CreateStaff, CreateCustomer], {
    one_of("A person to enter; `role` tells which.", &["CreateStaff", "CreateCustomer"])
});

const ABOUT_ACTIVE: &str = "Whether they may sign in; `true` unless said otherwise.";
const ABOUT_PASSWORD: &str =
    "Without one the person is invited: a code with which they set it goes over their verification method.";
const ABOUT_METADATA: &str = "What else to keep: an object of at most 16 KiB and 8 levels. A number that would not come \
                              back as it was sent is refused with `inexact_number`.";
const ABOUT_MANAGER: &str =
    "An active manager. Only admins name one; a manager who enters a customer becomes its manager.";

impl FromFields for CreateUserRequest {
    fn from_fields(fields: &mut Fields, policy: PasswordPolicy) -> Option<Self> {
        match fields.peek("role") {
            Some("customer") => CreateCustomer::from_fields(fields, policy).map(Self::Customer),
            Some("admin" | "manager") => CreateStaff::from_fields(fields, policy).map(Self::Staff),
            _ => {
                // Which fields belong depends on the role, so nothing more can be said.
                let _: Option<Role> = fields.required("role", "");
                fields.discard();
                None
            }
        }
    }
}

impl FromFields for CreateStaff {
    fn from_fields(fields: &mut Fields, policy: PasswordPolicy) -> Option<Self> {
        let role = fields.required("role", "");
        let StaffFields { display_name, staff, password, rest: is_active } = StaffFields::read(
            fields,
            |fields, email| fields.optional_new_password("password", ABOUT_PASSWORD, policy, email),
            |fields| fields.optional("is_active", ABOUT_ACTIVE),
        )?;
        let (password_hash, is_active) = (PasswordHash::unusable(), is_active.unwrap_or(true));
        Some(Self(NewStaff { role: role?, display_name, staff, password_hash, is_active }, password))
    }
}

impl FromFields for CreateCustomer {
    fn from_fields(fields: &mut Fields, _: PasswordPolicy) -> Option<Self> {
        let _: Option<Role> = fields.required_as("role", "", || reference("CustomerRole"));
        let phone = fields.required("phone", "International form.");
        let display_name = fields.optional("display_name", "");
        let metadata: Option<Option<Metadata>> = fields.optional("metadata", ABOUT_METADATA);
        let assigned_manager_id = fields.optional("assigned_manager_id", ABOUT_MANAGER);
        let is_active: Option<Option<bool>> = fields.optional("is_active", ABOUT_ACTIVE);
        Some(Self(NewCustomer {
            phone: phone?,
            display_name: display_name?,
            metadata: metadata?.unwrap_or_default(),
            assigned_manager_id: assigned_manager_id?,
            is_active: is_active?.unwrap_or(true),
        }))
    }
}

/// Enters a person with their profile: an admin anyone, a manager customers,
/// which are then assigned to them.
///
/// Staff without a `password` are invited: a code and its `challenge_id`, good for 72 hours, go over their verification
/// method, and `POST /auth/password/reset` takes them with the first password. Later, `POST /auth/password/forgot` is the
/// way in.
#[utoipa::path(post, path = "/users/",
    request_body = CreateUserRequest,
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
        description = "Up to 255 visible ASCII characters. The same request under the same key within 24 hours enters \
                       nobody again and gets the first answer.")),
    responses(
        (status = 201, description = "The person, invited if staff without a password.", body = UserResponse,
            headers(("Location" = String, description = "Where the person is, relative to the request"))),
        (status = 400, description = "`malformed_json`, or `bad_request` for a wrong `Idempotency-Key`"),
        (status = 403, description = "`forbidden`: not this role, or not this field, which the pointer names"),
        (status = 409, description = "`email_taken` or `phone_taken`"),
        (status = 422, description = "`validation_failed`, or `idempotency_key_reused`: the key was another request's")))]
pub(crate) async fn create_user(
    signed_in: Authenticated,
    services: Data<Services>,
    request: HttpRequest,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let actor = &signed_in.0.actor;
    let services = &**services;
    let passwords = services.auth.passwords.policy();
    let sent = async || {
        no_query(request.query_string())?;
        let key = idempotency_key::key(&request)?;
        let mut fields = body.fields().await?;
        let request = key.map(|key| services.keys.idempotent_request(signed_in.0.user.id, key, &fields.canonical()));
        let answer = request.map(|request| AnswerToStore { request, answer: |user| created(user).remembered() });
        let role = fields.peek("role").and_then(|role| role.parse().ok());
        let enter = async move |entry| {
            let new = CreateUserRequest::from_fields(&mut fields, passwords);
            enter(services, actor, fields.finish(new)?, entry).await
        };
        Ok(SentUser { role, answer, enter })
    };
    match services.accounts.create_idempotent::<Problem, _>(actor, sent).await? {
        Entered::Now(user) => Ok(created(&user).answer(&request)),
        Entered::Before(answer) => idempotency_key::again(&answer, &request),
    }
}

fn created(user: &User) -> Created {
    let body = serde_json::to_string(&UserResponse::from(user)).unwrap_or_default();
    Created { location: format!("/users/{}", user.id), etag: etag(user), body }
}

async fn enter(services: &Services, actor: &Actor, new: CreateUserRequest, entry: Entry) -> Result<User, Problem> {
    let new = match new {
        CreateUserRequest::Customer(CreateCustomer(new)) => NewUser::Customer(new),
        CreateUserRequest::Staff(CreateStaff(new, None)) => {
            return Ok(services.auth.invitations.invite(actor, new, entry).await?);
        }
        CreateUserRequest::Staff(CreateStaff(mut new, Some(password))) => {
            let email = Some(&new.staff.email);
            new.password_hash = services.auth.passwords.hash_new(actor, "password", &password, email).await?;
            NewUser::Staff(new)
        }
    };
    Ok(services.accounts.create_as(actor, new, entry).await?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_phone_that_the_method_lacks_is_named_after_the_wrong_fields() {
        let body = json!({ "role": "admin", "email": "a@example.com", "verification_method": "phone", "is_active": 1 });
        let mut fields = Fields::new(body.as_object().unwrap().clone());
        let new = CreateUserRequest::from_fields(&mut fields, PasswordPolicy::default());
        let text = format!("{:?}", fields.finish(new).err().unwrap());
        assert!(text.find("/is_active").unwrap() < text.find("/phone").unwrap(), "{text}");
    }
}
