//! `POST /auth/password/forgot`

use auth::Passwords;
use domain::Email;

use crate::auth::{CodeSentResponse, code_sent};
use crate::extract::{Anonymous, Fields, JsonBody, bodies};
use crate::problem::Result;
use crate::services::Service;

bodies! { PasswordForgot = email, "Somebody forgot their password, or never had one."; }

fn email(fields: &mut Fields) -> Option<Email> {
    fields.required("email", "")
}

/// Sends a code for a new password.
///
/// The answer is the same whether or not the account exists, and `channel` always reads `email`; the code goes over the
/// person's own method. It is also the way in for somebody whose invitation has expired.
#[utoipa::path(post, path = "/auth/password/forgot",
    request_body = PasswordForgot,
    responses(
        (status = 202, description = "A code is on its way, if there is somebody to get it.", body = CodeSentResponse)))]
pub(crate) async fn forgot_password(anyone: Anonymous, passwords: Service<Passwords>, body: JsonBody) -> Result {
    let email = body.read(email).await?;
    Ok(code_sent(&passwords.forgot(&anyone, &email).await?))
}
