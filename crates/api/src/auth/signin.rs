//! `POST /auth/signin`

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use auth::{Password, PasswordPolicy};
use domain::{Email, Phone};
use secrecy::{ExposeSecret, SecretString};
use utoipa::ToSchema;

use crate::auth::{CodeSentResponse, SignedInResponse, answer, code_sent};
use crate::extract::caller::Anonymous;
use crate::extract::fields::Fields;
use crate::extract::json_body::{FromFields, JsonBody};
use crate::problem::{Problem, ProblemBody};
use crate::services::Services;

/// A sign-in; what the body holds tells which.
#[derive(ToSchema)]
#[serde(untagged)]
pub(crate) enum SigninRequest {
    Password(PasswordSigninRequest),
    Phone(PhoneSigninRequest),
}

/// Staff sign in with e-mail and password.
#[derive(ToSchema)]
#[schema(as = PasswordSignin)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordSigninRequest {
    #[schema(value_type = String, format = Email)]
    email: Email,
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// Customers sign in by phone: a code goes to it.
#[derive(ToSchema)]
#[schema(as = PhoneSignin)]
#[serde(deny_unknown_fields)]
pub(crate) struct PhoneSigninRequest {
    /// International form.
    #[schema(value_type = String, example = "+998901234567")]
    phone: Phone,
}

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
        let email = fields.required("email");
        let password = fields.required("password");
        Some(Self { email: email?, password: password? })
    }
}

impl FromFields for PhoneSigninRequest {
    fn from_fields(fields: &mut Fields, _: PasswordPolicy) -> Option<Self> {
        Some(Self { phone: fields.required("phone")? })
    }
}

/// Signs in: staff with e-mail and password, customers by phone and code.
#[utoipa::path(post, path = "/auth/signin", tag = "auth", operation_id = "sign_in", security(()),
    request_body = SigninRequest,
    responses(
        (status = 200, description = "Signed in.", body = SignedInResponse),
        (status = 202, description = "A code is on its way: by phone, or as the second factor. The same for a number that nobody has.",
            body = CodeSentResponse),
        (status = 400, description = "`malformed_json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`invalid_credentials`: wrong e-mail, wrong password or no such account", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 403, description = "`account_inactive`: right password, inactive account", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 413, description = "`payload_too_large`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: too many passwords are waiting", body = ProblemBody,
            content_type = "application/problem+json")))]
pub(crate) async fn signin(
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
