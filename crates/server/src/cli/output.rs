//! What commands print. If the log is JSON, this is JSON too, so that collectors of a container's output find an object
//! on every line.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use domain::{Clock, SystemClock};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value};

use super::error::CommandError;
use crate::settings::LogFormat;

static IS_JSON: AtomicBool = AtomicBool::new(false);

/// Sets the format, before anything is written.
pub(super) fn set_format(format: LogFormat) {
    IS_JSON.store(format == LogFormat::Json, Ordering::Relaxed);
}

/// Whether every line is an object.
#[must_use]
pub(super) fn is_json() -> bool {
    IS_JSON.load(Ordering::Relaxed)
}

/// Writes to standard output. A reader such as `head` may close it.
pub(super) fn print(text: &str) -> Result<(), CommandError> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{}", text.trim_end()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(CommandError::unwritable("standard output", error))
        }
        _ => Ok(()),
    }
}

/// Writes a line of a report to standard error, which may be closed.
pub(super) fn report(text: &str) {
    let line = if is_json() { object("ERROR", text, &[]) } else { text.to_owned() };
    let _ = writeln!(io::stderr(), "{line}");
}

/// A line in the form of the log, with additional fields.
#[must_use]
pub(super) fn object(level: &str, message: &str, fields: &[(&str, &str)]) -> String {
    let timestamp = SystemClock.now().format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
    let common = [("timestamp", timestamp.as_str()), ("level", level), ("message", message), ("target", "clientele")];
    let members = common.into_iter().chain(fields.iter().copied());
    let members: Map<_, _> = members.map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
    Value::Object(members).to_string()
}

/// Each line of a text as an object.
#[must_use]
pub(super) fn objects(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim().is_empty()).map(|line| object("INFO", line, &[]));
    lines.collect::<Vec<_>>().join("\n")
}

/// A progress bar of this form. It shows on a terminal only.
pub(super) fn with_style(bar: ProgressBar, template: &str) -> ProgressBar {
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}
