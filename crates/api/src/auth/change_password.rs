//! `POST /auth/password/change`

use actix_web::HttpResponse;
use auth::{PasswordChange as Change, Passwords};

use crate::extract::{Authenticated, Fields, JsonBody, bodies};
use crate::problem::Result;
use crate::services::Service;

bodies! { PasswordChange = change, "A new password for whoever knows the old one."; }

fn change(fields: &mut Fields) -> Option<Change> {
    let current = fields.given_password("current_password");
    // The use-case compares it with the account's e-mail.
    let new = fields.new_password("new_password", None);
    Some(Change { current: current?, new: new? })
}

/// Changes the caller's password. Their other sessions end, and every code that was asked for with the old one is void.
#[utoipa::path(post, path = "/auth/password/change",
    request_body = PasswordChange,
    responses(
        (status = 204, description = "The password is changed."),
        (status = 401, description = "`invalid_token`, or `invalid_credentials`: the current password is wrong"),
        (status = 403, description = "`forbidden`: customers have no password"),
        (status = 503, description = "`unavailable`: too many passwords are waiting")))]
pub(crate) async fn change_password(caller: Authenticated, passwords: Service<Passwords>, body: JsonBody) -> Result {
    passwords.change(&caller, async || body.read(change).await).await?;
    Ok(HttpResponse::NoContent().finish())
}
