//! Stores each e-mail case folded beside the e-mail itself, because a search folds its term.

use caseless::default_case_fold_str;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr, DeriveMigrationName};
use sea_orm_migration::sea_query::{Expr, ExprTrait, Query};
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};
use unicode_normalization::UnicodeNormalization;

use crate::changes::{add_column, add_index, drop_column, drop_index};
use crate::table::text_column;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "admin_managers";
const KEY: &str = "email_key";
/// Folding makes up to three characters out of one.
const LENGTH: u32 = 3 * 255;
/// How many e-mails are folded between two queries.
const ROWS: u64 = 500;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = text_column(manager.get_database_backend(), KEY, LENGTH).not_null().default("").take();
        add_column(manager, TABLE, column).await?;
        while fold_some(manager).await? {}
        add_index(manager, TABLE, &[KEY]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_index(manager, TABLE, &[KEY]).await?;
        drop_column(manager, TABLE, KEY).await
    }
}

/// Fills in some missing keys. Answers whether there were any.
async fn fold_some(manager: &SchemaManager<'_>) -> Result<bool, DbErr> {
    let connection = manager.get_connection();
    let missing = Query::select().column("email").from(TABLE).and_where(Expr::col(KEY).eq("")).limit(ROWS).take();
    let rows = connection.query_all(&missing).await?;
    for row in &rows {
        let email: String = row.try_get("", "email")?;
        let update =
            Query::update().table(TABLE).value(KEY, folded(&email)).and_where(Expr::col("email").eq(email)).take();
        connection.execute(&update).await?;
    }
    Ok(!rows.is_empty())
}

/// The same as `domain::value::search_key` on the day of this migration. A test keeps them equal.
fn folded(email: &str) -> String {
    let decomposed: String = email.trim().nfd().collect();
    default_case_fold_str(&decomposed).nfc().collect()
}
