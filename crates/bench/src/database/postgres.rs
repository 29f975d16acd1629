//! A database on a PostgreSQL server, filled by `COPY`.

use std::fmt::Write as _;
use std::pin::pin;

use bytes::Bytes;
use futures_util::SinkExt;
use tokio_postgres::{Client, NoTls};

use super::value::{Rows, Value, hex};
use crate::outcome::Outcome;

/// Bytes that are sent at a time.
const PART: usize = 256 * 1024;

/// A connection, driven by a task of its own.
pub(crate) async fn connect(url: &str) -> Outcome<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            eprintln!("clientele-bench: the connection to PostgreSQL ended: {error}");
        }
    });
    Ok(client)
}

/// Makes an empty database, in the place of one of that name.
pub(super) async fn create(server: &str, name: &str) -> Outcome<()> {
    drop(server, name).await?;
    connect(server).await?.batch_execute(&format!("CREATE DATABASE {name}")).await?;
    Ok(())
}

pub(super) async fn drop(server: &str, name: &str) -> Outcome<()> {
    let client = connect(server).await?;
    client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
    Ok(())
}

pub(super) async fn version(server: &str) -> Outcome<String> {
    let row = connect(server).await?.query_one("SHOW server_version", &[]).await?;
    Ok(format!("PostgreSQL {}", row.get::<_, String>(0)))
}

pub(super) async fn insert(url: &str, table: &str, columns: &[&str], rows: Rows) -> Outcome<()> {
    let client = connect(url).await?;
    let sink = client.copy_in::<_, Bytes>(&format!("COPY {table} ({}) FROM STDIN", columns.join(", "))).await?;
    let (mut sink, mut text) = (pin!(sink), String::with_capacity(PART + 4096));
    for row in rows {
        write_row(&mut text, &row);
        if text.len() > PART {
            sink.send(Bytes::from(std::mem::replace(&mut text, String::with_capacity(PART + 4096)))).await?;
        }
    }
    sink.send(Bytes::from(text)).await?;
    sink.finish().await?;
    Ok(())
}

/// Brings statistics and visibility up to date, as they are in a database that has been running, and writes out what was
/// filled in, lest that be done during a row.
pub(super) async fn settle(url: &str) -> Outcome<()> {
    let client = connect(url).await?;
    client.batch_execute("VACUUM ANALYZE").await?;
    if let Err(error) = client.batch_execute("CHECKPOINT").await {
        eprintln!("clientele-bench: no checkpoint, so that the first rows may be slower: {error}");
    }
    Ok(())
}

fn write_row(text: &mut String, row: &[Value]) {
    for (place, value) in row.iter().enumerate() {
        text.push_str(if place == 0 { "" } else { "\t" });
        write_value(text, value);
    }
    text.push('\n');
}

/// The text format of `COPY`. Nothing here holds a character that it escapes but a backslash.
fn write_value(text: &mut String, value: &Value) {
    // Writing to a `String` can't fail.
    let _ = match value {
        Value::Null => write!(text, "\\N"),
        Value::Id(id) => write!(text, "{id}"),
        Value::Text(words) | Value::Json(words) => write!(text, "{}", words.replace('\\', "\\\\")),
        Value::Bool(flag) => write!(text, "{flag}"),
        Value::Number(number) => write!(text, "{number}"),
        Value::Time(time) => write!(text, "{}", time.to_rfc3339()),
        Value::Bytes(bytes) => write!(text, "\\\\x{}", hex(bytes)),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_line_of_copy() {
        let mut text = String::new();
        write_row(&mut text, &[Value::Null, "a".into(), Value::Bytes(vec![0, 255]), Value::Bool(true)]);
        assert_eq!(text, "\\N\ta\t\\\\x00ff\ttrue\n");
    }
}
