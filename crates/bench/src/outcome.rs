//! What can go wrong here is told to a person and ends a row; nothing is decided by its kind.

use std::error::Error;

/// A result whose error is only shown.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;
