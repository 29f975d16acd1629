//! Changes of tables that are there already.
//!
//! Each looks first whether it is done: MySQL keeps what it has done of a migration that was interrupted, and the
//! migration then starts again.

use sea_orm_migration::SchemaManager;
use sea_orm_migration::sea_orm::DbErr;
use sea_orm_migration::sea_query::{ColumnDef, Index, Table};

use crate::table::{index, index_name};

/// Adds a column, unless the table has it.
pub(crate) async fn add_column(
    manager: &SchemaManager<'_>,
    table: &'static str,
    mut column: ColumnDef,
) -> Result<(), DbErr> {
    if manager.has_column(table, column.get_column_name()).await? {
        return Ok(());
    }
    manager.alter_table(Table::alter().table(table).add_column(&mut column).take()).await
}

/// Drops a column, if the table has it.
pub(crate) async fn drop_column(
    manager: &SchemaManager<'_>,
    table: &'static str,
    column: &'static str,
) -> Result<(), DbErr> {
    if !manager.has_column(table, column).await? {
        return Ok(());
    }
    manager.alter_table(Table::alter().table(table).drop_column(column).take()).await
}

/// Adds an index, unless the table has it.
pub(crate) async fn add_index(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    let name = index_name(table, columns);
    if manager.has_index(table, &name).await? {
        return Ok(());
    }
    manager.create_index(index(name, columns).table(table).take()).await
}

/// Drops an index, if the table has it.
pub(crate) async fn drop_index(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    let name = index_name(table, columns);
    if !manager.has_index(table, &name).await? {
        return Ok(());
    }
    let mut drop = Index::drop();
    drop.name(name).table(table);
    manager.drop_index(drop).await
}
