//! `clientele config check`.

use std::fmt::Write as _;

use serde_json::Value;

use super::error::CommandError;
use super::output;
use crate::settings::Settings;

/// Prints that the settings can be used, what is unusual in them, and every key with its value.
pub(super) fn check(settings: &Settings) -> Result<(), CommandError> {
    output::print(&text(settings))
}

/// `ok`, a line for each warning, and a line for each key.
#[must_use]
pub(crate) fn text(settings: &Settings) -> String {
    let mut text = "ok".to_owned();
    for warning in settings.warnings() {
        let _ = write!(text, "\n# warning: {warning}");
    }
    for (key, value) in settings.shown() {
        let _ = match value {
            Value::Null => write!(text, "\n# {key} is not set"),
            value => write!(text, "\n{key} = {value}"),
        };
    }
    text
}
