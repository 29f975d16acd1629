//! How a table is spelled on every backend: types, names, collation.
//!
//! Names follow one convention: `pk_`, `fk_`, `uq_`, `ix_` or `ck_`, the table, the columns.

use sea_orm_migration::SchemaManager;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use sea_orm_migration::sea_query::{
    Alias, Check, ColumnDef, Expr, ExprTrait, ForeignKey, ForeignKeyAction, Index, IndexCreateStatement,
    SqliteQueryBuilder, Table, TableCreateStatement,
};

/// A table to create, with its indexes.
pub(crate) struct NewTable {
    name: &'static str,
    backend: DbBackend,
    statement: TableCreateStatement,
    indexes: Vec<IndexCreateStatement>,
    foreign_keys: Vec<&'static str>,
}

impl NewTable {
    /// A table with nothing in it yet.
    pub(crate) fn new(manager: &SchemaManager<'_>, name: &'static str) -> Self {
        let backend = manager.get_database_backend();
        let mut statement = Table::create();
        statement.table(name);
        if backend == DbBackend::MySql {
            // Text compares byte by byte, as it does in Rust. `IF NOT EXISTS`, because a
            // table whose migration was not yet written down is not taken back there.
            statement.if_not_exists().engine("InnoDB").character_set("utf8mb4").collate("utf8mb4_bin");
        }
        Self { name, backend, statement, indexes: Vec::new(), foreign_keys: Vec::new() }
    }

    /// The primary key, made by the application.
    pub(crate) fn id(&mut self) -> &mut Self {
        self.column(uuid("id")).primary_key(&["id"])
    }

    pub(crate) fn primary_key(&mut self, columns: &[&'static str]) -> &mut Self {
        let mut index = index(format!("pk_{}", self.name), columns);
        self.statement.primary_key(&mut index);
        self
    }

    pub(crate) fn column(&mut self, mut column: ColumnDef) -> &mut Self {
        self.statement.col(&mut column);
        self
    }

    /// Text that compares byte by byte, so that order and prefixes are those of Rust.
    pub(crate) fn text(&mut self, name: &'static str, length: u32) -> &mut Self {
        let column = self.text_column(name, length).not_null().take();
        self.column(column)
    }

    /// The same, with a default.
    pub(crate) fn text_or(&mut self, name: &'static str, length: u32, default: &'static str) -> &mut Self {
        let column = self.text_column(name, length).not_null().default(default).take();
        self.column(column)
    }

    /// The same, or nothing.
    pub(crate) fn optional_text(&mut self, name: &'static str, length: u32) -> &mut Self {
        let column = self.text_column(name, length).null().take();
        self.column(column)
    }

    fn text_column(&self, name: &'static str, length: u32) -> ColumnDef {
        text_column(self.backend, name, length)
    }

    /// One of some words, held by the database too. No native enum: `PostgreSQL`
    /// changes those awkwardly and `SQLite` has none.
    pub(crate) fn choice(&mut self, name: &'static str, words: &[&'static str]) -> &mut Self {
        let condition = Expr::col(name).is_in(words.iter().copied());
        self.text(name, 32).check(&[name], condition)
    }

    /// A moment in UTC, to the microsecond.
    pub(crate) fn time(&mut self, name: &'static str) -> &mut Self {
        let column = self.time_column(name).not_null().take();
        self.column(column)
    }

    /// The same, or nothing.
    pub(crate) fn optional_time(&mut self, name: &'static str) -> &mut Self {
        let column = self.time_column(name).null().take();
        self.column(column)
    }

    fn time_column(&self, name: &'static str) -> ColumnDef {
        time_column(self.backend, name)
    }

    /// A JSON document.
    pub(crate) fn json(&mut self, name: &'static str) -> &mut Self {
        self.column(ColumnDef::new(name).json_binary().not_null().take())
    }

    /// A JSON object, empty unless said otherwise.
    pub(crate) fn json_object(&mut self, name: &'static str) -> &mut Self {
        let empty = match self.backend {
            // MySQL takes a default for JSON only as an expression.
            DbBackend::MySql => "('{}')",
            _ => "'{}'",
        };
        self.column(ColumnDef::new(name).json_binary().not_null().default(Expr::cust(empty)).take())
    }

