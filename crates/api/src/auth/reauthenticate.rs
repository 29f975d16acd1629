//! `POST /auth/reauthenticate`

use actix_web::HttpResponse;
use auth::Passwords;

use crate::extract::{Authenticated, Fields, JsonBody, bodies};
use crate::problem::Result;
use crate::services::Service;

bodies! { Reauthentication = password, "The caller's password."; }

fn password(fields: &mut Fields) -> Option<auth::Password> {
    fields.given_password("password")
}

/// Makes the caller's session fresh for five minutes. Staff need that to change their own `email`, `phone` or
/// `verification_method`, and to end their other sessions. A sign-in and a changed password do the same.
#[utoipa::path(post, path = "/auth/reauthenticate",
    request_body = Reauthentication,
    responses(
        (status = 204, description = "The session is fresh."),
        (status = 401, description = "`invalid_token`, or `invalid_credentials`: the password is wrong"),
        (status = 403, description = "`forbidden`: customers have no password"),
        (status = 503, description = "`unavailable`: too many passwords are waiting")))]
pub(crate) async fn reauthenticate(caller: Authenticated, passwords: Service<Passwords>, body: JsonBody) -> Result {
    passwords.reauthenticate(&caller, async || body.read(password).await).await?;
    Ok(HttpResponse::NoContent().finish())
}
