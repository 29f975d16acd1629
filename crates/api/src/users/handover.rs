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
use crate::extract::json_body::{FromFields, JsonBody, body_components};
use crate::extract::path_id::PathId;
use crate::extract::query::no_query;
use crate::problem::Problem;
use crate::services::Services;

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

/// To whom a manager's customers go.
pub(crate) struct HandoverRequest(HandoverOrder);

body_components! { HandoverRequest, "Handover", "To whom a manager's customers go."; }

impl FromFields for HandoverRequest {
    fn from_fields(fields: &mut Fields, _: PasswordPolicy) -> Option<Self> {
        let about = "Active managers, who share evenly; none leaves the customers with nobody.";
        let to = fields.required_ids("to", about);
        let about = "Only these customers of the manager; all of them unless said otherwise.";
        let customer_ids = fields.ids("customer_ids", about);
        let about = "Whether the manager is deactivated too; `false` unless said otherwise.";
        let deactivate: Option<Option<bool>> = fields.optional("deactivate", about);
        let about = "Whether only to tell what would happen; `false` unless said otherwise.";
        let dry_run: Option<Option<bool>> = fields.optional("dry_run", about);
        Some(Self(HandoverOrder {
            to: to?,
            customer_ids: customer_ids?,
            deactivate: deactivate?.unwrap_or_default(),
            dry_run: dry_run?.unwrap_or_default(),
        }))
    }
}

impl From<HandedOver> for HandoverResponse {
    fn from(done: HandedOver) -> Self {
        let to = done.to.into_iter().map(|(id, count)| (id.to_string(), count.into()));
        Self { transferred: done.transferred, to: to.collect() }
    }
}

/// A manager leaves: their customers go to other managers, all in one transaction.
#[utoipa::path(post, path = "/users/{id}/handover",
    params(("id" = uuid::Uuid, Path, description = "The manager who leaves.")),
    request_body = HandoverRequest,
    responses(
        (status = 200, description = "What went to whom, or would with `dry_run`.", body = HandoverResponse),
        (status = 403, description = "`forbidden`: for all but admins."),
        (status = 404, description = "`not_found`: nobody, or no manager."),
        (status = 409, description = "`conflict`"),
        (status = 422, description = "`validation_failed`: the pointers name each wrong member, such as `/to/0`.")))]
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
        body.read(&services).await.map(|HandoverRequest(order)| order)
    };
    let done = services.accounts.hand_over(actor, || id.found(), order).await?;
    Ok(HttpResponse::Ok().json(HandoverResponse::from(done)))
}
