//! What can go wrong with a request.

use std::time::Duration;

use crate::problem::{Problem, ProblemCode};

/// A failure without its kind, so that a new release of the HTTP library is no change of this one.
type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why there is no answer to work with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The service refused the request.
    #[error("{0}")]
    Problem(Box<Problem>),
    /// The URL of the service is not one.
    #[error("not the URL of a service, such as https://people.example.com: {0}")]
    Url(String),
    /// The service was not reached: nothing was done.
    #[error("the service cannot be reached")]
    Unreachable(#[source] Source),
    /// The connection broke, or the answer took too long. What was asked may have been done all the same.
    #[error("the answer was lost")]
    Lost(#[source] Source),
    /// Somebody between here and the service answered, or a service of another kind.
    #[error("an answer that Clientele would not give, with the status {status}: {reason}")]
    Unexpected {
        /// The HTTP status.
        status: u16,
        /// What is unexpected about it.
        reason: String,
        /// When to come back, if the answer says so.
        retry_after: Option<Duration>,
    },
    /// The file to be imported could not be read, or what was exported could not be written.
    #[error("a file cannot be read or written")]
    File(#[from] std::io::Error),
}

impl Error {
    /// The refusal, if the service refused the request.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Problem(problem) => Some(problem),
            _ => None,
        }
    }

    /// Whether the service refused the request for this reason.
    #[must_use]
    pub fn is(&self, code: &ProblemCode) -> bool {
        self.problem().is_some_and(|problem| problem.code == *code)
    }

    /// The request was not sent, or not answered. URLs are left out of the message: searches are in them.
    pub(crate) fn of_http(error: reqwest::Error) -> Self {
        let was_sent = !error.is_connect() && !error.is_builder();
        let source = Box::new(error.without_url());
        if was_sent { Self::Lost(source) } else { Self::Unreachable(source) }
    }
}
