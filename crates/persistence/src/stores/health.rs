//! Whether the database can be used.

use async_trait::async_trait;
use domain::store::{HealthStore, StoreError};
use migration::Migrator;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm_migration::MigratorTrait;

use crate::store::Store;

#[async_trait]
impl HealthStore for Store {
    async fn check_ready(&self) -> Result<(), StoreError> {
        let needed: Vec<_> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
        let count = needed.len() as u64;
        // Later ones do no harm: during an upgrade, instances of both releases serve.
        let applied = Query::select()
            .expr_as(Expr::col("version").count(), "total")
            .from(Migrator::migration_table_name())
            .cond_where(Expr::col("version").is_in(needed))
            .take();
        if self.count(&applied).await? == count {
            return Ok(());
        }
        Err(StoreError::Failed("the database is not migrated to what this program needs".into()))
    }
}
