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
mod extract;
mod health;
mod jwks;
mod middleware;
mod openapi;
mod problem;
mod recent;
mod routes;
mod services;
mod users;

use actix_web::middleware::{Condition, from_fn};
use actix_web::web::{self, Data, ServiceConfig};

use middleware::{authentication, connection, rate_limit, request_log};

pub use extract::upload::Imports;
pub use health::Readiness;
pub use middleware::connection::Connection;
pub use middleware::cors::{EXPOSED_HEADERS, Edge, EdgeSettings, UNEXPOSED_HEADERS, WebOrigin};
pub use middleware::proxies::Network;
pub use middleware::rate_limit::TrafficLimits;
pub use openapi::openapi;
pub use problem::Code;
pub use recent::Recent;
pub use services::Services;
pub use users::export::write_json;

/// Serves the whole surface; add it to an [`actix_web::App`].
pub fn configure(services: Services) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        let cors = Condition::new(services.edge.has_cors(), services.edge.cors());
        config.service(
            web::scope("")
                .app_data(Data::new(services))
                .wrap(from_fn(authentication::authentication))
                .wrap(from_fn(rate_limit::rate_limit))
                .wrap(from_fn(request_log::request_log))
                .wrap(cors)
                .wrap(from_fn(connection::keep_busy))
                .configure(routes::configure),
        );
    }
}
