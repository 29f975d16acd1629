//! One connection of each worker, asked where the request is: SQLite answers without waiting for anybody.

use std::cell::RefCell;
use std::path::PathBuf;

use actix_web::error::ErrorInternalServerError;
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, Result};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row, ToSql};
use uuid::Uuid;

use super::answer::answer;
use super::json::Json;
use super::sql;

/// Where the database is.
pub(super) struct File(pub(super) Option<PathBuf>);

thread_local! {
    static CONNECTION: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

pub(super) async fn person(file: Data<File>, id: Path<Uuid>) -> Result<HttpResponse> {
    let json = ask(&file, &sql::person("?1"), &[&id.as_bytes().as_slice()], false)?;
    Ok(if json.is_empty() { HttpResponse::NotFound().finish() } else { answer(json) })
}

pub(super) async fn page(file: Data<File>) -> Result<HttpResponse> {
    Ok(answer(ask(&file, &sql::page(), &[], true)?))
}

pub(super) async fn managed(file: Data<File>, id: Path<Uuid>) -> Result<HttpResponse> {
    Ok(answer(ask(&file, &sql::managed("?1"), &[&id.as_bytes().as_slice()], true)?))
}

fn ask(file: &File, sql: &str, parameters: &[&dyn ToSql], is_list: bool) -> Result<String> {
    let read = |connection: &Connection| read(connection, sql, parameters, is_list);
    CONNECTION.with_borrow_mut(|connection| {
        let connection = match connection {
            Some(connection) => connection,
            None => connection.insert(open(file)?),
        };
        read(connection).map_err(ErrorInternalServerError)
    })
}

fn open(File(file): &File) -> Result<Connection> {
    let file = file.as_ref().ok_or_else(|| ErrorInternalServerError("no file"))?;
    let open = || {
        let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.execute_batch("PRAGMA cache_size = -65536; PRAGMA mmap_size = 1073741824; PRAGMA query_only = 1")?;
        Ok::<_, rusqlite::Error>(connection)
    };
    open().map_err(ErrorInternalServerError)
}

fn read(connection: &Connection, sql: &str, parameters: &[&dyn ToSql], is_list: bool) -> rusqlite::Result<String> {
    let mut statement = connection.prepare_cached(sql)?;
    let names: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let mut rows = statement.query(parameters)?;
    let mut json = Json::with_capacity(if is_list { 24 * 1024 } else { 512 });
    if is_list {
        json.open_list();
    }
    let mut count = 0;
    while let Some(row) = rows.next()? {
        count += 1;
        if count <= 50 {
            write_row(&mut json, &names, row)?;
        }
    }
    if is_list {
        json.close_list();
    }
    Ok(json.into_text())
}

fn write_row(json: &mut Json, names: &[String], row: &Row<'_>) -> rusqlite::Result<()> {
    json.open();
    for (place, name) in names.iter().enumerate() {
        json.name(name);
        match row.get_ref(place)? {
            ValueRef::Blob(id) => json.id(Uuid::from_slice(id).unwrap_or_default()),
            ValueRef::Text(text) if name == "metadata" => json.raw(str::from_utf8(text).unwrap_or("null")),
            ValueRef::Text(text) => json.text(str::from_utf8(text).unwrap_or_default()),
            ValueRef::Integer(flag) => json.raw(if flag == 0 { "false" } else { "true" }),
            ValueRef::Null | ValueRef::Real(_) => json.raw("null"),
        }
    }
    json.close();
    Ok(())
}
