//! `clientele serve`.

use std::io::{self, Write};
use std::sync::Arc;

use delivery::CODES;
use domain::{Clock, SystemClock};

use super::banner::{self, Banner};
use super::error::CommandError;
use super::output;
use super::signals::Signals;
use crate::settings::Settings;
use crate::startup::Service;

/// Serves until SIGTERM or Ctrl-C. A second one stops it at once.
pub(super) async fn run(settings: &Settings) -> Result<(), CommandError> {
    // This comes first, since the first process of a container ignores signals that it does not catch.
    let (mut asked, mut again) = (Signals::catch()?, Signals::catch()?);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let gateways = settings.delivery.gateways()?;
    let senders = gateways.open(&clock)?;
    let service = tokio::select! {
        started = Service::start(settings, senders, clock) => started?,
        () = asked.next() => {
            tracing::info!("asked to stop before the start was complete");
            return Ok(());
        }
    };
    // The log shows these at every level.
    for warning in gateways.warnings() {
        tracing::warn!(target: CODES, "{warning}");
    }
    for warning in settings.warnings() {
        tracing::warn!("{warning}");
    }
    let banner = if output::is_json() { banner::json } else { banner::text };
    // The service also runs if standard output is closed.
    let _ = writeln!(io::stdout(), "{}", banner(&Banner::of(&service)));
    let asked_again = async {
        again.next().await;
        again.next().await;
    };
    Ok(service.run_until(asked.next(), asked_again).await?)
}
