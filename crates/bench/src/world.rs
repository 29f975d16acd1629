//! What rows are measured in: the program, the databases, made when they are first asked for, and where they are.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::database::{Backend, Database, version};
use crate::fill::{Filled, fill, fill_staff};
use crate::options::Options;
use crate::outcome::Outcome;
use crate::program::Program;
use crate::service::Service;

/// What rows are measured in.
pub(crate) struct World<'a> {
    pub(crate) options: &'a Options,
    pub(crate) program: Program,
    pub(crate) runtime: Runtime,
    home: TempDir,
    filled: BTreeMap<(Backend, usize), Rc<Filled>>,
    /// Those that rows made for themselves.
    others: Vec<Database>,
}

impl<'a> World<'a> {
    pub(crate) fn new(options: &'a Options) -> Outcome<Self> {
        let home = tempfile::tempdir()?;
        let program = match &options.program {
            Some(file) => Program::at(file, home.path())?,
            None => Program::build(home.path())?,
        };
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        Ok(Self { options, program, runtime, home, filled: BTreeMap::new(), others: Vec::new() })
    }

    /// A database with so many customers. The one of the usual size has sessions of customers, too.
    pub(crate) fn filled(&mut self, backend: Backend, customers: usize) -> Outcome<Rc<Filled>> {
        if let Some(filled) = self.filled.get(&(backend, customers)) {
            return Ok(filled.clone());
        }
        let database = self.make(backend, &format!("people_{customers}"))?;
        let sessions = if customers == self.options.sizes().usual { self.options.sessions() } else { 0 };
        let filled = Rc::new(fill(&self.runtime, &self.program, database, customers, sessions)?);
        self.filled.insert((backend, customers), filled.clone());
        Ok(filled)
    }

    /// A database with nobody but the staff, whose URL is the answer.
    pub(crate) fn staffed(&mut self, backend: Backend, name: &str) -> Outcome<String> {
        let database = self.make(backend, name)?;
        fill_staff(&self.runtime, &self.program, &database)?;
        let url = database.url.clone();
        self.others.push(database);
        Ok(url)
    }

    fn make(&self, backend: Backend, name: &str) -> Outcome<Database> {
        match backend {
            Backend::Sqlite => Ok(Database::file(self.home.path(), name)),
            Backend::Postgres => Database::on_server(&self.runtime, backend, &self.options.postgres, name),
            Backend::MariaDb => {
                let server = self.options.mariadb.as_ref().ok_or("no URL of MariaDB was given")?;
                Database::on_server(&self.runtime, backend, server, name)
            }
        }
    }

    pub(crate) fn serve(&self, filled: &Filled) -> Outcome<Service> {
        Service::start(&self.program, &filled.database.url)
    }

    /// A file for a row to write.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The build to compare with, when there is one.
    pub(crate) fn baseline(&self) -> Outcome<Option<Program>> {
        self.options.baseline.as_ref().map(|file| Program::at(file, self.home.path())).transpose()
    }

    /// What the databases call themselves. A server that does not answer is left out.
    pub(crate) fn versions(&self) -> Vec<String> {
        let servers =
            [(Backend::Postgres, Some(&self.options.postgres)), (Backend::MariaDb, self.options.mariadb.as_ref())];
        let versions = servers.into_iter().filter_map(|(backend, url)| version(&self.runtime, backend, url?).ok());
        versions.chain([format!("SQLite {}", rusqlite::version())]).collect()
    }

    /// Removes the databases that were made on servers.
    pub(crate) fn clear(self) {
        let filled = self.filled.values().map(|filled| &filled.database);
        for database in filled.chain(&self.others) {
            if let Err(error) = database.drop(&self.runtime) {
                eprintln!("clientele-bench: a database was not dropped: {error}");
            }
        }
    }
}
