//! Prepared statements over a few connections of each worker, pipelined: a request does not wait for the answer to
//! another.

use std::cell::Cell;
use std::error::Error;
use std::rc::Rc;

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, error::ErrorInternalServerError};
use chrono::{DateTime, TimeDelta, Utc};
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Client, NoTls, Row, Statement};
use uuid::Uuid;

use super::answer::answer;
use super::json::Json;
use super::sql;
use crate::outcome::Outcome;

/// Connections of one worker.
const CONNECTIONS: usize = 4;

/// The connections of one worker.
pub(super) struct Postgres {
    connections: Vec<Connection>,
    next: Cell<usize>,
}

struct Connection {
    client: Client,
    person: Statement,
    page: Statement,
    managed: Statement,
}

impl Postgres {
    pub(super) async fn connect(url: &str) -> Outcome<Self> {
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            connections.push(Connection::open(url).await?);
        }
        Ok(Self { connections, next: Cell::default() })
    }

    fn next(&self) -> &Connection {
        let next = self.next.get().wrapping_add(1);
        self.next.set(next);
        &self.connections[next % self.connections.len()]
    }
}

impl Connection {
    async fn open(url: &str) -> Outcome<Self> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        actix_web::rt::spawn(connection);
        let person = client.prepare(&sql::person("$1")).await?;
        let page = client.prepare(&sql::page()).await?;
        let managed = client.prepare(&sql::managed("$1")).await?;
        Ok(Self { client, person, page, managed })
    }
}

type Shared = Data<Option<Rc<Postgres>>>;

fn connection(shared: &Shared) -> Result<&Connection, actix_web::Error> {
    shared.as_ref().as_ref().map(|postgres| postgres.next()).ok_or_else(|| ErrorInternalServerError("no database"))
}

pub(super) async fn person(shared: Shared, id: Path<Uuid>) -> actix_web::Result<HttpResponse> {
    let connection = connection(&shared)?;
    let row = connection.client.query_opt(&connection.person, &[&*id]).await.map_err(ErrorInternalServerError)?;
    let Some(row) = row else { return Ok(HttpResponse::NotFound().finish()) };
    let mut json = Json::with_capacity(512);
    write_row(&mut json, &row);
    Ok(answer(json.into_text()))
}

pub(super) async fn page(shared: Shared) -> actix_web::Result<HttpResponse> {
    let connection = connection(&shared)?;
    Ok(list(&connection.client.query(&connection.page, &[]).await.map_err(ErrorInternalServerError)?))
}

pub(super) async fn managed(shared: Shared, id: Path<Uuid>) -> actix_web::Result<HttpResponse> {
    let connection = connection(&shared)?;
    Ok(list(&connection.client.query(&connection.managed, &[&*id]).await.map_err(ErrorInternalServerError)?))
}

fn list(rows: &[Row]) -> HttpResponse {
    let mut json = Json::with_capacity(64 + rows.len() * 400);
    json.open_list();
    rows.iter().take(50).for_each(|row| write_row(&mut json, row));
    json.close_list();
    answer(json.into_text())
}

fn write_row(json: &mut Json, row: &Row) {
    json.open();
    for (place, column) in row.columns().iter().enumerate() {
        json.name(column.name());
        match row.try_get::<_, Sent>(place) {
            Ok(Sent(Some(bytes))) => write_value(json, column.type_(), bytes),
            Ok(Sent(None)) | Err(_) => json.raw("null"),
        }
    }
    json.close();
}

/// Any value as the bytes that were sent, or NULL.
struct Sent<'a>(Option<&'a [u8]>);

impl<'a> FromSql<'a> for Sent<'a> {
    fn from_sql(_: &Type, bytes: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Some(bytes)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The binary format of the types that occur here; what can't be read is `null`.
fn write_value(json: &mut Json, kind: &Type, bytes: &[u8]) {
    match *kind {
        Type::UUID => json.id(Uuid::from_slice(bytes).unwrap_or_default()),
        Type::BOOL => json.raw(if bytes == [1] { "true" } else { "false" }),
        Type::TIMESTAMPTZ => match time(bytes) {
            Some(time) => json.time(time),
            None => json.raw("null"),
        },
        // One byte of version before the text.
        Type::JSONB => json.raw(bytes.get(1..).and_then(|text| str::from_utf8(text).ok()).unwrap_or("null")),
        _ => json.text(str::from_utf8(bytes).unwrap_or_default()),
    }
}

/// Microseconds since 2000.
fn time(bytes: &[u8]) -> Option<DateTime<Utc>> {
    let micros = i64::from_be_bytes(bytes.try_into().ok()?);
    DateTime::from_timestamp(946_684_800, 0)?.checked_add_signed(TimeDelta::microseconds(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_count_from_2000() {
        assert_eq!(time(&1_i64.to_be_bytes()).unwrap().to_rfc3339(), "2000-01-01T00:00:00.000001+00:00");
    }
}
