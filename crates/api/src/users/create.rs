//! `POST /users/`

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use auth::{Password, PasswordPolicy};
use domain::accounts::{Created as Entered, SentUser};
use domain::once::Remember;
use domain::{
    Actor, DisplayName, Email, Metadata, NewCustomer, NewStaff, NewUser, PasswordHash, Phone, Role, Staff, StaffRole,
    TrunkNumber, User, UserId, VerificationMethod,
};
use utoipa::ToSchema;

use crate::extract::caller::Authenticated;
use crate::extract::fields::Fields;
use crate::extract::idempotency_key::{self, Created};
use crate::extract::json_body::{FromFields, JsonBody};
use crate::extract::query::no_query;
use crate::problem::{Problem, ProblemBody};
use crate::services::Services;
use crate::users::response::{CustomerRoleName, StaffRoleName};
use crate::users::{UserResponse, VerificationMethodName, etag};

/// A person to enter; `role` tells which.
#[derive(ToSchema)]
#[serde(untagged)]
pub(crate) enum CreateUserRequest {
    Staff(CreateStaffRequest),
    Customer(CreateCustomerRequest),
}

/// A staff member to enter.
#[derive(ToSchema)]
#[schema(as = CreateStaff)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateStaffRequest {
    #[schema(value_type = StaffRoleName)]
    role: StaffRole,
    #[schema(value_type = String, format = Email, max_length = 254)]
    email: Email,
    /// Without one the person is invited: a code with which they set it goes over their verification method.
    #[schema(value_type = Option<String>, format = Password, min_length = 12, max_length = 128)]
    password: Option<Password>,
    #[schema(value_type = Option<String>, max_length = 120)]
    display_name: Option<DisplayName>,
    /// International form. Needed for the verification methods `phone` and `whatsapp`.
    #[schema(value_type = Option<String>, example = "+998901234567")]
    phone: Option<Phone>,
    /// The company's own reference.
    #[schema(value_type = Option<String>, max_length = 50)]
    tin_trunk_number: Option<TrunkNumber>,
    /// Over which channel codes go; `email` unless said otherwise.
    #[schema(value_type = Option<VerificationMethodName>)]
    verification_method: Option<VerificationMethod>,
    /// Whether they may sign in; `true` unless said otherwise.
    is_active: Option<bool>,
}

/// A customer to enter.
#[derive(ToSchema)]
#[schema(as = CreateCustomer)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateCustomerRequest {
    #[schema(value_type = CustomerRoleName)]
    #[expect(dead_code, reason = "read for what it tells")]
    role: Role,
    /// International form.
    #[schema(value_type = String, example = "+998901234567")]
    phone: Phone,
    #[schema(value_type = Option<String>, max_length = 120)]
    display_name: Option<DisplayName>,
    /// What else to keep: an object of at most 16 KiB and 8 levels. A number that would not come back as it was sent is
    /// refused with `inexact_number`.
    #[schema(value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    metadata: Option<Metadata>,
    /// An active manager. Only admins name one; a manager who enters a customer becomes its manager.
    #[schema(value_type = Option<uuid::Uuid>)]
    assigned_manager_id: Option<UserId>,
    /// Whether they may sign in; `true` unless said otherwise.
    is_active: Option<bool>,
}

impl FromFields for CreateUserRequest {
    fn from_fields(fields: &mut Fields, policy: PasswordPolicy) -> Option<Self> {
        match fields.peek("role") {
            Some("customer") => CreateCustomerRequest::from_fields(fields, policy).map(Self::Customer),
            Some("admin" | "manager") => CreateStaffRequest::from_fields(fields, policy).map(Self::Staff),
            _ => {
                // Which fields belong depends on the role, so nothing more can be said.
                let _: Option<Role> = fields.required("role");
                fields.discard();
                None
            }
        }
    }
}

impl FromFields for CreateStaffRequest {
    fn from_fields(fields: &mut Fields, policy: PasswordPolicy) -> Option<Self> {
        let role = fields.required("role");
        let email = fields.required("email");
        let password = fields.optional_new_password("password", policy, email.as_ref());
        let display_name = fields.optional("display_name");
        let phone = fields.optional("phone");
        let tin_trunk_number = fields.optional("tin_trunk_number");
        let verification_method = fields.optional("verification_method");
        let is_active = fields.optional("is_active");
        fields.check_contact(verification_method.flatten(), phone.as_ref());
        Some(Self {
            role: role?,
            email: email?,
            password: password?,
            display_name: display_name?,
            phone: phone?,
            tin_trunk_number: tin_trunk_number?,
            verification_method: verification_method?,
            is_active: is_active?,
        })
    }
}

