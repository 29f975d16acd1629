//! `MariaDB` keeps JSON as text with a check, which it names after the column alone. Here the checks get the names of
//! all others.

use sea_orm_migration::sea_orm::{DbErr, DeriveMigrationName};
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};

use crate::table::{name_json_check, unname_json_check};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Tables, columns of JSON, and what else their definition says.
const COLUMNS: &[(&str, &str, &str)] = &[
    ("customers", "metadata", "NOT NULL DEFAULT ('{}')"),
    ("challenges", "pending", "NULL"),
    ("audit_events", "changes", "NOT NULL"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column, definition) in COLUMNS {
            name_json_check(manager, table, column, definition).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column, definition) in COLUMNS {
            unname_json_check(manager, table, column, definition).await?;
        }
        Ok(())
    }
}
