//! How many files and connections the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More than the service ever needs.
const ENOUGH: u64 = 65_536;

/// Takes what the system allows for the asking (the soft limit, often 1024, becomes the hard one), and answers how
/// many there may be.
pub(super) fn raise() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.unwrap_or(ENOUGH).min(ENOUGH);
    let current = limit.current.unwrap_or(u64::MAX);
    if current >= wanted || setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit }).is_err() {
        return usize::try_from(current).unwrap_or(usize::MAX);
    }
    usize::try_from(wanted).unwrap_or(usize::MAX)
}
