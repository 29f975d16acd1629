//! A database on a MariaDB or MySQL server, filled by statements of many rows.

use std::fmt::Write as _;

use sqlx::{AssertSqlSafe, Connection, MySqlConnection, Row};

use super::value::{Rows, Value, hex};
use crate::outcome::Outcome;

/// Bytes of one statement: below `max_allowed_packet` of every server.
const STATEMENT: usize = 512 * 1024;

async fn execute(connection: &mut MySqlConnection, sql: String) -> Outcome<()> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

pub(super) async fn create(server: &str, name: &str) -> Outcome<()> {
    drop(server, name).await?;
    execute(&mut MySqlConnection::connect(server).await?, format!("CREATE DATABASE {name}")).await
}

pub(super) async fn drop(server: &str, name: &str) -> Outcome<()> {
    execute(&mut MySqlConnection::connect(server).await?, format!("DROP DATABASE IF EXISTS {name}")).await
}

pub(super) async fn version(server: &str) -> Outcome<String> {
    let mut connection = MySqlConnection::connect(server).await?;
    let row = sqlx::raw_sql("SELECT VERSION()").fetch_one(&mut connection).await?;
    let version: String = row.try_get(0)?;
    Ok(if version.contains("MariaDB") { version } else { format!("MySQL {version}") })
}

pub(super) async fn insert(url: &str, table: &str, columns: &[&str], rows: Rows) -> Outcome<()> {
    let mut connection = MySqlConnection::connect(url).await?;
    execute(&mut connection, "SET autocommit = 0, time_zone = '+00:00'".into()).await?;
    let head = format!("INSERT INTO {table} ({}) VALUES ", columns.join(", "));
    let mut sql = head.clone();
    for row in rows {
        sql.push_str(if sql.len() == head.len() { "(" } else { ", (" });
        write_row(&mut sql, &row);
        sql.push(')');
        if sql.len() > STATEMENT {
            execute(&mut connection, std::mem::replace(&mut sql, head.clone())).await?;
        }
    }
    if sql.len() > head.len() {
        execute(&mut connection, sql).await?;
    }
    execute(&mut connection, "COMMIT".into()).await
}

pub(super) async fn settle(url: &str) -> Outcome<()> {
    let mut connection = MySqlConnection::connect(url).await?;
    execute(&mut connection, "ANALYZE TABLE users, customers, admin_managers, sessions".into()).await
}

fn write_row(sql: &mut String, row: &[Value]) {
    for (place, value) in row.iter().enumerate() {
        sql.push_str(if place == 0 { "" } else { ", " });
        write_value(sql, value);
    }
}

fn write_value(sql: &mut String, value: &Value) {
    // Writing to a `String` can't fail.
    let _ = match value {
        Value::Null => write!(sql, "NULL"),
        Value::Id(id) => write!(sql, "x'{}'", id.simple()),
        Value::Text(text) | Value::Json(text) => {
            write!(sql, "'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
        }
        Value::Bool(flag) => write!(sql, "{flag}"),
        Value::Number(number) => write!(sql, "{number}"),
        Value::Time(time) => write!(sql, "'{}'", time.format("%Y-%m-%d %H:%M:%S%.6f")),
        Value::Bytes(bytes) => write!(sql, "x'{}'", hex(bytes)),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_literals() {
        let mut sql = String::new();
        write_row(&mut sql, &["it's".into(), Value::Null, Value::Bytes(vec![10, 11])]);
        assert_eq!(sql, "'it''s', NULL, x'0a0b'");
    }
}
