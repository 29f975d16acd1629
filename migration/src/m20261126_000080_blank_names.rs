//! Removes display names that consist of invisible characters only, as the server now does when one is entered.

use sea_orm_migration::sea_orm::prelude::Uuid;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr, DeriveMigrationName};
use sea_orm_migration::sea_query::{Expr, ExprTrait, Query};
use sea_orm_migration::{MigrationTrait, SchemaManager, async_trait};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// How many names one query reads.
const ROWS: u64 = 500;

/// Ranges of invisible characters (the property `Default_Ignorable_Code_Point`) and the empty braille pattern, each
/// with its first and last character. Names are trimmed, so an invisible name begins with one of these.
const INVISIBLE: [(char, char); 17] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fff8}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
];
/// Tags, and the variation selectors beside them.
const TAGS: (char, char) = ('\u{e0000}', '\u{e0fff}');

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (first, last) in INVISIBLE.into_iter().chain([TAGS]) {
            blank_range(manager, first, last).await?;
        }
        Ok(())
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}

/// Clears the invisible names that begin with a character of the range. The index of the sort key finds them.
async fn blank_range(manager: &SchemaManager<'_>, first: char, last: char) -> Result<(), DbErr> {
    let end = (last..=char::MAX).nth(1).unwrap_or(char::MAX).to_string();
    let mut after = (first.to_string(), Uuid::nil());
    loop {
        let key = || Expr::col("name_key");
        let later = key().gt(&after.0).or(key().eq(&after.0).and(Expr::col("id").gt(after.1)));
        let select = Query::select()
            .columns(["id", "display_name", "name_key"])
            .from("users")
            .and_where(key().gte(first.to_string()).and(key().lt(&end)).and(later))
            .order_by("name_key", sea_orm_migration::sea_query::Order::Asc)
            .order_by("id", sea_orm_migration::sea_query::Order::Asc)
            .limit(ROWS)
            .take();
        let rows = manager.get_connection().query_all(&select).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = (last.try_get("", "name_key")?, last.try_get("", "id")?);
        for row in &rows {
            let name: Option<String> = row.try_get("", "display_name")?;
            if name.is_some_and(|name| name.chars().all(is_invisible)) {
                clear(manager, row.try_get("", "id")?).await?;
            }
        }
    }
}

/// Removes a name. The person has changed for everybody who sees them, so their version goes up.
async fn clear(manager: &SchemaManager<'_>, id: Uuid) -> Result<(), DbErr> {
    let user = Query::update()
        .table("users")
        .value("display_name", Option::<String>::None)
        .value("name_key", "")
        .value("version", Expr::col("version").add(1))
        .and_where(Expr::col("id").eq(id))
        .take();
    let customer = Query::update().table("customers").value("name_key", "").and_where(Expr::col("id").eq(id)).take();
    let connection = manager.get_connection();
    connection.execute(&user).await?;
    connection.execute(&customer).await?;
    Ok(())
}

/// What `domain::value::is_blank` took for invisible on the day of this migration.
fn is_invisible(c: char) -> bool {
    c.is_whitespace() || INVISIBLE.into_iter().chain([TAGS]).any(|(first, last)| (first..=last).contains(&c))
}
