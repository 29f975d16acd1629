//! Whether the service can do its work.

use actix_web::http::StatusCode;
use domain::{Accounts, Error};

use crate::problem::Problem;
use crate::recent::Recent;

/// Whether the database is ready. It is asked at most once a second. Clones share the answer.
#[derive(Clone, Default)]
pub struct Readiness(Recent<Result<(), Problem>>);

impl Readiness {
    pub(crate) async fn check(&self, accounts: &Accounts) -> Result<(), Problem> {
        let accounts = accounts.clone();
        let checked = self.0.get(move || ask(accounts)).await;
        checked.unwrap_or_else(|| Err(Problem::from_status(StatusCode::SERVICE_UNAVAILABLE)))
    }
}

async fn ask(accounts: Accounts) -> Result<(), Problem> {
    accounts.check_ready().await.map_err(|error| match error {
        // The operator can migrate the database while the service runs, so this is temporary, too.
        Error::Store(error) => Problem::unavailable(&error),
        error => error.into(),
    })
}
