//! Every request passes the middleware before its handler. Each part holds its state from the start, so that none can
//! be forgotten.

pub(crate) mod authentication;
mod common_headers;
pub(crate) mod context;
pub(crate) mod cors;
mod metrics;
pub(crate) mod proxies;
pub(crate) mod rate_limit;
pub(crate) mod request_log;

use std::sync::Arc;

use domain::Clock;

use cors::WebOrigin;
use domain::Network;
use proxies::TrustedProxies;
use rate_limit::{RateLimiter, RateLimits};

/// The settings of the middleware.
#[derive(Clone, Debug, Default)]
pub struct MiddlewareSettings {
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Web pages that may call from a browser; none by default.
    pub cors_origins: Vec<WebOrigin>,
    /// Limits of requests a second; `None` for no limits.
    pub rate_limits: Option<RateLimits>,
}

/// The state of the middleware; one for all threads of an instance.
#[derive(Clone)]
pub struct Middleware {
    pub(crate) proxies: TrustedProxies,
    pub(crate) limiter: RateLimiter,
    pub(crate) cors_origins: Arc<[WebOrigin]>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Middleware {
    /// The clock makes request ids, too.
    #[must_use]
    pub fn new(settings: &MiddlewareSettings, clock: Arc<dyn Clock>) -> Self {
        Self {
            proxies: TrustedProxies::new(&settings.trusted_proxies),
            limiter: RateLimiter::new(settings.rate_limits, &clock),
            cors_origins: settings.cors_origins.clone().into(),
            clock,
        }
    }
}
