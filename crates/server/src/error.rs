//! Why the settings cannot be used, and why the service does not run.

use std::net::SocketAddr;
use std::path::PathBuf;

use auth::{AuthError, KeyError, Refusal};
use delivery::GatewayError;
use domain::ValueError;
use persistence::DatabaseError;

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

/// Why the service does not run. [`domain::ErrorChain`] prints it with its causes.
#[derive(Debug, thiserror::Error)]
pub enum StartupError {
    /// A setting cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The database cannot be opened or migrated.
    #[error("database.url")]
    Database(#[from] DatabaseError),
    /// The keys cannot be read.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// This computer lacks what a gateway needs, such as root certificates.
    #[error("delivery")]
    Gateway(#[from] GatewayError),
    /// The address is in use, or not one of this computer.
    #[error("{key}: cannot listen on {address}")]
    Listen {
        /// The setting.
        key: &'static str,
        /// Its value.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The first admin or the setup token cannot be made.
    #[error("cannot prepare the first admin")]
    FirstAdmin(#[source] AuthError),
    /// Migrations are missing.
    #[error("the database is not migrated: run `clientele migrate up` first")]
    NotMigrated,
    /// The HTTP server failed.
    #[error("the server failed")]
    Server(#[from] std::io::Error),
}

impl StartupError {
    /// The first reason why authentication refuses the value of a setting.
    pub(crate) fn refused(key: &str, refusals: Vec<Refusal>) -> Self {
        let error = refusals.into_iter().next().map(|refusal| refusal.error);
        let error = error.unwrap_or_else(|| ValueError::new("invalid", "is not acceptable"));
        SettingsError::invalid(key)(error).into()
    }

    /// Whether other settings would help.
    #[must_use]
    pub fn is_of_settings(&self) -> bool {
        match self {
            Self::Settings(_) => true,
            Self::Keys(error) => error.is_of_master_key(),
            Self::Database(error) => matches!(error, DatabaseError::OtherBackup { .. } | DatabaseError::NoUsers),
            Self::Gateway(_) | Self::Listen { .. } | Self::FirstAdmin(_) | Self::NotMigrated | Self::Server(_) => false,
        }
    }
}
