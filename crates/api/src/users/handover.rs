//! `POST /users/{id}/handover`

use actix_web::{HttpRequest, HttpResponse};
use domain::{Accounts, UserId};

use super::handover_order::{Handover, HandoverResponse, handover_order};
use crate::extract::{Authenticated, JsonBody, PathId, no_query};
use crate::problem::Result;
use crate::services::Service;

/// A manager leaves: their customers go to other managers, all in one transaction.
#[utoipa::path(post, path = "/users/{id}/handover",
    params(("id" = uuid::Uuid, Path, description = "The manager who leaves.")),
    request_body = Handover,
    responses(
        (status = 200, description = "What went to whom, or what would go with `dry_run`.", body = HandoverResponse),
        (status = 403, description = "`forbidden`: for all but admins."),
        (status = 404, description = "`not_found`: nobody, or no manager."),
        (status = 409, description = "`conflict`"),
        (status = 422, description = "`validation_failed`: the pointers name each wrong member, such as `/to/0`.")))]
pub(crate) async fn hand_over(
    caller: Authenticated,
    accounts: Service<Accounts>,
    id: PathId<UserId>,
    request: HttpRequest,
    body: JsonBody,
) -> Result {
    let order = async || {
        no_query(request.query_string())?;
        body.read(handover_order).await
    };
    let done = accounts.hand_over(&caller.actor, || id.found(), order).await?;
    Ok(HttpResponse::Ok().json(HandoverResponse::from(done)))
}
