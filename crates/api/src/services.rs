//! What the handlers and the middleware work with.

use std::sync::Arc;
use std::time::Duration;

use ::auth::KeyRing;
use domain::{Accounts, Clock};

use crate::extract::upload::Imports;
use crate::readiness::Readiness;

/// The use-cases that the routes call.
#[derive(Clone)]
pub struct Services {
    /// Finds and changes people, and reads the audit trail.
    pub accounts: Accounts,
    /// Sign-up, sign-in, tokens and sessions.
    pub auth: ::auth::Services,
    /// The signing keys, whose public parts are published.
    pub keys: Arc<KeyRing>,
    /// Gives the time.
    pub clock: Arc<dyn Clock>,
    /// How long a JSON body may take to arrive.
    pub body_timeout: Duration,
    /// Whether requests can be served.
    pub readiness: Readiness,
    /// How many files are imported at once.
    pub imports: Imports,
}
