//! What is written beside the log: in the form of the log where that is JSON, so that whoever collects the output of a
//! container finds an object on every line.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use domain::{Clock, SystemClock};
use serde_json::{Map, Value};

use crate::settings::LogFormat;

/// One for the process, as its outputs are.
static IS_JSON: AtomicBool = AtomicBool::new(false);

/// Chooses the form, before anything is written.
pub fn set_format(format: LogFormat) {
    IS_JSON.store(format == LogFormat::Json, Ordering::Relaxed);
}

/// Whether every line is to be an object.
#[must_use]
pub fn is_json() -> bool {
    IS_JSON.load(Ordering::Relaxed)
}

/// Writes to standard error why something could not be done.
pub fn error(text: &str) {
    report(&format!("clientele: {text}"));
}

/// Writes a line of a report to standard error. Nobody may be left to hear it.
pub fn report(text: &str) {
    let line = if is_json() { object("ERROR", text, &[]) } else { text.to_owned() };
    let _ = writeln!(io::stderr(), "{line}");
}

/// A line as the log has it, with the fields of its own.
#[must_use]
pub fn object(level: &str, message: &str, fields: &[(&str, &str)]) -> String {
    let timestamp = SystemClock.now().format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
    let common = [("timestamp", timestamp.as_str()), ("level", level), ("message", message), ("target", "clientele")];
    let members = common.into_iter().chain(fields.iter().copied());
    let members: Map<_, _> = members.map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
    Value::Object(members).to_string()
}

/// Each line of a text as an object.
#[must_use]
pub fn objects(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim().is_empty()).map(|line| object("INFO", line, &[]));
    lines.collect::<Vec<_>>().join("\n")
}
