//! Errors as the caller sees them: RFC 9457 `application/problem+json`.
//!
//! Only this module knows status codes of errors. A failure is logged once, where it becomes a [`Problem`].

mod answer;
mod code;
mod convert;
mod field_error;

pub(crate) use answer::{Problem, ProblemBody};
pub use code::Code;
pub(crate) use field_error::FieldError;
