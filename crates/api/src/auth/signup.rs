//! `POST /auth/signup`

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use auth::{FirstAdminSignUp, PasswordPolicy, StaffSignUp};
use domain::{DisplayName, Email, Phone};

use crate::auth::{ApprovalRequiredResponse, CodeSentResponse, SignedInResponse, answer, code_sent};
use crate::extract::caller::Anonymous;
use crate::extract::fields::Fields;
use crate::extract::json_body::{FromFields, JsonBody, body_components};
use crate::extract::staff::StaffFields;
use crate::problem::Problem;
use crate::schema::{component, one_of};
use crate::services::Services;
/// A sign-up; what the body holds tells which.
pub(crate) enum SignupRequest {
    Staff(StaffSignupRequest),
    Customer(CustomerSignupRequest),
    FirstAdmin(FirstAdminSignupRequest),
}

pub(crate) struct StaffSignupRequest(StaffSignUp);

pub(crate) struct CustomerSignupRequest {
    phone: Phone,
    display_name: Option<DisplayName>,
}

pub(crate) struct FirstAdminSignupRequest(FirstAdminSignUp);

body_components! {
    StaffSignupRequest, "StaffSignup", "A staff member signs up, as a manager.";
    CustomerSignupRequest, "CustomerSignup", "A customer signs up, or in, by phone.";
    FirstAdminSignupRequest, "FirstAdminSignup",
        "The first admin signs up, with the setup token that the server printed at start.";
}
component!(SignupRequest, "SignupRequest", [StaffSignupRequest, CustomerSignupRequest, FirstAdminSignupRequest], {
    let names = ["StaffSignup", "CustomerSignup", "FirstAdminSignup"];
    one_of("A sign-up; what the body holds tells which.", &names)
});

/// A sign-up that is not finished yet.
pub(crate) struct SignupAccepted;
component!(SignupAccepted, "SignupAccepted", [CodeSentResponse, ApprovalRequiredResponse], {
    one_of("A sign-up that is not finished yet.", &["CodeSent", "ApprovalRequired"])
});

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
        let password = |fields: &mut Fields, email: Option<&Email>| fields.new_password("password", policy, email);
        let StaffFields { display_name, staff, password, .. } = StaffFields::read(fields, password, |_| Some(()))?;
        Some(Self(StaffSignUp { staff, password, display_name }))
    }
}

impl FromFields for CustomerSignupRequest {
    fn from_fields(fields: &mut Fields, _: PasswordPolicy) -> Option<Self> {
        let phone = fields.required("phone", "International form.");
        let display_name = fields.optional("display_name", "");
        Some(Self { phone: phone?, display_name: display_name? })
    }
}

impl FromFields for FirstAdminSignupRequest {
    fn from_fields(fields: &mut Fields, policy: PasswordPolicy) -> Option<Self> {
        let setup_token = fields.required("setup_token", "As the server printed it.");
        let staff = StaffSignupRequest::from_fields(fields, policy);
        Some(Self(FirstAdminSignUp { setup_token: setup_token?, staff: staff?.0 }))
    }
}

/// Creates an account.
///
/// With `email` and `password`: a manager, as the policy `signup.staff` says. With `phone`: a customer; a code goes to
/// the phone, and a number that is already a customer's signs that customer in. With `setup_token`: the first admin.
#[utoipa::path(post, path = "/auth/signup",
    request_body = SignupRequest,
    responses(
        (status = 201, description = "An account, signed in.", body = SignedInResponse),
        (status = 202, description = "A code is on its way, or an admin has to activate the account.",
            body = SignupAccepted),
        (status = 401, description = "`invalid_setup_token`"),
        (status = 403, description = "`signup_closed`"),
        (status = 409, description = "`email_taken`, under the policy `open` only")))]
pub(crate) async fn sign_up(
    anyone: Anonymous,
    services: Data<Services>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let auth = &services.auth;
    let done = match body.read(&services).await? {
        SignupRequest::Staff(StaffSignupRequest(staff)) => auth.sign_up.staff(&anyone.0, staff).await?,
        SignupRequest::Customer(CustomerSignupRequest { phone, display_name }) => {
            let sent = auth.sign_up.customer(&anyone.0, phone, display_name).await?;
            return Ok(code_sent(&sent));
        }
        SignupRequest::FirstAdmin(FirstAdminSignupRequest(admin)) => {
            auth.admins.sign_up_first(&anyone.0, admin).await?
        }
    };
    Ok(answer(&done, StatusCode::CREATED))
}
