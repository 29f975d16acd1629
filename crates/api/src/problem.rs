//! Errors as the caller sees them: RFC 9457 `application/problem+json`.
//!
//! Only this module knows status codes of errors. A failure is logged once, where it becomes a [`Problem`].

use actix_web::HttpResponse;

mod answer;
mod code;
mod convert;
mod field_error;

pub(crate) use answer::{Problem, ProblemBody};
pub use code::Code;
pub(crate) use field_error::FieldError;

/// What a handler returns, and most of what it calls.
pub(crate) type Result<T = HttpResponse, E = Problem> = std::result::Result<T, E>;
