//! Whether the service is up. Nothing here is asked twice: whoever asks wants to know how it is now.

use crate::client::Client;
use crate::error::Error;
use crate::request::Request;

impl Client {
    /// Whether the process is up.
    ///
    /// # Errors
    /// When it is not, or is not reached.
    pub async fn check_live(&self) -> Result<(), Error> {
        self.ask_once(Request::get("health/live")).await.map(drop)
    }

    /// Whether the service can serve: its database answers and is migrated.
    ///
    /// # Errors
    /// [`Error::Problem`] with `unavailable` when not.
    pub async fn check_ready(&self) -> Result<(), Error> {
        self.ask_once(Request::get("health/ready")).await.map(drop)
    }
}
