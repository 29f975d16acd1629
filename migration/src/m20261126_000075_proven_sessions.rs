//! When the person of a session last proved who they are in it.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr, DeriveMigrationName};
use sea_orm_migration::sea_query::{Expr, ExprTrait, Query, Table};
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};

use crate::table::time_column;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "sessions";
const COLUMN: &str = "proven_at";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // MySQL keeps what it has done of a migration that was cut off.
        if !manager.has_column(TABLE, COLUMN).await? {
            // An instance of the release before goes on without it during an upgrade.
            let mut column = time_column(manager.get_database_backend(), COLUMN).null().take();
            manager.alter_table(Table::alter().table(TABLE).add_column(&mut column).take()).await?;
        }
        let began = Query::update()
            .table(TABLE)
            .value(COLUMN, Expr::col("created_at"))
            .and_where(Expr::col(COLUMN).is_null())
            .take();
        manager.get_connection().execute(&began).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if !manager.has_column(TABLE, COLUMN).await? {
            return Ok(());
        }
        manager.alter_table(Table::alter().table(TABLE).drop_column(COLUMN).take()).await
    }
}
