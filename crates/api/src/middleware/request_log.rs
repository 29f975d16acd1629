//! What every request and every answer goes through: a request id, a span, one
//! log line, security headers, and errors in one form, panics included.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, ResponseError};
use auth::Caller;
use domain::{Origin, UserId, limit};
use futures_util::FutureExt;
use tracing::Instrument;

use crate::middleware::metrics;
use crate::middleware::rate_limit::RateLimit;
use crate::problem::Problem;
use crate::routes;
use crate::services::Services;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest request id and user agent that are taken from a client.
const MAX_REQUEST_ID: usize = 128;
const MAX_USER_AGENT: usize = 255;

/// Wraps the whole application.
pub(crate) async fn request_log<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let origin = origin(&request);
    let request_id = origin.request_id.clone().unwrap_or_default();
    let network = origin.address.map(limit::network);
    let method = request.method().clone();
    let route = routes::of(&request).unwrap_or("unmatched");
    request.extensions_mut().insert(origin);

    let span = tracing::info_span!("request", %request_id, %method, %route);
    let answer = AssertUnwindSafe(next.call(request)).catch_unwind().instrument(span.clone()).await;
    let _entered = span.enter();
    let Ok(answer) = answer else {
        // The panic hook has logged where; the connection gets an answer all the same.
        let mut response =
            Problem::from_status(StatusCode::INTERNAL_SERVER_ERROR).with_request_id(&request_id).error_response();
        add_headers(response.headers_mut(), &request_id);
        tell(&method, route, 500, started.elapsed(), None, network);
        return Err(InternalError::from_response("a handler panicked", response).into());
    };
    let mut response = in_one_form(answer?.map_into_boxed_body(), &request_id);
    let limit = response.request().extensions().get::<RateLimit>().copied();
    if let Some(limit) = limit {
        limit.add_to(response.headers_mut());
    }
    add_headers(response.headers_mut(), &request_id);
    let caller = response.request().extensions().get::<Caller>().map(|caller| caller.user.id);
    tell(&method, route, response.status().as_u16(), started.elapsed(), caller, network);
    Ok(response)
}

/// Into the metrics and, on one line, into the log.
fn tell(
    method: &Method,
    route: &'static str,
    status: u16,
    elapsed: Duration,
    caller: Option<UserId>,
    network: Option<IpAddr>,
) {
    metrics::answered(method, route, status, elapsed);
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    let user_id = caller.map(tracing::field::display);
    let network = network.map(tracing::field::display);
    tracing::info!(status, micros, user_id, network, "answered");
}

fn origin(request: &ServiceRequest) -> Origin {
    let header = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    let request_id = header(REQUEST_ID).filter(|id| is_sane(id)).map(ToOwned::to_owned);
    let services = request.app_data::<actix_web::web::Data<Services>>();
    let request_id = request_id.or_else(|| services.map(|services| services.clock.new_id().to_string()));
    let user_agent = header(header::USER_AGENT).map(|agent| agent.chars().take(MAX_USER_AGENT).collect());
    let address = request.peer_addr().and_then(|peer| {
        let proxies = &services?.edge.proxies;
        Some(proxies.client(peer.ip(), request.headers()))
    });
    Origin { request_id, address, user_agent }
}

/// A client's request id is taken when it cannot hurt a log line or a header.
fn is_sane(id: &str) -> bool {
    (1..=MAX_REQUEST_ID).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'))
}

/// Gives every error its request id, and every bare error of the framework a problem.
fn in_one_form(response: ServiceResponse<BoxBody>, request_id: &str) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let problem = response.response().error().and_then(|error| error.as_error::<Problem>()).cloned();
    let problem = problem.unwrap_or_else(|| Problem::from_status(status)).with_request_id(request_id);
    let kept = response.headers().get(header::ALLOW).cloned();
    let mut rendered = problem.error_response();
    if let Some(allow) = kept {
        rendered.headers_mut().insert(header::ALLOW, allow);
    }
    response.into_response(rendered)
}

fn add_headers(headers: &mut HeaderMap, request_id: &str) {
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, value);
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        // People's data belongs in no cache; public documents set their own rule.
        (header::CACHE_CONTROL, "no-store"),
    ] {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::dev::Service;
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, init_service};
    use actix_web::{App, web};

    use super::*;

    #[actix_web::test]
    async fn a_panic_gets_an_answer_like_any_other() {
        async fn broken() -> &'static str {
            panic!("of the test")
        }
        let app = App::new().wrap(from_fn(request_log)).route("/", web::get().to(broken));
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

    #[test]
    fn only_a_sane_request_id_is_taken() {
        for (id, sane) in
            [("abc-123_4.5:6", true), ("", false), ("a b", false), ("a\"b", false), (&"x".repeat(129), false)]
        {
            assert_eq!(is_sane(id), sane, "{id}");
        }
    }
}
