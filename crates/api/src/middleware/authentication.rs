//! Every route that is not declared public needs a valid access token or API key. Without one the
//! answer is 401, whatever the path.

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest};
use auth::{ApiKeys, Caller, Freshness, Tokens};
use secrecy::ExposeSecret;

use crate::extract::session_cookie;
use crate::middleware::context::RequestContext;
use crate::middleware::rate_limit::RateLimiter;
use crate::problem::Problem;
use crate::public_url::PublicUrl;

/// Finds out who calls, and counts their requests.
#[derive(Clone)]
pub(crate) struct Authenticator {
    pub(crate) tokens: Tokens,
    pub(crate) api_keys: ApiKeys,
    pub(crate) limiter: RateLimiter,
    /// Whose pages may use the cookie.
    pub(crate) own: PublicUrl,
}

impl Authenticator {
    /// Lets a request through to a public route, or with the identity of its token.
    pub(crate) async fn authenticate<B: MessageBody + 'static>(
        self,
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
        let context = RequestContext::of(request.request())?;
        if !context.route.is_public {
            match self.identify(&request, context).await {
                Ok(caller) => drop(request.extensions_mut().insert(caller)),
                Err(problem) => return Ok(request.error_response(problem).map_into_right_body()),
            }
        }
        next.call(request).await.map(ServiceResponse::map_into_left_body)
    }

    async fn identify(&self, request: &ServiceRequest, context: RequestContext) -> Result<Caller, Problem> {
        let (route, http) = (context.route, request.request());
        let caller = if route.takes_cookie && !http.headers().contains_key(header::AUTHORIZATION) {
            let token = session_cookie::refresh_token(http, &self.own).ok_or_else(Problem::invalid_token)?;
            self.tokens.authenticate_refresh_token(token.expose_secret(), context.origin).await
        } else {
            let token = bearer_token(http).ok_or_else(Problem::invalid_token)?;
            if ApiKeys::is_key(token) {
                self.api_keys.authenticate(token, context.origin, freshness(http)).await
            } else {
                self.tokens.authenticate(token, context.origin, freshness(http)).await
            }
        };
        let caller = caller.map_err(|error| Problem::from(error).about_a_token())?;
        self.limiter.count_user(request, caller.user.id)?;
        Ok(caller)
    }
}

/// Whoever asks with `Cache-Control: no-cache` is answered out of the database (RFC 9111 section 5.2.1.4).
fn freshness(request: &HttpRequest) -> Freshness {
    let mut values = request.headers().get_all(header::CACHE_CONTROL).filter_map(|value| value.to_str().ok());
    let wants_current =
        values.any(|value| value.split(',').any(|directive| directive.trim().eq_ignore_ascii_case("no-cache")));
    if wants_current { Freshness::Current } else { Freshness::Recent }
}

/// The token of the one `Authorization: Bearer` header (RFC 6750 section 2.1). Never from the URL.
fn bearer_token(request: &HttpRequest) -> Option<&str> {
    let mut values = request.headers().get_all(header::AUTHORIZATION);
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn whoever_wants_no_cached_answer_says_so() {
        let wants_current = |values: &[&str]| {
            let request = values
                .iter()
                .fold(TestRequest::default(), |request, value| request.append_header((header::CACHE_CONTROL, *value)));
            freshness(&request.to_http_request()) == Freshness::Current
        };
        assert!(wants_current(&["no-cache"]));
        assert!(wants_current(&["max-age=0, No-Cache"]));
        assert!(wants_current(&["max-age=0", "no-cache"]));
        for other in [&[][..], &["no-store"], &["no-cached"], &["max-age=60"]] {
            assert!(!wants_current(other), "{other:?}");
        }
    }

    #[test]
    fn a_token_comes_from_one_bearer_header() {
        let token = |values: &[&str]| {
            let request = values
                .iter()
                .fold(TestRequest::default(), |request, value| request.append_header((header::AUTHORIZATION, *value)));
            bearer_token(&request.to_http_request()).map(ToOwned::to_owned)
        };
        assert_eq!(token(&["Bearer abc"]).as_deref(), Some("abc"));
        assert_eq!(token(&["bearer abc"]).as_deref(), Some("abc"));
        for refused in [&[][..], &["Basic abc"], &["Bearer"], &["Bearer a", "Bearer a"]] {
            assert_eq!(token(refused), None, "{refused:?}");
        }
    }
}
