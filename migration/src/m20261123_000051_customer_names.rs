//! Each customer's name beside their manager, so that a manager's customers by name are a walk in an index.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr, DeriveMigrationName};
use sea_orm_migration::sea_query::{ColumnDef, Table};
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};

use crate::table::{add_index, drop_index, text_column};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "customers";
const INDEXES: [&[&str]; 2] = [&["assigned_manager_id", "name_key", "id"], &["created_by", "name_key", "id"]];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        // MySQL keeps what it has done of a migration that was cut off.
        if !manager.has_column(TABLE, "name_key").await? {
            let mut column: ColumnDef = text_column(backend, "name_key", 360).not_null().default("").take();
            manager.alter_table(Table::alter().table(TABLE).add_column(&mut column).take()).await?;
        }
        let names = "UPDATE customers SET name_key = (SELECT users.name_key FROM users WHERE users.id = customers.id)";
        manager.get_connection().execute_unprepared(names).await?;
        for columns in INDEXES {
            add_index(manager, TABLE, columns).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for columns in INDEXES {
            drop_index(manager, TABLE, columns).await?;
        }
        manager.alter_table(Table::alter().table(TABLE).drop_column("name_key").take()).await
    }
}