impl FromFields for CreateCustomerRequest {
    fn from_fields(fields: &mut Fields, _: PasswordPolicy) -> Option<Self> {
        let role = fields.required("role");
        let phone = fields.required("phone");
        let display_name = fields.optional("display_name");
        let metadata = fields.optional("metadata");
        let assigned_manager_id = fields.optional("assigned_manager_id");
        let is_active = fields.optional("is_active");
        Some(Self {
            role: role?,
            phone: phone?,
            display_name: display_name?,
            metadata: metadata?,
            assigned_manager_id: assigned_manager_id?,
            is_active: is_active?,
        })
    }
}

/// Enters a person with their profile: an admin anyone, a manager customers,
/// which are then assigned to them.
///
/// Staff without a `password` are invited: a code and its `challenge_id`, good for 72 hours, go over their verification
/// method, and `POST /auth/password/reset` takes them with the first password. Later, `POST /auth/password/forgot` is the
/// way in.
#[utoipa::path(post, path = "/users/", tag = "users", operation_id = "create_user",
    request_body = CreateUserRequest,
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
        description = "Up to 255 visible ASCII characters. The same request under the same key within 24 hours enters \
                       nobody again and gets the first answer.")),
    responses(
        (status = 201, description = "The person, invited if staff without a password.", body = UserResponse,
            headers(("Location" = String, description = "Where the person is, relative to the request"), ("ETag" = String, description = "The state of the record"))),
        (status = 400, description = "`malformed_json`, or `bad_request` for a wrong `Idempotency-Key`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`invalid_token`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: not this role, or not this field, which the pointer names", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 409, description = "`email_taken` or `phone_taken`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`payload_too_large`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed`, or `idempotency_key_reused`: the key was another request's", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn create(
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
        let once = key.map(|key| services.keys.idempotent_request(signed_in.0.user.id, key, &fields.canonical()));
        let answer = once.map(|once| Remember { once, answer: |user| created(user).remembered() });
        let role = fields.peek("role").and_then(|role| role.parse().ok());
        let enter = async move |answer| {
            let new = CreateUserRequest::from_fields(&mut fields, passwords);
            enter(services, actor, fields.finish(new)?, answer).await
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

async fn enter(
    services: &Services,
    actor: &Actor,
    new: CreateUserRequest,
    remember: Option<Remember>,
) -> Result<User, Problem> {
    match new {
        CreateUserRequest::Staff(mut new) => {
            let password = new.password.take();
            let email = new.email.clone();
            let mut staff = NewStaff::from(new);
            let Some(password) = password else {
                return Ok(services.auth.invitations.invite(actor, staff, remember).await?);
            };
            staff.password_hash = services.auth.passwords.hash_new(actor, "password", &password, Some(&email)).await?;
            Ok(services.accounts.create_and_store(actor, NewUser::Staff(staff), remember).await?)
        }
        CreateUserRequest::Customer(new) => {
            Ok(services.accounts.create_and_store(actor, NewUser::Customer(new.into()), remember).await?)
        }
    }
}

impl From<CreateStaffRequest> for NewStaff {
    /// Without a password.
    fn from(new: CreateStaffRequest) -> Self {
        Self {
            role: new.role,
            display_name: new.display_name,
            staff: Staff {
                email: new.email,
                phone: new.phone,
                tin_trunk_number: new.tin_trunk_number,
                verification_method: new.verification_method.unwrap_or(VerificationMethod::Email),
            },
            password_hash: PasswordHash::unusable(),
            is_active: new.is_active.unwrap_or(true),
        }
    }
}

impl From<CreateCustomerRequest> for NewCustomer {
    fn from(new: CreateCustomerRequest) -> Self {
        Self {
            phone: new.phone,
            display_name: new.display_name,
            metadata: new.metadata.unwrap_or_default(),
            assigned_manager_id: new.assigned_manager_id,
            is_active: new.is_active.unwrap_or(true),
        }
    }
}
