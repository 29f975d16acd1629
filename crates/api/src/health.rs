//! Whether the process is up, and whether it can do its work.

use actix_web::{HttpResponse, Responder};
use domain::Accounts;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Result;
use crate::readiness::Readiness;
use crate::services::Service;

/// The answer of a health check that passes.
#[derive(Serialize, ToSchema)]
pub(crate) struct HealthResponse {
    /// Always `ok`.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Whether the process is up. Depends on nothing else.
#[utoipa::path(get, path = "/health/live",
    responses((status = 200, description = "The process is up.", body = HealthResponse)))]
pub(crate) async fn live() -> impl Responder {
    HttpResponse::Ok().json(HealthResponse { status: "ok" })
}

/// Whether the database answers and has the schema that this program knows. It is asked at most once a second: an
/// answer may be a second old.
#[utoipa::path(get, path = "/health/ready",
    responses(
        (status = 200, description = "Requests can be served.", body = HealthResponse),
        (status = 503, description = "`unavailable`: the database is away or not migrated.")))]
pub(crate) async fn ready(readiness: Service<Readiness>, accounts: Service<Accounts>) -> Result<impl Responder> {
    readiness.check(&accounts).await?;
    Ok(HttpResponse::Ok().json(HealthResponse { status: "ok" }))
}
