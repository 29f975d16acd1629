//! Pools of connections that threads share.

use std::time::Duration;

use sea_orm::sqlx::pool::PoolOptions;
use sea_orm::sqlx::{Connection, Database, Pool};
use sea_orm::{DatabaseConnection, DbErr, RuntimeErr};

#[cfg(any(feature = "mysql", feature = "postgres"))]
use crate::options::Options;

/// A connection that was idle for so long is tested before it is used.
pub(crate) const TRIED_OUT_AFTER: Duration = Duration::from_secs(30);
/// Connections to a server are replaced after this.
pub(crate) const MAX_AGE: Duration = Duration::from_mins(30);

pub(crate) async fn open<DB: Database>(
    pool: PoolOptions<DB>,
    server: <DB::Connection as Connection>::Options,
) -> Result<DatabaseConnection, DbErr>
where
    Pool<DB>: Into<DatabaseConnection>,
{
    let pool = pool.connect_with(server).await;
    pool.map(Into::into).map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))
}

/// A pool whose connections stay open. Those to a file do not age, and one that holds a lock must not be replaced.
pub(crate) fn lasting_pool<DB: Database>(size: u32, patience: Duration) -> PoolOptions<DB> {
    PoolOptions::new()
        .max_connections(size)
        .acquire_timeout(patience)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(crate) fn server_pool<DB: Database>(options: &Options) -> PoolOptions<DB> {
    PoolOptions::new()
        .max_connections(options.shared_connections())
        .acquire_timeout(options.acquire_timeout)
        .test_before_acquire(false)
        .before_acquire(|connection: &mut DB::Connection, about| {
            Box::pin(async move {
                if about.idle_for >= TRIED_OUT_AFTER {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}
