//! Times that callers ask about, which may lie far from those that are stored.

use domain::Timestamp;
use sea_orm::DbBackend;
use sea_orm::sea_query::Expr;

/// A time to compare with. On MySQL it goes without its zone, which is UTC everywhere: with it, the server takes it for
/// a `TIMESTAMP`, of which there are none before 1970 and after 2038, and finds nobody.
pub(crate) fn comparable(backend: DbBackend, time: Timestamp) -> Expr {
    if backend == DbBackend::MySql { time.naive_utc().into() } else { time.into() }
}
