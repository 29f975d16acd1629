//! What the machine can do with nothing of ours in the way: the same server library, and the same statements, without
//! tokens, scopes, limits or logs. Served by a process of its own, so that its processor time is known apart.

mod answer;
pub(crate) mod hashes;
mod json;
mod postgres;
mod sql;
mod sqlite;

use std::rc::Rc;

use actix_web::web::{self, Data};
use actix_web::{App, HttpServer};

use crate::machine::cores;
use crate::options::Limits;
use crate::outcome::Outcome;
use answer::answer;
use postgres::Postgres;

/// As long as a person is.
const HELLO: &str = r#"{"id":"01890a5d-ac96-774b-bcce-b302099a8057","role":"admin","is_active":true,"verified_at":null,"display_name":"Admin","email":"admin@example.com","phone":null,"tin_trunk_number":null,"verification_method":"email","created_at":"2026-01-01T00:00:00.000000Z","updated_at":"2026-01-01T00:00:00.000000Z"}"#;

/// Serves them until the process is ended.
pub(crate) fn serve(limits: &Limits) -> Outcome<()> {
    let (url, file) = (limits.postgres.clone(), limits.sqlite.clone());
    let server = move || {
        let (url, file) = (url.clone(), file.clone());
        App::new()
            .data_factory(move || connect(url.clone()))
            .app_data(Data::new(sqlite::File(file)))
            .route("/hello", web::get().to(async || answer(HELLO.to_owned())))
            .route("/postgres/person/{id}", web::get().to(postgres::person))
            .route("/postgres/page", web::get().to(postgres::page))
            .route("/postgres/managed/{id}", web::get().to(postgres::managed))
            .route("/sqlite/person/{id}", web::get().to(sqlite::person))
            .route("/sqlite/page", web::get().to(sqlite::page))
            .route("/sqlite/managed/{id}", web::get().to(sqlite::managed))
    };
    actix_web::rt::System::new()
        .block_on(async { HttpServer::new(server).workers(cores()).backlog(2048).bind(limits.listen)?.run().await })?;
    Ok(())
}

/// The connections of one worker; none without PostgreSQL.
async fn connect(url: Option<String>) -> Outcome<Option<Rc<Postgres>>> {
    match url {
        Some(url) => Ok(Some(Rc::new(Postgres::connect(&url).await?))),
        None => Ok(None),
    }
}
