//! `POST /users/{id}/handover`

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use auth::PasswordPolicy;
use domain::{HandedOver, HandoverOrder, UserId};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::extract::caller::Authenticated;
use crate::extract::fields::Fields;
use crate::extract::json_body::{FromFields, JsonBody};
use crate::extract::path_id::PathId;
use crate::extract::query::no_query;
use crate::problem::{Problem, ProblemBody};
use crate::services::Services;

/// To whom a manager's customers go.
#[derive(ToSchema)]
#[schema(as = Handover)]
#[serde(deny_unknown_fields)]
pub(crate) struct HandoverRequest {
    /// Active managers, who share evenly; none leaves the customers with nobody.
    #[schema(value_type = Vec<uuid::Uuid>)]
    to: Vec<UserId>,
    /// Only these customers of the manager; all of them unless said otherwise.
    #[schema(value_type = Option<Vec<uuid::Uuid>>)]
    customer_ids: Option<Vec<UserId>>,
    /// Whether the manager is deactivated too; `false` unless said otherwise.
    deactivate: Option<bool>,
    /// Whether only to tell what would happen; `false` unless said otherwise.
    dry_run: Option<bool>,
}

/// What went to whom.
#[derive(Serialize, ToSchema)]
#[schema(as = HandedOver)]
pub(crate) struct HandoverResponse {
    /// How many customers.
    transferred: usize,
    /// How many each receiver got, by id.
    #[schema(value_type = std::collections::HashMap<uuid::Uuid, usize>)]
    to: Map<String, Value>,
}

impl FromFields for HandoverRequest {
    fn from_fields(fields: &mut Fields, _: PasswordPolicy) -> Option<Self> {
        let to = fields.required_list("to");
        let customer_ids = fields.list("customer_ids");
        let deactivate = fields.optional("deactivate");
        let dry_run = fields.optional("dry_run");
        Some(Self { to: to?, customer_ids: customer_ids?, deactivate: deactivate?, dry_run: dry_run? })
    }
}

impl From<HandoverRequest> for HandoverOrder {
    fn from(request: HandoverRequest) -> Self {
        Self {
            to: request.to,
            customer_ids: request.customer_ids,
            deactivate: request.deactivate.unwrap_or_default(),
            dry_run: request.dry_run.unwrap_or_default(),
        }
    }
}

impl From<HandedOver> for HandoverResponse {
    fn from(done: HandedOver) -> Self {
        let to = done.to.into_iter().map(|(id, count)| (id.to_string(), count.into()));
        Self { transferred: done.transferred, to: to.collect() }
    }
}

/// A manager leaves: their customers go to other managers, all in one transaction.
#[utoipa::path(post, path = "/users/{id}/handover", tag = "users", operation_id = "hand_over",
    params(("id" = uuid::Uuid, Path, description = "The manager who leaves.")),
    request_body = HandoverRequest,
    responses(
        (status = 200, description = "What went to whom, or would with `dry_run`.", body = HandoverResponse),
        (status = 400, description = "`malformed_json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`invalid_token`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: for all but admins.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: nobody, or no manager.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`conflict`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`payload_too_large`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed`: the pointers name each wrong member, such as `/to/0`.", body = ProblemBody,
            content_type = "application/problem+json")))]
pub(crate) async fn hand_over(
    signed_in: Authenticated,
    services: Data<Services>,
    id: PathId<UserId>,
    request: HttpRequest,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let actor = &signed_in.0.actor;
    let order = async || {
        no_query(request.query_string())?;
        body.read::<HandoverRequest>(&services).await.map(HandoverOrder::from)
    };
    let done = services.accounts.hand_over(actor, id.or_nobody(), order).await?;
    Ok(HttpResponse::Ok().json(HandoverResponse::from(done)))
}
