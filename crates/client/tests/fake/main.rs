//! What a client does about answers that a healthy service seldom gives.
#![expect(clippy::unwrap_used, reason = "what fails here is to fail the test")]

mod answers;
mod renewal;
mod retries;
mod service;
