//! How many requests one user or one address may send: token buckets, in a
//! memory of fixed size. Each instance counts for itself: these limits keep it
//! alive, they guard no secret.

mod buckets;

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage};
use chrono::TimeDelta;
use domain::limit::{TooMany, network};
use domain::{Clock, Origin, UserId};

use crate::problem::Problem;
use crate::routes;
use crate::services::Services;
use buckets::Buckets;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Requests a second that go on and on. Twenty seconds' worth of them may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrafficLimits {
    /// Of one signed-in user.
    pub per_user: u32,
    /// From one address.
    pub per_address: u32,
    /// From one address to the public routes under `/auth/`.
    pub auth_per_address: u32,
}

/// The buckets of an instance.
pub(crate) struct Traffic {
    users: Buckets,
    addresses: Buckets,
    strangers: Buckets,
    clock: Arc<dyn Clock>,
}

impl Traffic {
    pub(crate) fn new(limits: TrafficLimits, clock: Arc<dyn Clock>) -> Self {
        Self {
            users: Buckets::new("user", limits.per_user),
            addresses: Buckets::new("address", limits.per_address),
            strangers: Buckets::new("auth", limits.auth_per_address),
            clock,
        }
    }

    /// Counts a request of somebody who is signed in.
    pub(crate) fn take_user(&self, user: UserId) -> Result<RateLimit, RateLimit> {
        self.users.take(&user, self.clock.now())
    }

    fn take_address(&self, address: IpAddr, route: Option<&str>) -> Result<RateLimit, RateLimit> {
        let is_auth = route.is_some_and(|route| route.starts_with("/auth/") && routes::is_public(route));
        let buckets = if is_auth { &self.strangers } else { &self.addresses };
        buckets.take(&network(address), self.clock.now())
    }
}

/// Where somebody stands, for the `RateLimit` headers (draft-ietf-httpapi-ratelimit-headers).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RateLimit {
    name: &'static str,
    /// How many are allowed,
    quota: u64,
    /// within so many seconds.
    window: u64,
    remaining: u64,
    /// Seconds until all of them are allowed again; when none is left, until the next one is.
    pub(crate) reset: u64,
}

impl RateLimit {
    /// Tells it, unless a narrower limit was told.
    pub(crate) fn add_to(&self, headers: &mut HeaderMap) {
        if headers.contains_key(&LIMIT) {
            return;
        }
        let Self { name, quota, window, remaining, reset } = self;
        for (header, text) in [
            (POLICY, format!("\"{name}\";q={quota};w={window}")),
            (LIMIT, format!("\"{name}\";r={remaining};t={reset}")),
        ] {
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.insert(header, value);
            }
        }
    }
}

impl From<TooMany> for RateLimit {
    fn from(too_many: TooMany) -> Self {
        Self {
            name: too_many.name,
            quota: too_many.quota.into(),
            window: seconds(too_many.within),
            remaining: 0,
            reset: seconds(too_many.retry_after),
        }
    }
}

/// At least one, and a begun one counts: who comes back then is not too early.
fn seconds(time: TimeDelta) -> u64 {
    u64::try_from((time + TimeDelta::milliseconds(999)).num_seconds()).unwrap_or_default().max(1)
}

/// Lets a request through, if its address has not sent too many.
pub(crate) async fn rate_limit<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    match count(&request) {
        Some(Err(limit)) => {
            return Ok(request.error_response(Problem::rate_limited(limit)).map_into_right_body());
        }
        Some(Ok(limit)) => {
            request.extensions_mut().insert(limit);
        }
        None => {}
    }
    next.call(request).await.map(ServiceResponse::map_into_left_body)
}

/// `None` where there is no limit: for whoever watches over the service, or when limits are off.
fn count(request: &ServiceRequest) -> Option<Result<RateLimit, RateLimit>> {
    let route = routes::of(request);
    if route.is_some_and(|route| route.starts_with("/health/")) {
        return None;
    }
    let traffic = request.app_data::<Data<Services>>()?.edge.traffic.clone()?;
    let address = request.extensions().get::<Origin>()?.address?;
    Some(traffic.take_address(address, route))
}
