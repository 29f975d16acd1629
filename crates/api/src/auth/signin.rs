//! `POST /auth/signin`

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use auth::{Password, PasswordPolicy};
use domain::{Email, Phone};
use secrecy::{ExposeSecret, SecretString};

use crate::auth::{CodeSentResponse, SignedInResponse, answer, code_sent};
use crate::extract::caller::Anonymous;
use crate::extract::fields::Fields;
use crate::extract::json_body::{FromFields, JsonBody, body_components};
use crate::problem::Problem;
use crate::schema::{self, component, one_of};
use crate::services::Services;

/// A sign-in; what the body holds tells which.
pub(crate) enum SigninRequest {
    Password(PasswordSigninRequest),
    Phone(PhoneSigninRequest),
}

pub(crate) struct PasswordSigninRequest {
    email: Email,
    password: SecretString,
}

pub(crate) struct PhoneSigninRequest {
    phone: Phone,
}

body_components! {
    PasswordSigninRequest, "PasswordSignin", "Staff sign in with e-mail and password.";
    PhoneSigninRequest, "PhoneSignin", "Customers sign in by phone: a code goes to it.";
}
component!(SigninRequest, "SigninRequest", [PasswordSigninRequest, PhoneSigninRequest], {
    one_of("A sign-in; what the body holds tells which.", &["PasswordSignin", "PhoneSignin"])
});

impl FromFields for SigninRequest {
    fn from_fields(fields: &mut Fields, policy: PasswordPolicy) -> Option<Self> {
        if fields.has("phone") && !fields.has("email") && !fields.has("password") {
            return PhoneSigninRequest::from_fields(fields, policy).map(Self::Phone);
        }
        PasswordSigninRequest::from_fields(fields, policy).map(Self::Password)
    }
}

impl FromFields for PasswordSigninRequest {
    fn from_fields(fields: &mut Fields, _: PasswordPolicy) -> Option<Self> {
        let email = fields.required("email", "");
        let password = fields.required_as("password", "", schema::password);
        Some(Self { email: email?, password: password? })
    }
}

impl FromFields for PhoneSigninRequest {
    fn from_fields(fields: &mut Fields, _: PasswordPolicy) -> Option<Self> {
        Some(Self { phone: fields.required("phone", "International form.")? })
    }
}

/// Signs in: staff with e-mail and password, customers by phone and code.
#[utoipa::path(post, path = "/auth/signin",
    request_body = SigninRequest,
    responses(
        (status = 200, description = "Signed in.", body = SignedInResponse),
        (status = 202, description = "A code is on its way: by phone, or as the second factor. The same for a number that nobody has.",
            body = CodeSentResponse),
        (status = 401, description = "`invalid_credentials`: wrong e-mail, wrong password or no such account"),
        (status = 403, description = "`account_inactive`: right password, inactive account"),
        (status = 503, description = "`unavailable`: too many passwords are waiting")))]
pub(crate) async fn sign_in(
    anyone: Anonymous,
    services: Data<Services>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let auth = &services.auth;
    match body.read(&services).await? {
        SigninRequest::Password(request) => {
            let password = Password::attempt(request.password.expose_secret());
            let done = auth.sign_in.by_password(&anyone.0, &request.email, &password).await?;
            Ok(answer(&done, StatusCode::OK))
        }
        SigninRequest::Phone(request) => Ok(code_sent(&auth.sign_in.by_phone(&anyone.0, &request.phone).await?)),
    }
}
