//! Finds the route and the origin of a request, before anything else is done.

use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest};
use domain::{Clock, Origin};

use crate::middleware::proxies::TrustedProxies;
use crate::problem::Problem;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest request id and user agent that are taken from a client.
const MAX_REQUEST_ID: usize = 128;
const MAX_USER_AGENT: usize = 255;

/// A line of the table of routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// Its path as the table spells it.
    pub(crate) template: &'static str,
    /// Whether anyone may call it.
    pub(crate) is_public: bool,
    /// Whether the session cookie will do where there is no access token.
    pub(crate) takes_cookie: bool,
}

impl Route {
    /// Stands for a path that is not in the table.
    pub(crate) const UNMATCHED: Self = Self { template: "unmatched", is_public: false, takes_cookie: false };
}

/// The route and origin of a request, for its handler and all other middleware.
#[derive(Clone)]
pub(crate) struct RequestContext {
    pub(crate) route: Route,
    pub(crate) origin: Origin,
}

impl RequestContext {
    /// The context of this request. Without it nothing can be counted or judged, so its absence is an error.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let context = request.extensions().get::<Self>().cloned();
        context.ok_or_else(|| Problem::internal(&std::io::Error::other("a request has no context")))
    }
}

/// Gives each request its context. The outermost of our own middleware.
#[derive(Clone)]
pub(crate) struct ContextMaker {
    /// Finds the route of a request, once.
    pub(crate) resolve: fn(&ServiceRequest) -> Route,
    pub(crate) proxies: TrustedProxies,
    /// Makes request ids.
    pub(crate) clock: Arc<dyn Clock>,
}

impl ContextMaker {
    pub(crate) async fn add<B: MessageBody + 'static>(
        self,
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<B>, Error> {
        let context = RequestContext { route: (self.resolve)(&request), origin: self.origin(&request) };
        request.extensions_mut().insert(context);
        next.call(request).await
    }

    fn origin(&self, request: &ServiceRequest) -> Origin {
        let header = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
        let request_id = header(REQUEST_ID).filter(|id| is_sane(id)).map(ToOwned::to_owned);
        Origin {
            request_id: Some(request_id.unwrap_or_else(|| self.clock.new_id().to_string())),
            address: request.peer_addr().map(|peer| self.proxies.client(peer.ip(), request.headers())),
            user_agent: header(header::USER_AGENT).map(|agent| agent.chars().take(MAX_USER_AGENT).collect()),
        }
    }
}

/// Whether a client's request id is safe in a log line and in a header.
fn is_sane(id: &str) -> bool {
    (1..=MAX_REQUEST_ID).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sane_request_id_is_taken() {
        for (id, sane) in
            [("abc-123_4.5:6", true), ("", false), ("a b", false), ("a\"b", false), (&"x".repeat(129), false)]
        {
            assert_eq!(is_sane(id), sane, "{id}");
        }
    }

    #[test]
    fn a_request_without_context_is_refused() {
        let request = actix_web::test::TestRequest::default().to_http_request();
        let problem = RequestContext::of(&request).err().unwrap();
        assert_eq!(actix_web::ResponseError::status_code(&problem), 500);
    }
}
