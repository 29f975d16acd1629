//! A fresh database for each test, gone when the test is over, also when it failed.
//!
//! `SQLite` needs nothing. `PostgreSQL` and `MariaDB` are used when
//! `TEST_POSTGRES_URL` and `TEST_MARIADB_URL` say where they are; without, a
//! test says that it was skipped, and fails when `TEST_ALL_BACKENDS=1` says
//! that none may be.
#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a test without its database is to fail")]

use std::path::PathBuf;

use domain::audit::EventQuery;
use domain::{Clock, Scope, SystemClock, UserQuery};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, FromQueryResult, Statement};

use crate::connect::Target;
use crate::sql::text;
use crate::{Database, Options, Store};

/// The very statements that a page of people takes when a search, if there is one, finds so many, for a look at
/// their plans. The one that counts those comes first.
#[doc(hidden)]
#[must_use]
pub fn list_statements(backend: DbBackend, scope: Scope, query: &UserQuery, found: u64) -> Vec<Statement> {
    crate::sql::user_pages::statements(backend, scope, query, found)
        .iter()
        .map(|select| text::statement(backend, select))
        .collect()
}

/// The very statements that a page of the audit trail takes.
#[doc(hidden)]
#[must_use]
pub fn audit_statements(backend: DbBackend, scope: Scope, query: &EventQuery) -> Vec<Statement> {
    let mut selects = vec![crate::sql::event_pages::page(backend, scope, query)];
    if query.include_total {
        selects.push(crate::sql::event_pages::total(backend, scope, query));
    }
    selects.iter().map(|select| text::statement(backend, select)).collect()
}

/// A database of one test.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    remains: Remains,
    /// How many threads have connections of their own: none, or the one that opens it.
    threads: usize,
}

/// What is to be cleared away.
#[derive(Debug)]
enum Remains {
    Folder(PathBuf),
    Database {
        server: String,
        drop: String,
    },
    /// Somebody else clears it away.
    Nothing,
}

impl TestDatabase {
    /// A `SQLite` database, not yet migrated.
    #[must_use]
    pub fn sqlite() -> Self {
        let folder = std::env::temp_dir().join(name());
        Self {
            url: format!("sqlite:{}", folder.join("clientele.db").display()),
            remains: Remains::Folder(folder),
            threads: 0,
        }
    }

    /// A `PostgreSQL` database, not yet migrated; `None` when there is no server.
    pub async fn postgres() -> Option<Self> {
        let name = name();
        // From `template0`, since `template1` can't be copied while anybody is connected to it.
        let create = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'");
        Self::on_server("TEST_POSTGRES_URL", &name, create, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            .await
    }

    /// A `MariaDB` database, not yet migrated; `None` when there is no server.
    pub async fn mariadb() -> Option<Self> {
        let name = name();
        let create = format!("CREATE DATABASE {name}");
        Self::on_server("TEST_MARIADB_URL", &name, create, format!("DROP DATABASE IF EXISTS {name}")).await
    }

    async fn on_server(variable: &str, name: &str, create: String, drop: String) -> Option<Self> {
        let Ok(server) = std::env::var(variable) else {
            let all = std::env::var("TEST_ALL_BACKENDS").is_ok_and(|value| value == "1");
            assert!(!all, "{variable} is not set");
            eprintln!("skipped: {variable} is not set");
            return None;
        };
        run(&server, &create).await.expect("a new database");
        let mut url = url::Url::parse(&server).expect("a URL");
        url.set_path(name);
        Some(Self { url: url.into(), remains: Remains::Database { server, drop }, threads: 0 })
    }

    /// The database at this URL, which somebody else made and clears away.
    #[must_use]
    pub fn of_another(url: &str) -> Self {
        Self { url: url.to_owned(), remains: Remains::Nothing, threads: 0 }
    }

    /// The same database, which the thread that opens it reads with connections of its own, as those that serve do.
    #[must_use]
    pub fn read_by_its_thread(mut self) -> Self {
        self.threads = 1;
        self
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs statements on a connection of their own, past every rule.
    pub async fn run(&self, sql: &str) {
        run(&self.url, sql).await.expect("statements of the test");
    }

    /// The same for statements that may be refused.
    ///
    /// # Errors
    /// When the database refuses them.
    pub async fn try_run(&self, sql: &str) -> Result<(), crate::DatabaseError> {
        run(&self.url, sql).await
    }

    /// What a statement selects, past all rules: to see what is stored and what no longer is.
    pub async fn rows(&self, sql: &str) -> Vec<serde_json::Value> {
        let connection = Target::parse(&self.url).expect("a URL").open_one().await.expect("a connection");
        let statement = Statement::from_string(connection.get_database_backend(), sql.to_owned());
        let rows = connection.query_all_raw(statement).await.expect("rows");
        connection.close().await.expect("a closed connection");
        rows.iter().map(|row| serde_json::Value::from_query_result(row, "").expect("JSON")).collect()
    }

    /// Runs statements on a connection of their own and keeps it as they leave it, with what they locked.
    pub async fn hold(&self, sql: &str) -> Held {
        let connection = Target::parse(&self.url).expect("a URL").open_one().await.expect("a connection");
        connection.execute_unprepared(sql).await.expect("statements of the test");
        Held(connection)
    }

    /// Opens it, with its schema.
    pub async fn open(&self) -> Database {
        let options = Options { threads: self.threads, ..Options::default() };
        let database = Database::connect(&self.url, &options).await.expect("the database of the test");
        if self.threads > 0 {
            database.read_on_this_thread();
            database.store().readers.ready().await;
        }
        database.migrate().await.expect("the schema");
        database
    }
}

/// A connection that somebody keeps.
#[derive(Debug)]
pub struct Held(DatabaseConnection);

impl Held {
    /// Lets go of it, and of all that it locked.
    pub async fn release(self) {
        self.0.close().await.expect("a closed connection");
    }
}

impl Store {
    /// The same store, which takes more matches of a search than `few` for
    /// many: then it goes another way to the same answer.
    #[must_use]
    pub fn with_few_matches(mut self, few: u64) -> Self {
        self.few = few;
        self
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        match &self.remains {
            Remains::Nothing => {}
            Remains::Folder(folder) => drop(std::fs::remove_dir_all(folder)),
            Remains::Database { server, drop } => {
                let (server, drop) = (server.clone(), drop.clone());
                // A thread of its own, since the runtime of the test can't be waited for from within.
                let cleared = std::thread::spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                    runtime.expect("a runtime").block_on(run(&server, &drop))
                });
                if !matches!(cleared.join(), Ok(Ok(()))) {
                    eprintln!("a test database was left behind");
                }
            }
        }
    }
}

fn name() -> String {
    format!("clientele_test_{}", SystemClock.new_id().simple())
}

async fn run(server: &str, sql: &str) -> Result<(), crate::DatabaseError> {
    let connection = Target::parse(server)?.open_one().await?;
    connection.execute_unprepared(sql).await?;
    Ok(connection.close().await?)
}
