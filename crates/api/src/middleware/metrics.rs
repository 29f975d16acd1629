//! Counts every request.

use std::time::Duration;

use actix_web::http::Method;
use metrics::{counter, histogram};

/// Counts an answer. No client can make a series of its own: the path is the template of the route, and an unknown
/// method is called other.
pub(crate) fn count_answer(method: &Method, route: &'static str, status: u16, elapsed: Duration) {
    let method = match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    };
    let labels = [("method", method.into()), ("route", route.into()), ("status", status.to_string())];
    counter!("clientele_http_requests_total", &labels).increment(1);
    histogram!("clientele_http_request_duration_seconds", "method" => method, "route" => route).record(elapsed);
}
