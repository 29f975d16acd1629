//! The log on standard error, and the traces for a collector.

use std::io::IsTerminal;

use delivery::CODES;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

#[cfg(feature = "otlp")]
use crate::settings::HttpUrl;
use crate::settings::{LogFormat, Settings, SettingsError};

/// Libraries that log too much at `info`. `log.level` can name them to show more.
const QUIET: &str = "actix_server=warn,sea_orm_migration=warn,sqlx=warn,opentelemetry_sdk=warn,opentelemetry_otlp=warn";
/// The variables that name a collector to OpenTelemetry if the settings do not.
#[cfg(feature = "otlp")]
const STANDARD_VARIABLES: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// Starts logging for the whole process. A second call changes nothing.
pub fn start(settings: &Settings) -> Result<(), SettingsError> {
    let log = &settings.log;
    let filter = filter(&log.level).ok_or_else(|| {
        SettingsError::Key(format!(
            "log.level is {:?}; allowed is off, error, warn, info, debug, trace, or a list such as info,clientele_api=debug",
            log.level
        ))
    })?;
    let layer: Box<dyn tracing_subscriber::Layer<_> + Send + Sync> = match log.format {
        LogFormat::Pretty => {
            fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal()).boxed()
        }
        LogFormat::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .with_writer(std::io::stderr)
            .boxed(),
    };
    let traces = traces(settings)?;
    // A failure means that logging was started before, for example by an earlier test.
    let _ = tracing_subscriber::registry().with(layer.with_filter(filter)).with(traces).try_init();
    Ok(())
}

/// Logs a panic as one line, within the span of its request. A formatted message may have personal or secret data, so
/// only a literal one is logged. The location helps to find the rest.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("a panic");
        tracing::error!(location, "{message}");
    }));
}

/// The library also accepts a single word as the name of a module. Here it has to be a level.
fn filter(level: &str) -> Option<EnvFilter> {
    // The library reads an empty text as `error`.
    if level.trim().is_empty() {
        return None;
    }
    let words = level.split(',').filter(|word| !word.contains('='));
    words.map(|word| word.trim().parse::<LevelFilter>()).collect::<Result<Vec<_>, _>>().ok()?;
    // The gateway `log` shows codes at every log level.
    EnvFilter::try_new(format!("{QUIET},{level},{CODES}=info")).ok()
}

/// Sends the remaining traces.
pub fn flush() {
    #[cfg(feature = "otlp")]
    super::traces::flush();
}

#[cfg(feature = "otlp")]
fn traces<S>(settings: &Settings) -> Result<Option<impl tracing_subscriber::Layer<S> + use<S>>, SettingsError>
where
    S: tracing::Subscriber + for<'span> tracing_subscriber::registry::LookupSpan<'span>,
{
    let is_standard = STANDARD_VARIABLES.iter().any(|name| std::env::var_os(name).is_some_and(|url| !url.is_empty()));
    match &settings.telemetry.otlp_endpoint {
        None if !is_standard => Ok(None),
        // The exporter's own message repeats the URL, which may hold a password.
        endpoint => super::traces::layer(endpoint.as_ref().map(HttpUrl::expose)).map(Some).map_err(|_| {
            let reason = "cannot be used; an endpoint is a URL such as http://localhost:4318";
            SettingsError::Key(format!("telemetry.otlp_endpoint, or a variable OTEL_EXPORTER_OTLP_…: {reason}"))
        }),
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

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_is_a_line_of_the_log_without_what_it_was_about() {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = fmt::layer().json().flatten_event(true).with_current_span(true).with_writer(move || writer.clone());
        // `tracing` remembers whether anybody wants a line. With one subscriber, it asks only the thread that logs
        // first, which may have none. With two, it asks both.
        let _other = tracing::Dispatch::new(tracing_subscriber::registry());
        let usual = std::panic::take_hook();
        log_panics();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let _request = tracing::info_span!("request", request_id = "call-42").entered();
            let secret = String::from("sesame");
            let _ = std::panic::catch_unwind(|| panic!("nobody knows {secret}"));
            let _ = std::panic::catch_unwind(|| panic!("that was not to be"));
        });
        std::panic::set_hook(usual);
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(!text.contains("sesame"), "{text}");
        assert_eq!(lines[1]["message"], "that was not to be");
        for line in lines {
            assert_eq!(line["level"], "ERROR");
            assert_eq!(line["span"]["request_id"], "call-42");
            assert!(line["location"].as_str().unwrap().contains("logging.rs:"), "{line}");
        }
    }
}
