//! What a signing key signs with. The keys so far are Ed25519.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr, DeriveMigrationName};
use sea_orm_migration::sea_query::{ColumnDef, Expr, ExprTrait, Query, Table};
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "server_keys";
const COLUMN: &str = "algorithm";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // MySQL keeps what it has done of a migration that was cut off.
        if !manager.has_column(TABLE, COLUMN).await? {
            let column = ColumnDef::new(COLUMN).string_len(16).null().take();
            manager.alter_table(Table::alter().table(TABLE).add_column(column).take()).await?;
        }
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
        if !manager.has_column(TABLE, COLUMN).await? {
            return Ok(());
        }
        manager.alter_table(Table::alter().table(TABLE).drop_column(COLUMN).take()).await
    }
}
