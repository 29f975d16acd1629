//! With which other messages one takes turns: keyed hashes of its contact and of the network that asked for it.

use sea_orm_migration::sea_orm::{DbErr, DeriveMigrationName};
use sea_orm_migration::sea_query::{ColumnDef, Table};
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};

use crate::table::{add_index, boolean, drop_index, optional_digest};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "outbox";
/// Rows are looked for by it.
const CONTACT: &str = "contact";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in columns() {
            add(manager, column).await?;
        }
        add_index(manager, TABLE, &[CONTACT]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_index(manager, TABLE, &[CONTACT]).await?;
        for column in columns() {
            let name = column.get_column_name();
            if manager.has_column(TABLE, &name).await? {
                manager.alter_table(Table::alter().table(TABLE).drop_column(name).take()).await?;
            }
        }
        Ok(())
    }
}

/// Messages that are on their way already take no turns.
fn columns() -> [ColumnDef; 4] {
    [
        optional_digest(CONTACT),
        optional_digest("asker"),
        optional_digest("network"),
        boolean("has_account").default(false).take(),
    ]
}

/// `MySQL` keeps what it has done of a migration that was cut off.
async fn add(manager: &SchemaManager<'_>, mut column: ColumnDef) -> Result<(), DbErr> {
    if manager.has_column(TABLE, column.get_column_name()).await? {
        return Ok(());
    }
    manager.alter_table(Table::alter().table(TABLE).add_column(&mut column).take()).await
}
