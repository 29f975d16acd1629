//! What the handlers and the middleware work with.

use std::sync::Arc;
use std::time::Duration;

use ::auth::KeyRing;
use domain::{Accounts, AuditTrail, Clock};

use crate::extract::upload::Imports;
use crate::readiness::Readiness;

/// The use-cases that the routes call.
#[derive(Clone)]
pub struct Services {
    /// On people.
    pub accounts: Accounts,
    /// On the record of who did what.
    pub audit: AuditTrail,
    /// Who is calling, and how they prove it.
    pub auth: ::auth::Services,
    /// Whose public parts are published.
    pub keys: Arc<KeyRing>,
    /// Says what day it is.
    pub clock: Arc<dyn Clock>,
    /// How long a JSON body may take to arrive.
    pub body_timeout: Duration,
    /// Whether requests can be served, as of the last second.
    pub readiness: Readiness,
    /// How many files are imported at once.
    pub imports: Imports,
}
