//! How many files and connections the process may open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More than the service ever needs.
const ENOUGH: u64 = 65_536;

/// Raises the soft limit, often 1024, to the hard one. Returns the limit.
pub(super) fn raise() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.unwrap_or(ENOUGH).min(ENOUGH);
    let current = limit.current.unwrap_or(u64::MAX);
    if current >= wanted || setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit }).is_err() {
        return usize::try_from(current).unwrap_or(usize::MAX);
    }
    usize::try_from(wanted).unwrap_or(usize::MAX)
}