    /// What must hold of these columns.
    pub(crate) fn check(&mut self, columns: &[&'static str], condition: Expr) -> &mut Self {
        let name = Alias::new(format!("ck_{}_{}", self.name, columns.join("_")));
        self.statement.check(Check::named(name, condition));
        self
    }

    /// `column` names a row of `target`.
    pub(crate) fn foreign_key(
        &mut self,
        column: &'static str,
        target: &'static str,
        on_delete: ForeignKeyAction,
    ) -> &mut Self {
        let mut key = ForeignKey::create()
            .name(format!("fk_{}_{column}", self.name))
            .from(self.name, column)
            .to(target, "id")
            .on_delete(on_delete)
            .take();
        self.statement.foreign_key(&mut key);
        self.foreign_keys.push(column);
        self
    }

    /// No two rows are alike in these columns. An index rather than a table
    /// constraint, so that it has its name on every backend.
    pub(crate) fn unique(&mut self, columns: &[&'static str]) -> &mut Self {
        let name = format!("uq_{}_{}", self.name, columns.join("_"));
        self.indexes.push(index(name, columns).table(self.name).unique().take());
        self
    }

    /// Rows are looked for by these columns.
    pub(crate) fn index(&mut self, columns: &[&'static str]) -> &mut Self {
        let name = index_name(self.name, columns);
        self.indexes.push(index(name, columns).table(self.name).take());
        self
    }

    /// Creates all of it; on MySQL in one statement, which there is all that is atomic.
    pub(crate) async fn create(&mut self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        if self.backend == DbBackend::MySql {
            for index in &mut self.indexes {
                self.statement.index(index);
            }
            return manager.create_table(self.statement.take()).await;
        }
        if self.backend == DbBackend::Sqlite {
            manager.get_connection().execute_unprepared(&self.sqlite()).await?;
        } else {
            manager.create_table(self.statement.take()).await?;
        }
        for index in self.indexes.drain(..) {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    /// The query builder leaves the names of foreign keys out on SQLite, which takes them all the same.
    fn sqlite(&self) -> String {
        self.foreign_keys.iter().fold(self.statement.to_string(SqliteQueryBuilder), |sql, column| {
            let key = format!(r#"FOREIGN KEY ("{column}")"#);
            sql.replace(&key, &format!(r#"CONSTRAINT "fk_{}_{column}" {key}"#, self.name))
        })
    }
}

/// A column for a moment in UTC, to the microsecond.
pub(crate) fn time_column(backend: DbBackend, name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    match backend {
        // Its `timestamp` drops fractions and ends in 2038.
        DbBackend::MySql => column.custom(Alias::new("datetime(6)")),
        _ => column.timestamp_with_time_zone(),
    };
    column
}

/// A column for text that compares byte by byte.
pub(crate) fn text_column(backend: DbBackend, name: &'static str, length: u32) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.string_len(length);
    if backend == DbBackend::Postgres {
        column.extra(r#"COLLATE "C""#);
    }
    column
}

/// Gives a table one more index, unless it has it.
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

/// Takes an index back.
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

/// Gives the check of a JSON column, made by [`NewTable::json`] or the like, its name. `definition` is what else the
/// column is. Only `MariaDB` has such checks: elsewhere JSON is a type.
pub(crate) async fn name_json_check(
    manager: &SchemaManager<'_>,
    table: &str,
    column: &str,
    definition: &str,
) -> Result<(), DbErr> {
    if !is_mariadb(manager).await? || has_check(manager, table, &json_check(table, column)).await? {
        return Ok(());
    }
    // A column that is declared as the text that it is has no check of its own.
    let sql = format!(
        "ALTER TABLE {table} MODIFY {column} longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin {definition}, \
         ADD CONSTRAINT {} CHECK (json_valid({column}))",
        json_check(table, column)
    );
    manager.get_connection().execute_unprepared(&sql).await.map(|_| ())
}

/// Takes the name back.
pub(crate) async fn unname_json_check(
    manager: &SchemaManager<'_>,
    table: &str,
    column: &str,
    definition: &str,
) -> Result<(), DbErr> {
    if !is_mariadb(manager).await? || !has_check(manager, table, &json_check(table, column)).await? {
        return Ok(());
    }
    let name = json_check(table, column);
    let sql = format!("ALTER TABLE {table} DROP CONSTRAINT {name}, MODIFY {column} JSON {definition}");
    manager.get_connection().execute_unprepared(&sql).await.map(|_| ())
}

fn json_check(table: &str, column: &str) -> String {
    format!("ck_{table}_{column}")
}

async fn is_mariadb(manager: &SchemaManager<'_>) -> Result<bool, DbErr> {
    let is_mysql = manager.get_database_backend() == DbBackend::MySql;
    Ok(is_mysql && has_any(manager, "SELECT 1 FROM DUAL WHERE VERSION() LIKE '%MariaDB%'").await?)
}

async fn has_check(manager: &SchemaManager<'_>, table: &str, name: &str) -> Result<bool, DbErr> {
    let select = "SELECT 1 FROM information_schema.check_constraints WHERE constraint_schema = DATABASE()";
    has_any(manager, &format!("{select} AND table_name = '{table}' AND constraint_name = '{name}'")).await
}

/// The query builder knows neither the version nor the checks of a server.
async fn has_any(manager: &SchemaManager<'_>, select: &str) -> Result<bool, DbErr> {
    let statement = Statement::from_string(manager.get_database_backend(), select);
    Ok(manager.get_connection().query_one_raw(statement).await?.is_some())
}

/// Drops a table.
pub(crate) async fn drop(manager: &SchemaManager<'_>, name: &'static str) -> Result<(), DbErr> {
    manager.drop_table(Table::drop().table(name).if_exists().take()).await
}

/// An identifier of something else.
pub(crate) fn uuid(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).uuid().not_null().take()
}

/// The same, or nothing.
pub(crate) fn optional_uuid(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).uuid().null().take()
}

/// A SHA-256 or an HMAC of it.
pub(crate) fn digest(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).binary_len(32).not_null().take()
}

/// The same, or nothing.
pub(crate) fn optional_digest(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).binary_len(32).null().take()
}

/// Bytes that are not looked for.
pub(crate) fn bytes(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).blob().not_null().take()
}

pub(crate) fn boolean(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).boolean().not_null().take()
}

pub(crate) fn integer(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).integer().not_null().take()
}

pub(crate) fn counter(name: &'static str, start: i64) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().default(start).take()
}

fn index_name(table: &str, columns: &[&str]) -> String {
    format!("ix_{table}_{}", columns.join("_"))
}

fn index(name: String, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(name);
    for column in columns {
        index.col(*column);
    }
    index
}
