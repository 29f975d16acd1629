//! What is written to standard error.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

use crate::settings::{Log, LogFormat, SettingsError};

/// Libraries that tell what is not worth telling at `info`; `log.level` may name them to hear more.
const QUIET: &str = "actix_server=warn,sea_orm_migration=warn";

/// Starts logging for the whole process. A second call changes nothing.
///
/// # Errors
/// When `log.level` is not a level or list of levels.
pub fn start(log: &Log) -> Result<(), SettingsError> {
    let filter = EnvFilter::try_new(format!("{QUIET},{}", log.level)).map_err(|error| {
        SettingsError::Key(format!(
            "log.level is {:?}; allowed is error, warn, info, debug, trace, or a list such as info,api=debug: {error}",
            log.level
        ))
    })?;
    // The channel `log` is where codes go, however quiet the rest is.
    let codes = "clientele::codes=info".parse().ok();
    let filter = codes.into_iter().fold(filter, EnvFilter::add_directive);
    let registry = tracing_subscriber::registry().with(filter);
    // A failure means that logging was started before, as by an earlier test.
    let _ = match log.format {
        LogFormat::Pretty => {
            registry.with(fmt::layer().with_writer(std::io::stderr).with_ansi(is_terminal())).try_init()
        }
        LogFormat::Json => registry
            .with(
                fmt::layer()
                    .json()
                    .flatten_event(true)
                    .with_current_span(true)
                    .with_span_list(false)
                    .with_writer(std::io::stderr),
            )
            .try_init(),
    };
    Ok(())
}

fn is_terminal() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stderr())
}
