//! `clientele config check`.

use std::fmt::Write as _;

use serde_json::Value;

use crate::settings::Settings;

/// `ok`, a line for each warning, and a line for each key with its value.
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
