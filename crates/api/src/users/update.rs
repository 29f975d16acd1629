//! `PATCH /users/{id}` and `PATCH /users/me`

use actix_web::HttpRequest;
use domain::accounts::SentPatch;
use domain::{Accounts, Actor, User, UserId};

use super::patch::{UpdateUserRequest, patch};
use super::response::{UserResponse, changed};
use crate::extract::{Authenticated, JsonBody, PathId, expected, no_query};
use crate::problem::Result;
use crate::services::Service;

/// Changes a person, as a JSON merge patch. A patch that changes nothing gets the same answer and leaves the `ETag` as it
/// is. Without `If-Match`, what others change at the same time stays changed too.
#[utoipa::path(patch, path = "/users/{id}",
    params(
        ("If-Match" = Option<String>, Header, description = "An `ETag`: 412 when it is no longer current.")),
    request_body(description = "A merge patch.",
        content((UpdateUserRequest = "application/json"), (UpdateUserRequest = "application/merge-patch+json"))),
    responses(
        (status = 200, description = "The person after the change.", body = UserResponse),
        (status = 403, description = "`forbidden`: the caller may not set the fields that the pointers name."),
        (status = 404, description = "`not_found`: nobody, or nobody whom the caller may see."),
        (status = 409, description = "`email_taken`, `phone_taken`, `last_admin`, `has_customers`, `role_change_not_allowed` or `conflict`")))]
pub(crate) async fn update_user(
    caller: Authenticated,
    accounts: Service<Accounts>,
    id: PathId<UserId>,
    request: HttpRequest,
    body: JsonBody,
) -> Result {
    patched(&accounts, &caller.actor, id.found()?, &request, body).await
}

/// Changes the caller, as `PATCH /users/{id}` does.
#[utoipa::path(patch, path = "/users/me",
    params(("If-Match" = Option<String>, Header, description = "An `ETag`: 412 when it is no longer current.")),
    request_body(description = "A merge patch.",
        content((UpdateUserRequest = "application/json"), (UpdateUserRequest = "application/merge-patch+json"))),
    responses(
        (status = 200, description = "The caller after the change.", body = UserResponse),
        (status = 403, description = "`forbidden`: the caller may not set the fields that the pointers name."),
        (status = 409, description = "`email_taken`, `phone_taken`, `last_admin`, `role_change_not_allowed` or `conflict`")))]
pub(crate) async fn update_me(
    caller: Authenticated,
    accounts: Service<Accounts>,
    request: HttpRequest,
    body: JsonBody,
) -> Result {
    patched(&accounts, &caller.actor, caller.user.id, &request, body).await
}

async fn patched(accounts: &Accounts, actor: &Actor, id: UserId, request: &HttpRequest, body: JsonBody) -> Result {
    let sent = async || {
        no_query(request.query_string())?;
        let sent = body.patch_fields().await?;
        let fields = sent.names().filter_map(|name| name.parse().ok()).collect();
        Ok(SentPatch { fields, read: |before: &User| sent.read(|fields| Some(patch(fields, before))) })
    };
    let user = accounts.update(actor, id, &expected(request, id), sent).await?;
    Ok(changed(&user))
}
