//! `MariaDB` stores JSON as text with a check, and names the check after the column alone. Here the checks get names by
//! the convention of all others. On other backends JSON is a type of its own.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, DeriveMigrationName, Statement};
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Table, column of JSON, and the rest of the column's definition.
const COLUMNS: &[(&str, &str, &str)] = &[
    ("customers", "metadata", "NOT NULL DEFAULT ('{}')"),
    ("challenges", "pending", "NULL"),
    ("audit_events", "changes", "NOT NULL"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A column that is declared as text has no check of its own.
        change(manager, false, |table, column, definition, check| {
            format!(
                "ALTER TABLE {table} MODIFY {column} longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin {definition}, \
                 ADD CONSTRAINT {check} CHECK (json_valid({column}))"
            )
        })
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        change(manager, true, |table, column, definition, check| {
            format!("ALTER TABLE {table} DROP CONSTRAINT {check}, MODIFY {column} JSON {definition}")
        })
        .await
    }
}

/// Runs a statement for each column whose check is named (`is_named`), or for each whose check is not.
async fn change(
    manager: &SchemaManager<'_>,
    is_named: bool,
    statement: impl Fn(&str, &str, &str, &str) -> String,
) -> Result<(), DbErr> {
    if !is_mariadb(manager).await? {
        return Ok(());
    }
    for (table, column, definition) in COLUMNS {
        let check = format!("ck_{table}_{column}");
        if has_check(manager, table, &check).await? == is_named {
            let sql = statement(table, column, definition, &check);
            manager.get_connection().execute_unprepared(&sql).await?;
        }
    }
    Ok(())
}

async fn is_mariadb(manager: &SchemaManager<'_>) -> Result<bool, DbErr> {
    let is_mysql = manager.get_database_backend() == DbBackend::MySql;
    Ok(is_mysql && has_any(manager, "SELECT 1 FROM DUAL WHERE VERSION() LIKE '%MariaDB%'").await?)
}

async fn has_check(manager: &SchemaManager<'_>, table: &str, name: &str) -> Result<bool, DbErr> {
    let select = "SELECT 1 FROM information_schema.check_constraints WHERE constraint_schema = DATABASE()";
    has_any(manager, &format!("{select} AND table_name = '{table}' AND constraint_name = '{name}'")).await
}

/// Whether a statement selects anything. The query builder knows neither the version nor the checks of a server.
async fn has_any(manager: &SchemaManager<'_>, select: &str) -> Result<bool, DbErr> {
    let statement = Statement::from_string(manager.get_database_backend(), select);
    Ok(manager.get_connection().query_one_raw(statement).await?.is_some())
}
