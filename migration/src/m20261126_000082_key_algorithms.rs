//! The algorithm of each signing key. Keys from before this migration are Ed25519.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr, DeriveMigrationName};
use sea_orm_migration::sea_query::{Expr, ExprTrait, Query};
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};

use crate::changes::{add_column, drop_column};
use crate::table::text_column;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "server_keys";
const COLUMN: &str = "algorithm";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = text_column(manager.get_database_backend(), COLUMN, 16).null().take();
        add_column(manager, TABLE, column).await?;
        let ed25519 = Query::update()
            .table(TABLE)
            .value(COLUMN, "EdDSA")
            .and_where(Expr::col("purpose").eq("access_token"))
            .and_where(Expr::col(COLUMN).is_null())
            .take();
        manager.get_connection().execute(&ed25519).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_column(manager, TABLE, COLUMN).await
    }
}
