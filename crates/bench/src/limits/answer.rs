//! JSON as an answer.

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderValue};

/// 200 with this JSON.
pub(super) fn answer(body: String) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, HeaderValue::from_static("application/json"))).body(body)
}
