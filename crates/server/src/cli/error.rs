//! Why a command did not do what was asked.

use std::fmt::Display;
use std::io;
use std::process::ExitCode;

use domain::Error;
use persistence::DatabaseError;

use crate::error::StartupError;

/// The command line or the settings are wrong. `clap` exits with it, too.
const USAGE: u8 = 2;

/// Why a command did not do what was asked. [`domain::ErrorChain`] prints it with its causes.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    /// The service, or what a command needs of it, cannot be started.
    #[error(transparent)]
    Startup(StartupError),
    /// A file, or standard output, cannot be read or written.
    #[error("cannot {action} {name}")]
    File {
        /// Read or write.
        action: &'static str,
        /// Which.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// The command cannot do its work, and why.
    #[error("{0}")]
    Refused(String),
    /// The arguments are incomplete.
    #[error("{0}")]
    Usage(&'static str),
}

impl CommandError {
    /// Why a use-case refuses.
    pub(super) fn of_use_case(error: Error) -> Self {
        match error {
            Error::Store(error) => DatabaseError::from(error).into(),
            error => Self::Refused(error.to_string()),
        }
    }

    /// Says which file cannot be read.
    pub(super) fn unreadable(name: impl Display, source: io::Error) -> Self {
        Self::File { action: "read", name: name.to_string(), source }
    }

    /// Says which file cannot be written.
    pub(super) fn unwritable(name: impl Display, source: io::Error) -> Self {
        Self::File { action: "write", name: name.to_string(), source }
    }

    /// 2 when other arguments or settings would help, otherwise 1.
    pub(super) fn exit_code(&self) -> ExitCode {
        let is_usage = match self {
            Self::Startup(error) => error.is_of_settings(),
            Self::Usage(_) => true,
            Self::File { .. } | Self::Refused(_) => false,
        };
        if is_usage { USAGE.into() } else { ExitCode::FAILURE }
    }
}

/// A command fails for the same reasons as a start.
impl<E> From<E> for CommandError
where
    StartupError: From<E>,
{
    fn from(error: E) -> Self {
        Self::Startup(error.into())
    }
}
