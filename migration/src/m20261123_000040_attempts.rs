//! Counters of what must not be tried too often.

use sea_orm_migration::sea_orm::{DbErr, DeriveMigrationName};
use sea_orm_migration::sea_query::{Expr, ExprTrait};
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};

use crate::table::{NewTable, digest, drop, integer};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::new(manager, "attempts")
            .column(digest("subject"))
            .primary_key(&["subject"])
            .column(integer("count"))
            .column(integer("pending"))
            .time("not_before")
            .time("expires_at")
            .check(&["count"], Expr::col("count").gte(0))
            .check(&["pending"], Expr::col("pending").gte(0))
            .index(&["expires_at"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, "attempts").await
    }
}
