//! One span and one line of the log for every request; a panic gets an answer like any other error.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, ResponseError};
use auth::Caller;
use domain::{ApiKeyId, UserId, limit};
use futures_util::FutureExt;
use tracing::Instrument;

use crate::middleware::context::RequestContext;
use crate::middleware::rate_limit::headers::RateLimit;
use crate::middleware::{common_headers, metrics};
use crate::problem::Problem;

/// Logs the request. It wraps everything that can fail.
pub(crate) async fn request_log<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let context = RequestContext::of(request.request())?;
    let request_id = context.origin.request_id.clone().unwrap_or_default();
    let method = request.method().clone();

    let span = tracing::info_span!("request", %request_id, %method, route = context.route.template);
    let answer = AssertUnwindSafe(next.call(request)).catch_unwind().instrument(span.clone()).await;
    let _entered = span.enter();
    let Ok(answer) = answer else {
        // The panic hook has logged where.
        let problem = Problem::from_status(StatusCode::INTERNAL_SERVER_ERROR).with_request_id(&request_id);
        let mut response = problem.error_response();
        common_headers::add(response.headers_mut(), &request_id);
        log(&method, &context, 500, started.elapsed(), None);
        return Err(InternalError::from_response("a handler panicked", response).into());
    };
    let mut response = common_headers::with_problem(answer?.map_into_boxed_body(), &request_id);
    let limit = response.request().extensions().get::<RateLimit>().copied();
    if let Some(limit) = limit {
        limit.add_to(response.headers_mut());
    }
    common_headers::add(response.headers_mut(), &request_id);
    let caller = response.request().extensions().get::<Caller>().map(|caller| (caller.user.id, caller.actor.api_key()));
    log(&method, &context, response.status().as_u16(), started.elapsed(), caller);
    Ok(response)
}

/// Adds the answer to the metrics, and writes its line of the log.
fn log(
    method: &Method,
    context: &RequestContext,
    status: u16,
    elapsed: Duration,
    caller: Option<(UserId, Option<ApiKeyId>)>,
) {
    metrics::count_answer(method, context.route.template, status, elapsed);
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    let user_id = caller.map(|(user, _)| tracing::field::display(user));
    let key_id = caller.and_then(|(_, key)| key).map(tracing::field::display);
    let network = context.origin.address.map(limit::network).map(tracing::field::display);
    tracing::info!(status, micros, user_id, key_id, network, "answered");
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use actix_web::dev::Service;
    use actix_web::http::header::{self, HeaderName};
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, init_service};
    use actix_web::{App, web};
    use domain::SystemClock;

    use super::*;
    use crate::middleware::context::{ContextMaker, REQUEST_ID, Route};
    use crate::middleware::proxies::TrustedProxies;

    #[actix_web::test]
    async fn a_panic_gets_an_answer_like_any_other() {
        async fn broken() -> &'static str {
            panic!("of the test")
        }
        let (proxies, clock) = (TrustedProxies::default(), Arc::new(SystemClock));
        let maker = ContextMaker { resolve: |_| Route::UNMATCHED, proxies, clock };
        let context = from_fn(move |request: ServiceRequest, next: Next<_>| maker.clone().add(request, next));
        let app = App::new().wrap(from_fn(request_log)).wrap(context).route("/", web::get().to(broken));
        let request = TestRequest::default().insert_header((REQUEST_ID, "call-1")).to_request();
        let error = init_service(app).await.call(request).await.unwrap_err();
        let answer = error.error_response();
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let header = |name: HeaderName| answer.headers().get(name).and_then(|value| value.to_str().ok());
        assert_eq!(header(REQUEST_ID), Some("call-1"));
        assert_eq!(header(header::CONTENT_TYPE), Some("application/problem+json"));
        assert_eq!(header(header::CACHE_CONTROL), Some("no-store"));
        assert_eq!(header(header::X_CONTENT_TYPE_OPTIONS), Some("nosniff"));
    }
}
