//! Whether a request is sent again, and when.

use std::time::Duration;

use crate::error::Error;
use crate::unique;

/// How often a request is sent again, and after how long.
///
/// ```
/// use std::time::Duration;
/// use clientele_client::{Client, Retry};
///
/// let patient = Retry::default().attempts(10).longest_wait(Duration::from_secs(60));
/// let client = Client::builder("https://people.example.com").retry(patient).build()?;
/// let impatient = Client::builder("https://people.example.com").retry(Retry::never()).build()?;
/// # Ok::<_, clientele_client::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    attempts: u32,
    first_wait: Duration,
    longest_wait: Duration,
}

impl Default for Retry {
    /// Four attempts. The first wait is 200 ms, each further one twice as long. A wait that the service names counts
    /// instead, up to 30 s.
    fn default() -> Self {
        Self { attempts: 4, first_wait: Duration::from_millis(200), longest_wait: Duration::from_secs(30) }
    }
}

impl Retry {
    /// No request is sent twice.
    #[must_use]
    pub fn never() -> Self {
        Self::default().attempts(1)
    }

    /// How often a request is sent, the first time included.
    #[must_use]
    pub fn attempts(self, attempts: u32) -> Self {
        Self { attempts: attempts.max(1), ..self }
    }

    /// How long to wait before the second attempt when the service names no time. Each further wait is twice as long.
    #[must_use]
    pub fn first_wait(self, first_wait: Duration) -> Self {
        Self { first_wait, ..self }
    }

    /// A service that asks for a longer wait than this is not asked again: its refusal is the answer.
    #[must_use]
    pub fn longest_wait(self, longest_wait: Duration) -> Self {
        Self { longest_wait, ..self }
    }

    /// How long to wait before the request is sent again after this many attempts; `None` when it is not.
    pub(crate) fn wait(&self, error: &Error, attempts: u32, may_be_done_twice: bool) -> Option<Duration> {
        if attempts >= self.attempts {
            return None;
        }
        let named = match error {
            Error::Problem(problem) if is_refusal(problem.status) => problem.retry_after,
            Error::Unexpected { status, retry_after, .. } if is_refusal(*status) => *retry_after,
            Error::Unreachable(_) => None,
            // A load balancer lost the service while it was at it.
            Error::Unexpected { status: 502 | 504, .. } | Error::Lost(_) if may_be_done_twice => None,
            _ => return None,
        };
        let wait = named.unwrap_or_else(|| self.own_wait(attempts));
        (wait <= self.longest_wait).then_some(wait)
    }

    /// Between half and all of the doubled time, so that clients that failed together do not come back together.
    fn own_wait(&self, attempts: u32) -> Duration {
        let doubled = self.first_wait.saturating_mul(2u32.saturating_pow(attempts - 1));
        doubled.min(self.longest_wait).mul_f64(0.5 + unique::fraction() / 2.0)
    }
}

/// Whether the service says that it did not begin with the request.
fn is_refusal(status: u16) -> bool {
    matches!(status, 429 | 503)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unexpected(status: u16, retry_after: Option<u64>) -> Error {
        Error::Unexpected { status, reason: String::new(), retry_after: retry_after.map(Duration::from_secs) }
    }

    #[test]
    fn the_wait_that_the_service_names_counts_up_to_the_longest() {
        let retry = Retry::default().longest_wait(Duration::from_secs(5));
        assert_eq!(retry.wait(&unexpected(429, Some(5)), 1, false), Some(Duration::from_secs(5)));
        assert_eq!(retry.wait(&unexpected(503, Some(6)), 1, true), None);
    }

    #[test]
    fn own_waits_double_and_end() {
        let retry = Retry::default().first_wait(Duration::from_secs(1)).attempts(3);
        for (attempts, longest) in [(1, 1), (2, 2)] {
            let wait = retry.wait(&unexpected(503, None), attempts, false).unwrap();
            assert!(wait >= Duration::from_secs(longest) / 2 && wait <= Duration::from_secs(longest), "{wait:?}");
        }
        assert_eq!(retry.wait(&unexpected(503, None), 3, true), None);
        assert_eq!(Retry::never().wait(&unexpected(503, None), 1, true), None);
    }

    #[test]
    fn what_may_have_been_done_is_asked_again_only_where_twice_is_once() {
        let retry = Retry::default();
        for error in [unexpected(502, None), unexpected(504, None), Error::Lost("gone".into())] {
            assert!(retry.wait(&error, 1, true).is_some(), "{error}");
            assert_eq!(retry.wait(&error, 1, false), None, "{error}");
        }
        assert!(retry.wait(&Error::Unreachable("refused".into()), 1, false).is_some());
        assert_eq!(retry.wait(&unexpected(500, None), 1, true), None, "it would be the same again");
    }
}
