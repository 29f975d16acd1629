//! The databases that are measured: made, filled and dropped here. Each is the benchmark's own.

mod mariadb;
pub(crate) mod postgres;
mod sqlite;
pub(crate) mod value;

use std::path::{Path, PathBuf};

use tokio::runtime::Runtime;
use url::Url;

use crate::outcome::Outcome;
use crate::people::Part;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Backend {
    Postgres,
    Sqlite,
    MariaDb,
}

impl Backend {
    /// What the processes of its server are called; none where there is no server.
    pub(crate) fn processes(self) -> &'static [&'static str] {
        match self {
            Self::Postgres => &["postgres"],
            Self::MariaDb => &["mariadbd", "mysqld"],
            Self::Sqlite => &[],
        }
    }
}

/// One database.
pub(crate) struct Database {
    pub(crate) backend: Backend,
    /// As the service takes it.
    pub(crate) url: String,
    place: Place,
}

enum Place {
    File(PathBuf),
    Server { url: String, name: String },
}

impl Database {
    /// An empty file.
    pub(crate) fn file(folder: &Path, name: &str) -> Self {
        let file = folder.join(format!("{name}.db"));
        Self { backend: Backend::Sqlite, url: format!("sqlite:{}", file.display()), place: Place::File(file) }
    }

    /// An empty database on a server, in the place of one of the same name.
    pub(crate) fn on_server(runtime: &Runtime, backend: Backend, server: &str, name: &str) -> Outcome<Self> {
        let name = format!("clientele_bench_{name}");
        match backend {
            Backend::MariaDb => runtime.block_on(mariadb::create(server, &name))?,
            _ => runtime.block_on(postgres::create(server, &name))?,
        }
        let mut url = Url::parse(server)?;
        url.set_path(&name);
        if backend == Backend::Postgres && url.query_pairs().all(|(option, _)| option != "sslmode") {
            // The limits speak to it without TLS, too.
            url.query_pairs_mut().append_pair("sslmode", "disable");
        }
        Ok(Self { backend, url: url.into(), place: Place::Server { url: server.to_owned(), name } })
    }

    /// The file, where it is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::File(file) => Some(file),
            Place::Server { .. } => None,
        }
    }

    /// Stores rows of one table.
    pub(crate) fn insert(&self, runtime: &Runtime, Part { table, columns, rows }: Part) -> Outcome<()> {
        match (&self.place, self.backend) {
            (Place::File(file), _) => sqlite::insert(file, table, columns, rows),
            (_, Backend::MariaDb) => runtime.block_on(mariadb::insert(&self.url, table, columns, rows)),
            _ => runtime.block_on(postgres::insert(&self.url, table, columns, rows)),
        }
    }

    /// Lets the planner know what was stored.
    pub(crate) fn settle(&self, runtime: &Runtime) -> Outcome<()> {
        match (&self.place, self.backend) {
            (Place::File(file), _) => sqlite::settle(file),
            (_, Backend::MariaDb) => runtime.block_on(mariadb::settle(&self.url)),
            _ => runtime.block_on(postgres::settle(&self.url)),
        }
    }

    /// Removes a database of a server; files go with their folder.
    pub(crate) fn drop(&self, runtime: &Runtime) -> Outcome<()> {
        match (&self.place, self.backend) {
            (Place::File(_), _) => Ok(()),
            (Place::Server { url, name }, Backend::MariaDb) => runtime.block_on(mariadb::drop(url, name)),
            (Place::Server { url, name }, _) => runtime.block_on(postgres::drop(url, name)),
        }
    }
}

/// What a server calls itself.
pub(crate) fn version(runtime: &Runtime, backend: Backend, server: &str) -> Outcome<String> {
    match backend {
        Backend::Postgres => runtime.block_on(postgres::version(server)),
        Backend::MariaDb => runtime.block_on(mariadb::version(server)),
        Backend::Sqlite => Ok(format!("SQLite {}", rusqlite::version())),
    }
}
