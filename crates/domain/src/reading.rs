//! What a use-case needs beside the caller: read only after the caller may ask at all.
//!
//! A use-case takes it as an async closure. It refuses a caller who may never do this before a query or a body is
//! read, and the entrance (HTTP, a command) neither asks nor repeats the policy. The closure has the entrance's own
//! error, which a refusal of the use-case turns into.

use crate::error::Error;

/// A reading of what is in hand already.
pub fn given<T>(value: T) -> impl AsyncFnOnce() -> Result<T, Error> {
    async move || Ok(value)
}
