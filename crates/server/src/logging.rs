//! What is written to standard error, and the traces that go to a collector.

#[cfg(feature = "otlp")]
mod otlp;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

use crate::settings::{LogFormat, Settings, SettingsError};

/// Libraries that tell what is not worth telling at `info`; `log.level` may name them to hear more.
const QUIET: &str = "actix_server=warn,sea_orm_migration=warn,opentelemetry_sdk=warn,opentelemetry_otlp=warn";
/// Where a collector is by the standard of OpenTelemetry, if the settings don't say.
#[cfg(feature = "otlp")]
const STANDARD_VARIABLES: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// Starts logging for the whole process. A second call changes nothing.
///
/// # Errors
/// When `log.level` is not a level or list of levels, or `telemetry.otlp_endpoint` is of no use.
pub fn start(settings: &Settings) -> Result<(), SettingsError> {
    let log = &settings.log;
    let filter = filter(&log.level).ok_or_else(|| {
        SettingsError::Key(format!(
            "log.level is {:?}; allowed is off, error, warn, info, debug, trace, or a list such as info,api=debug",
            log.level
        ))
    })?;
    // The channel `log` is where codes go, however quiet the rest is.
    let codes = "clientele::codes=info".parse().ok();
    let filter = codes.into_iter().fold(filter, EnvFilter::add_directive);
    let layer: Box<dyn tracing_subscriber::Layer<_> + Send + Sync> = match log.format {
        LogFormat::Pretty => fmt::layer().with_writer(std::io::stderr).with_ansi(is_terminal()).boxed(),
        LogFormat::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .with_writer(std::io::stderr)
            .boxed(),
    };
    let traces = traces(settings)?;
    // A failure means that logging was started before, as by an earlier test.
    let _ = tracing_subscriber::registry().with(layer.with_filter(filter)).with(traces).try_init();
    Ok(())
}

/// A word alone would do as the name of a module too; here it has to be a level.
fn filter(level: &str) -> Option<EnvFilter> {
    let words = level.split(',').filter(|word| !word.contains('='));
    words.map(|word| word.trim().parse::<LevelFilter>()).collect::<Result<Vec<_>, _>>().ok()?;
    EnvFilter::try_new(format!("{QUIET},{level}")).ok()
}

/// Sends what is still on its way to the collector.
pub fn flush() {
    #[cfg(feature = "otlp")]
    otlp::flush();
}

#[cfg(feature = "otlp")]
fn traces<S>(settings: &Settings) -> Result<Option<impl tracing_subscriber::Layer<S> + use<S>>, SettingsError>
where
    S: tracing::Subscriber + for<'span> tracing_subscriber::registry::LookupSpan<'span>,
{
    let is_standard = STANDARD_VARIABLES.iter().any(|name| std::env::var_os(name).is_some_and(|url| !url.is_empty()));
    match &settings.telemetry.otlp_endpoint {
        None if !is_standard => Ok(None),
        endpoint => otlp::layer(endpoint.as_deref())
            .map(Some)
            .map_err(|error| SettingsError::Key(format!("telemetry.otlp_endpoint: {error}"))),
    }
}

#[cfg(not(feature = "otlp"))]
fn traces(settings: &Settings) -> Result<Option<tracing_subscriber::layer::Identity>, SettingsError> {
    match settings.telemetry.otlp_endpoint {
        None => Ok(None),
        Some(_) => Err(SettingsError::Key(
            "telemetry.otlp_endpoint is set, but this program was built without the feature `otlp`".to_owned(),
        )),
    }
}

fn is_terminal() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stderr())
}
