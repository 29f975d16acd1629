//! The HTTP client of the gateways.

use std::time::Duration;

use reqwest::{Client, redirect};

use crate::sender::{GatewayError, SendError};

/// How long connecting may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(4);
/// How long all of it may take; less than the outbox waits, which knows less of what happened.
const TOTAL_LIMIT: Duration = Duration::from_secs(9);
const USER_AGENT: &str = concat!("clientele/", env!("CARGO_PKG_VERSION"));

/// Codes go where the operator said, and nowhere that a gateway points to.
pub(crate) fn client() -> Result<Client, GatewayError> {
    let builder = Client::builder().connect_timeout(CONNECT_LIMIT).timeout(TOTAL_LIMIT).user_agent(USER_AGENT);
    let client = builder.redirect(redirect::Policy::none()).build();
    client.map_err(|error| GatewayError(Box::new(error)))
}

/// The URL may hold a key of the operator's, so it stays out of the error.
pub(crate) fn failed(error: reqwest::Error) -> SendError {
    if error.is_timeout() { SendError::TimedOut } else { SendError::Failed(Box::new(error.without_url())) }
}
