//! `POST /auth/signup`

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use auth::{FirstAdminSignUp, Password, PasswordPolicy, StaffSignUp};
use domain::{DisplayName, Email, Phone, TrunkNumber, VerificationMethod};
use secrecy::SecretString;
use utoipa::openapi::{Object, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::auth::{ApprovalRequiredResponse, CodeSentResponse, SignedInResponse, answer, code_sent};
use crate::extract::caller::Anonymous;
use crate::extract::fields::Fields;
use crate::extract::json_body::{FromFields, JsonBody};
use crate::problem::{Problem, ProblemBody};
use crate::services::Services;
use crate::users::VerificationMethodName;

/// A sign-up; what the body holds tells which.
#[derive(ToSchema)]
#[serde(untagged)]
pub(crate) enum SignupRequest {
    Staff(StaffSignupRequest),
    Customer(CustomerSignupRequest),
    FirstAdmin(FirstAdminSignupRequest),
}

/// A staff member signs up, as a manager.
#[derive(ToSchema)]
#[schema(as = StaffSignup)]
#[serde(deny_unknown_fields)]
pub(crate) struct StaffSignupRequest {
    #[schema(value_type = String, format = Email, max_length = 254)]
    email: Email,
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 128)]
    password: Password,
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
}

/// A customer signs up, or in, by phone.
#[derive(ToSchema)]
#[schema(as = CustomerSignup)]
#[serde(deny_unknown_fields)]
pub(crate) struct CustomerSignupRequest {
    /// International form.
    #[schema(value_type = String, example = "+998901234567")]
    phone: Phone,
    #[schema(value_type = Option<String>, max_length = 120)]
    display_name: Option<DisplayName>,
}

/// The first admin signs up.
pub(crate) struct FirstAdminSignupRequest {
    /// As the server printed it.
    setup_token: SecretString,
    /// Who they are.
    staff: StaffSignupRequest,
}

/// That of staff with a token in it. What is derived would be both at once, which nothing can be
/// as long as staff have no such field.
impl PartialSchema for FirstAdminSignupRequest {
    fn schema() -> RefOr<Schema> {
        let mut schema = StaffSignupRequest::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            let about = "The first admin signs up, with the setup token that the server printed at start.";
            object.description = Some(about.to_owned());
            let token = Object::builder().schema_type(Type::String).description(Some("As the server printed it."));
            object.properties.insert("setup_token".to_owned(), token.into());
            object.required.push("setup_token".to_owned());
        }
        schema
    }
}

impl ToSchema for FirstAdminSignupRequest {
    fn name() -> Cow<'static, str> {
        "FirstAdminSignup".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        StaffSignupRequest::schemas(schemas);
    }
}

impl FromFields for SignupRequest {
    fn from_fields(fields: &mut Fields, policy: PasswordPolicy) -> Option<Self> {
        if fields.has("setup_token") {
            return FirstAdminSignupRequest::from_fields(fields, policy).map(Self::FirstAdmin);
        }
        if fields.has("phone") && !fields.has("email") && !fields.has("password") {
            return CustomerSignupRequest::from_fields(fields, policy).map(Self::Customer);
        }
        StaffSignupRequest::from_fields(fields, policy).map(Self::Staff)
    }
}

impl FromFields for StaffSignupRequest {
    fn from_fields(fields: &mut Fields, policy: PasswordPolicy) -> Option<Self> {
        let email = fields.required("email");
        let password = fields.new_password("password", policy, email.as_ref());
        let display_name = fields.optional("display_name");
        let phone = fields.optional("phone");
        let tin_trunk_number = fields.optional("tin_trunk_number");
        let verification_method = fields.optional("verification_method");
        fields.check_contact(verification_method.flatten(), phone.as_ref());
        Some(Self {
            email: email?,
            password: password?,
            display_name: display_name?,
            phone: phone?,
            tin_trunk_number: tin_trunk_number?,
            verification_method: verification_method?,
        })
    }
}

impl FromFields for CustomerSignupRequest {
    fn from_fields(fields: &mut Fields, _: PasswordPolicy) -> Option<Self> {
        let phone = fields.required("phone");
        let display_name = fields.optional("display_name");
        Some(Self { phone: phone?, display_name: display_name? })
    }
}

impl FromFields for FirstAdminSignupRequest {
    fn from_fields(fields: &mut Fields, policy: PasswordPolicy) -> Option<Self> {
        let setup_token = fields.required("setup_token");
        let staff = StaffSignupRequest::from_fields(fields, policy);
        Some(Self { setup_token: setup_token?, staff: staff? })
    }
}

/// Creates an account.
///
/// With `email` and `password`: a manager, as the policy `signup.staff` says. With `phone`: a customer; a code goes to
/// the phone, and a number that is already a customer's signs that customer in. With `setup_token`: the first admin.
#[utoipa::path(post, path = "/auth/signup", tag = "auth", operation_id = "sign_up", security(()),
    request_body = SignupRequest,
    responses(
        (status = 201, description = "An account, signed in.", body = SignedInResponse),
        (status = 202, description = "A code is on its way, or an admin has to activate the account.",
            body = SignupAcceptedResponse),
        (status = 400, description = "`malformed_json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`invalid_setup_token`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`signup_closed`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`email_taken`, under the policy `open` only", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`payload_too_large`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn signup(
    anyone: Anonymous,
    services: Data<Services>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let auth = &services.auth;
    let done = match body.read(&services).await? {
        SignupRequest::Staff(request) => auth.sign_up.staff(&anyone.0, request.into()).await?,
        SignupRequest::Customer(CustomerSignupRequest { phone, display_name }) => {
            let sent = auth.sign_up.customer(&anyone.0, phone, display_name).await?;
            return Ok(code_sent(&sent));
        }
        SignupRequest::FirstAdmin(FirstAdminSignupRequest { setup_token, staff }) => {
            let fields = FirstAdminSignUp { setup_token, staff: staff.into() };
            auth.admins.sign_up_first(&anyone.0, fields).await?
        }
    };
    Ok(answer(&done, StatusCode::CREATED))
}

/// A sign-up that is not finished yet.
#[derive(ToSchema)]
#[schema(as = SignupAccepted)]
#[serde(untagged)]
#[expect(dead_code, reason = "the shape of the documentation")]
pub(crate) enum SignupAcceptedResponse {
    CodeSent(CodeSentResponse),
    ApprovalRequired(ApprovalRequiredResponse),
}

impl From<StaffSignupRequest> for StaffSignUp {
    fn from(request: StaffSignupRequest) -> Self {
        Self {
            email: request.email,
            password: request.password,
            display_name: request.display_name,
            phone: request.phone,
            tin_trunk_number: request.tin_trunk_number,
            verification_method: request.verification_method.unwrap_or(VerificationMethod::Email),
        }
    }
}
