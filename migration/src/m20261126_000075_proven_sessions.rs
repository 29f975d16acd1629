//! When the user of a session last proved in it who they are.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr, DeriveMigrationName};
use sea_orm_migration::sea_query::{Expr, ExprTrait, Query};
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};

use crate::changes::{add_column, drop_column};
use crate::table::time_column;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "sessions";
const COLUMN: &str = "proven_at";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // It may be null, because an instance of the previous release does not write it during an upgrade.
        let column = time_column(manager.get_database_backend(), COLUMN).null().take();
        add_column(manager, TABLE, column).await?;
        let began = Query::update()
            .table(TABLE)
            .value(COLUMN, Expr::col("created_at"))
            .and_where(Expr::col(COLUMN).is_null())
            .take();
        manager.get_connection().execute(&began).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_column(manager, TABLE, COLUMN).await
    }
}
