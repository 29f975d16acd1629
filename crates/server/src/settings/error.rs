//! Why the settings cannot be used.

use std::path::PathBuf;

use domain::ValueError;

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The named file cannot be read.
    #[error("cannot read {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A key is unknown or its value is not allowed.
    #[error("{0}")]
    Key(String),
}

impl SettingsError {
    /// The value of this key is not allowed.
    pub(crate) fn invalid(key: &str) -> impl Fn(ValueError) -> Self {
        move |error| Self::Key(format!("{key}: {error}"))
    }
}
