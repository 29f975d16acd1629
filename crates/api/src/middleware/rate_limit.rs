//! How many requests one user or one address may send: token buckets in a memory of fixed size. Each instance counts
//! for itself: these limits protect it from overload, not secrets from guessing.

mod buckets;
pub(crate) mod headers;

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};
use domain::limit::network;
use domain::{Clock, UserId};

use crate::middleware::context::{RequestContext, Route};
use crate::problem::Problem;
use buckets::Buckets;
use headers::RateLimit;

/// How many requests a second. Twenty seconds' worth of them may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits {
    /// Of one signed-in user.
    pub per_user: u32,
    /// From one address.
    pub per_address: u32,
    /// From one address to the public routes under `/auth/`.
    pub auth_per_address: u32,
}

/// The buckets of an instance. Clones are the same ones.
#[derive(Clone)]
pub(crate) struct RateLimiter(Option<Arc<AllBuckets>>);

struct AllBuckets {
    users: Buckets,
    addresses: Buckets,
    auth: Buckets,
    clock: Arc<dyn Clock>,
}

impl RateLimiter {
    /// Full buckets; `None` limits nobody.
    pub(crate) fn new(limits: Option<RateLimits>, clock: &Arc<dyn Clock>) -> Self {
        Self(limits.map(|limits| {
            Arc::new(AllBuckets {
                users: Buckets::new("user", limits.per_user),
                addresses: Buckets::new("address", limits.per_address),
                auth: Buckets::new("auth", limits.auth_per_address),
                clock: Arc::clone(clock),
            })
        }))
    }

    /// Counts a request of somebody who is signed in. The answer shows this limit: it is narrower than the address's.
    pub(crate) fn count_user(&self, request: &ServiceRequest, user: UserId) -> Result<(), Problem> {
        let Some(buckets) = &self.0 else { return Ok(()) };
        note(request, buckets.users.take(&user, buckets.clock.now()))
    }

    fn count_address(&self, request: &ServiceRequest) -> Result<(), Problem> {
        let Some(buckets) = &self.0 else { return Ok(()) };
        let RequestContext { route, origin } = RequestContext::of(request.request())?;
        match origin.address {
            // Monitoring may ask as often as it likes.
            Some(address) if !route.template.starts_with("/health/") => note(request, buckets.take(address, route)),
            _ => Ok(()),
        }
    }

    /// Lets a request through unless its address has sent too many.
    pub(crate) async fn limit<B: MessageBody + 'static>(
        self,
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
        match self.count_address(&request) {
            Ok(()) => next.call(request).await.map(ServiceResponse::map_into_left_body),
            Err(problem) => Ok(request.error_response(problem).map_into_right_body()),
        }
    }
}

impl AllBuckets {
    fn take(&self, address: IpAddr, route: Route) -> Result<RateLimit, RateLimit> {
        let is_auth = route.is_public && route.template.starts_with("/auth/");
        let buckets = if is_auth { &self.auth } else { &self.addresses };
        buckets.take(&network(address), self.clock.now())
    }
}

/// Notes what is left, for the headers of the answer.
fn note(request: &ServiceRequest, taken: Result<RateLimit, RateLimit>) -> Result<(), Problem> {
    request.extensions_mut().insert(taken.map_err(Problem::rate_limited)?);
    Ok(())
}
