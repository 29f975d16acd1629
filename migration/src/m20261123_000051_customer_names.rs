//! Copies each customer's name beside their manager, so that one index lists a manager's customers by name.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr, DeriveMigrationName};
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};

use crate::changes::{add_column, add_index, drop_column, drop_index};
use crate::table::text_column;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "customers";
const INDEXES: [&[&str]; 2] = [&["assigned_manager_id", "name_key", "id"], &["created_by", "name_key", "id"]];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = text_column(manager.get_database_backend(), "name_key", 360).not_null().default("").take();
        add_column(manager, TABLE, column).await?;
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
        drop_column(manager, TABLE, "name_key").await
    }
}
