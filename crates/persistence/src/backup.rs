//! A copy of the file of `SQLite`, made while others write.

use std::io;
use std::path::{Path, PathBuf};

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::connect::Target;
use crate::database::Database;
use crate::error::DatabaseError;

impl Database {
    /// The file of a `sqlite:` URL. Asks nobody.
    ///
    /// # Errors
    /// [`DatabaseError::OtherBackup`] on servers, which have tools of their own.
    pub fn file(url: &str) -> Result<PathBuf, DatabaseError> {
        match Target::parse(url)? {
            Target::Sqlite(file) => Ok(file.get_filename().to_path_buf()),
            #[cfg(feature = "postgres")]
            Target::Postgres(_) => Err(DatabaseError::OtherBackup {
                backend: "PostgreSQL",
                tool: "pg_dump: pg_dump --format=custom --file=FILE \"$DATABASE_URL\"",
            }),
            #[cfg(feature = "mysql")]
            Target::MySql(_) => Err(DatabaseError::OtherBackup {
                backend: "MariaDB or MySQL",
                tool: "mariadb-dump (or mysqldump): mariadb-dump --single-transaction --result-file=FILE NAME",
            }),
        }
    }

    /// Copies everything that is committed at this moment into `to`, a file that does not exist or is empty. Others may
    /// read and write meanwhile, in this process and in others. It neither changes the database nor migrates it.
    ///
    /// # Errors
    /// [`DatabaseError::File`] when the name of the file is not UTF-8, which `SQLite` needs;
    /// [`DatabaseError::OtherBackup`] on servers.
    pub async fn copy(url: &str, to: &Path) -> Result<(), DatabaseError> {
        Self::file(url)?;
        let Some(name) = to.to_str() else {
            let source = io::Error::new(io::ErrorKind::InvalidFilename, "its name is not UTF-8");
            return Err(DatabaseError::File { path: to.to_owned(), source });
        };
        let connection = Target::parse(url)?.open_as_it_is().await?;
        let copy = Statement::from_sql_and_values(DbBackend::Sqlite, "VACUUM INTO ?", [name.into()]);
        let copied = connection.execute_raw(copy).await;
        let closed = connection.close().await;
        copied?;
        Ok(closed?)
    }
}
