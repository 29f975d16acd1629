//! The HTTP surface of Clientele.
//!
//! One folder for each noun, one file for each endpoint: body, handler and
//! documentation together. A handler parses, calls one use-case, and renders.
//! `routes` is the one table of what is served, documented and public.
//!
//! This crate must not know SQL or the database: it holds use-cases, never a
//! store. It alone knows status codes.

mod audit;
mod auth;
mod body;
mod client_address;
mod connection;
mod docs;
mod edge;
mod exchange;
mod form;
mod gate;
mod health;
mod idempotency;
mod jwks;
mod measure;
mod problem;
mod query;
mod recent;
mod routes;
mod traffic;
mod users;

use std::sync::Arc;
use std::time::Duration;

use ::auth::{Authentication, KeyRing};
use actix_web::web::{Data, ServiceConfig};
use actix_web::{middleware, web};
use domain::{Accounts, AuditTrail, Clock};

pub use client_address::Network;
pub use connection::Connection;
pub use docs::openapi;
pub use edge::{EXPOSED_HEADERS, Edge, EdgeSettings, UNEXPOSED_HEADERS, WebOrigin};
pub use health::Readiness;
pub use problem::Code;
pub use recent::Recent;
pub use traffic::TrafficLimits;
pub use users::csv::{CsvLines, HeaderError, OpenError, Spool};
pub use users::export::{Export, ExportFormat};
pub use users::import::Imports;

/// The use-cases that the routes call.
#[derive(Clone)]
pub struct Services {
    /// On people.
    pub accounts: Accounts,
    /// On the record of who did what.
    pub audit: AuditTrail,
    /// Who is calling, and how they prove it.
    pub authentication: Authentication,
    /// Whose public parts are published.
    pub keys: Arc<KeyRing>,
    /// Makes request ids.
    pub clock: Arc<dyn Clock>,
    /// How long a JSON body may take to arrive.
    pub body_time: Duration,
    /// What stands before the routes.
    pub edge: Edge,
    /// Whether requests can be served, as of the last second.
    pub readiness: Readiness,
    /// How many files are imported at once.
    pub imports: Imports,
}

/// Serves the whole surface; add it to an [`actix_web::App`].
pub fn configure(services: Services) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        let cors = middleware::Condition::new(services.edge.has_cors(), services.edge.cors());
        config.service(
            web::scope("")
                .app_data(Data::new(services))
                .wrap(middleware::from_fn(gate::gate))
                .wrap(middleware::from_fn(traffic::traffic))
                .wrap(middleware::from_fn(exchange::exchange))
                .wrap(cors)
                .wrap(middleware::from_fn(connection::keep_busy))
                .configure(routes::configure),
        );
    }
}
