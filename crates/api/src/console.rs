//! The console, as far as the API knows it: pages that somebody else serves under the same middleware.

use actix_web::web::ServiceConfig;

/// The prefix of its paths. Everything below it is public.
pub(crate) const PREFIX: &str = "/console";
/// How logs and metrics call every path of it.
pub(crate) const TEMPLATE: &str = "/console/{path}";

/// Screens for a browser, below `/console`.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    /// Adds what serves them.
    pub configure: fn(&mut ServiceConfig),
}

impl Console {
    /// Where it is, relative to the root of the service.
    pub(crate) const LOCATION: &'static str = "console/";
}
