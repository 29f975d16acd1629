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
mod console;
mod docs;
mod extract;
mod health;
mod imports;
mod introspect;
mod introspection;
mod jwks;
mod metadata;
mod middleware;
mod openapi;
mod problem;
mod public_url;
mod readiness;
mod recent;
mod routes;
mod schema;
mod services;
mod streaming;
mod users;

use std::sync::LazyLock;

use actix_web::dev::ServiceRequest;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, ServiceConfig};

use middleware::authentication::Authenticator;
use middleware::context::ContextMaker;
use middleware::{cors, request_log};

pub use console::Console;
pub use domain::Network;
pub use imports::Imports;
pub use middleware::cors::{EXPOSED_HEADERS, UNEXPOSED_HEADERS, WebOrigin};
pub use middleware::rate_limit::RateLimits;
pub use middleware::{Middleware, MiddlewareSettings};
pub use openapi::openapi;
pub use problem::Code;
pub use public_url::PublicUrl;
pub use readiness::Readiness;
pub use recent::Recent;
pub use services::Services;
pub use users::write_json;

/// Made once for all threads.
static DOCUMENT: LazyLock<Data<docs::Document>> = LazyLock::new(|| Data::new(openapi().into()));

/// Serves the whole surface; add it to an [`actix_web::App`].
pub fn configure(services: Services, middleware: Middleware) -> impl FnOnce(&mut ServiceConfig) {
    let Middleware { proxies, limiter, cors_origins, clock } = middleware;
    let context = ContextMaker { resolve: routes::resolve, proxies, clock };
    let authenticator = Authenticator {
        tokens: services.auth.tokens.clone(),
        api_keys: services.auth.api_keys.clone(),
        limiter: limiter.clone(),
        own: services.public_url.clone(),
    };
    let console = services.console;
    move |config| {
        // From the innermost to the outermost.
        let scope = web::scope("")
            .app_data(Data::new(services))
            .app_data(DOCUMENT.clone())
            .wrap(from_fn(move |request: ServiceRequest, next: Next<_>| {
                authenticator.clone().authenticate(request, next)
            }))
            .wrap(from_fn(move |request: ServiceRequest, next: Next<_>| limiter.clone().limit(request, next)))
            .wrap(from_fn(request_log::request_log))
            .wrap(from_fn(move |request: ServiceRequest, next: Next<_>| context.clone().add(request, next)))
            .wrap(cors::cors(&cors_origins))
            .configure(routes::configure)
            .configure(|config| console.iter().for_each(|console| (console.configure)(config)));
        config.service(scope);
    }
}
