//! How a table is written on every backend: types, names, collation.
//!
//! Names follow one convention: `pk_`, `fk_`, `uq_`, `ix_` or `ck_`, the table, the columns.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr};
use sea_orm_migration::sea_query::{
    Alias, Check, ColumnDef, Expr, ExprTrait, ForeignKey, ForeignKeyAction, Index, IndexCreateStatement,
    SqliteQueryBuilder, Table, TableCreateStatement,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

/// A migration that makes one table.
pub(crate) struct CreateTable {
    module: &'static str,
    table: &'static str,
    define: fn(&mut NewTable),
}

impl CreateTable {
    /// `module` is the path of the migration's module; its last part is the migration's name.
    pub(crate) const fn new(module: &'static str, table: &'static str, define: fn(&mut NewTable)) -> Self {
        Self { module, table, define }
    }
}

impl MigrationName for CreateTable {
    fn name(&self) -> &str {
        self.module.rsplit("::").next().unwrap_or(self.module)
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateTable {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = NewTable::new(manager, self.table);
        (self.define)(&mut table);
        table.create(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, self.table).await
    }
}

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
            // Text compares byte by byte, as it does in Rust. `IF NOT EXISTS`, because MySQL keeps the table of a
            // migration that was interrupted before it was recorded.
            statement.if_not_exists().engine("InnoDB").character_set("utf8mb4").collate("utf8mb4_bin");
        }
        Self { name, backend, statement, indexes: Vec::new(), foreign_keys: Vec::new() }
    }

    /// The primary key `id`, which the application makes.
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

    /// Text that compares byte by byte, so that it sorts and has prefixes as in Rust.
    pub(crate) fn text(&mut self, name: &'static str, length: u32) -> &mut Self {
        self.column(text_column(self.backend, name, length).not_null().take())
    }

    /// The same with a default.
    pub(crate) fn text_or(&mut self, name: &'static str, length: u32, default: &'static str) -> &mut Self {
        self.column(text_column(self.backend, name, length).not_null().default(default).take())
    }

    /// The same, or null.
    pub(crate) fn optional_text(&mut self, name: &'static str, length: u32) -> &mut Self {
        self.column(text_column(self.backend, name, length).null().take())
    }

    /// One of some words, which the database checks too. It is no native enum: those are hard to change on
    /// `PostgreSQL`, and `SQLite` has none.
    pub(crate) fn choice(&mut self, name: &'static str, words: &[&'static str]) -> &mut Self {
        let condition = Expr::col(name).is_in(words.iter().copied());
        self.text(name, 32).check(&[name], condition)
    }

    /// A time in UTC, to the microsecond.
    pub(crate) fn time(&mut self, name: &'static str) -> &mut Self {
        self.column(time_column(self.backend, name).not_null().take())
    }

    /// The same, or null.
    pub(crate) fn optional_time(&mut self, name: &'static str) -> &mut Self {
        self.column(time_column(self.backend, name).null().take())
    }

    /// A JSON document.
    pub(crate) fn json(&mut self, name: &'static str) -> &mut Self {
        self.column(ColumnDef::new(name).json_binary().not_null().take())
    }

    /// A JSON object, empty by default.
    pub(crate) fn json_object(&mut self, name: &'static str) -> &mut Self {
        let empty = match self.backend {
            // On MySQL the default of JSON has to be an expression.
            DbBackend::MySql => "('{}')",
            _ => "'{}'",
        };
        self.column(ColumnDef::new(name).json_binary().not_null().default(Expr::cust(empty)).take())
    }

    /// A condition on these columns, by which the check is named.
    pub(crate) fn check(&mut self, columns: &[&'static str], condition: Expr) -> &mut Self {
        let name = Alias::new(format!("ck_{}_{}", self.name, columns.join("_")));
        self.statement.check(Check::named(name, condition));
        self
    }

    /// `column` refers to the `id` of a row of `target`.
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

    /// No two rows have the same values in these columns. It is an index rather than a table constraint, so that it has
    /// its name on every backend.
    pub(crate) fn unique(&mut self, columns: &[&'static str]) -> &mut Self {
        let name = format!("uq_{}_{}", self.name, columns.join("_"));
        self.indexes.push(index(name, columns).table(self.name).unique().take());
        self
    }

    /// Queries find rows by these columns.
    pub(crate) fn index(&mut self, columns: &[&'static str]) -> &mut Self {
        let name = index_name(self.name, columns);
        self.indexes.push(index(name, columns).table(self.name).take());
        self
    }

    /// Creates the table with its indexes. On MySQL it does so in one statement, because only a statement is atomic
    /// there.
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

    /// Adds the names of foreign keys, which the query builder leaves out for SQLite although SQLite accepts them.
    fn sqlite(&self) -> String {
        self.foreign_keys.iter().fold(self.statement.to_string(SqliteQueryBuilder), |sql, column| {
            let key = format!(r#"FOREIGN KEY ("{column}")"#);
            sql.replace(&key, &format!(r#"CONSTRAINT "fk_{}_{column}" {key}"#, self.name))
        })
    }
}

/// A column for a time in UTC, to the microsecond.
pub(crate) fn time_column(backend: DbBackend, name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    match backend {
        // MySQL's `timestamp` drops fractions and ends in 2038.
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

/// Drops a table.
pub(crate) async fn drop(manager: &SchemaManager<'_>, name: &'static str) -> Result<(), DbErr> {
    manager.drop_table(Table::drop().table(name).if_exists().take()).await
}

/// The identifier of another row.
pub(crate) fn uuid(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).uuid().not_null().take()
}

/// The same, or null.
pub(crate) fn optional_uuid(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).uuid().null().take()
}

/// A SHA-256 digest, or an HMAC with it.
pub(crate) fn digest(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).binary_len(32).not_null().take()
}

/// The same, or null.
pub(crate) fn optional_digest(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).binary_len(32).null().take()
}

/// Bytes by which no query finds rows.
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

pub(crate) fn index_name(table: &str, columns: &[&str]) -> String {
    format!("ix_{table}_{}", columns.join("_"))
}

pub(crate) fn index(name: String, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(name);
    for column in columns {
        index.col(*column);
    }
    index
}
