//! What the machine can do with nothing of ours in the way: the same server library, and the same statements, without
//! tokens, scopes, limits or logs. Served by a process of its own, so that its processor time is known apart.

pub(crate) mod hashes;
mod json;
mod postgres;
mod sqlite;

use std::rc::Rc;

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};

use crate::machine::cores;
use crate::options::Limits;
use crate::outcome::Outcome;
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

fn answer(body: String) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, HeaderValue::from_static("application/json"))).body(body)
}

/// What is shown of a person. `u`, `a` and `c` are `users`, `admin_managers` and `customers`.
const COLUMNS: &str = "u.id, u.role, u.is_active, u.verified_at, u.display_name, a.email, a.phone, a.tin_trunk_number, \
     a.verification_method, c.phone, c.created_by, c.assigned_manager_id, c.metadata, u.created_at, u.updated_at";
const PROFILES: &str = "LEFT JOIN admin_managers a ON a.id = u.id LEFT JOIN customers c ON c.id = u.id";

/// One person by id, which is the parameter `place`.
fn person_sql(place: &str) -> String {
    format!("SELECT {COLUMNS} FROM users u {PROFILES} WHERE u.id = {place}")
}

/// The newest 50, and one to know whether more follow.
fn page_sql() -> String {
    format!("SELECT {COLUMNS} FROM users u {PROFILES} ORDER BY u.created_at DESC, u.id DESC LIMIT 51")
}

/// The newest 50 of a manager, who is the parameter `place`.
fn managed_sql(place: &str) -> String {
    let columns = COLUMNS.replace("a.email, a.phone, a.tin_trunk_number, a.verification_method, ", "");
    format!(
        "SELECT {columns} FROM customers c JOIN users u ON u.id = c.id WHERE c.assigned_manager_id = {place} \
         ORDER BY c.created_at DESC, c.id DESC LIMIT 51"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn managed_customers_show_nothing_of_staff() {
        assert!(!managed_sql("$1").contains("a."), "{}", managed_sql("$1"));
    }
}
