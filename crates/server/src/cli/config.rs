//! `clientele config check`.

use std::fmt::Write as _;

use serde_json::Value;

use crate::settings::Settings;

/// That the settings can be used, what is hardly meant in them, and what they come to.
#[must_use]
pub fn text(settings: &Settings) -> String {
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
