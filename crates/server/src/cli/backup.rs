//! `clientele backup`.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use persistence::Database;
use secrecy::ExposeSecret;
use tempfile::{Builder, NamedTempFile};

use super::error::CommandError;
use super::output;
use super::signals::Signals;
use crate::settings::Settings;

/// Copies the database, which may be in use, to the file `to`. After a failure, `to` is unchanged.
pub(super) async fn run(to: &Path, settings: &Settings) -> Result<(), CommandError> {
    let url = settings.database.url.expose_secret();
    let live = Database::file(url)?;
    check(to, &live)?;
    let unwritable = |error| CommandError::unwritable(to.display(), error);
    let mut stopped = Signals::catch()?;
    // Readable by its owner alone. Dropping it removes it.
    let copy = Builder::new().prefix(".clientele-backup-").suffix(".tmp").tempfile_in(folder(to));
    let copy = copy.map_err(unwritable)?;
    let name = std::path::absolute(copy.path()).map_err(unwritable)?;
    tokio::select! {
        copied = Database::copy(url, &name) => copied?,
        () = stopped.next() => return Err(CommandError::Refused("asked to stop, so there is no backup".to_owned())),
    }
    put(copy, to).map_err(unwritable)?;
    output::print(&format!("{} is a whole copy of {}", to.display(), live.display()))
}

pub(super) fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Puts a whole file in its place: syncs it to the disk, renames it, and syncs the folder.
pub(super) fn put(copy: NamedTempFile, to: &Path) -> io::Result<()> {
    copy.as_file().sync_all()?;
    copy.persist(to).map_err(|error| error.error)?;
    File::open(folder(to))?.sync_all()
}

fn check(to: &Path, live: &Path) -> Result<(), CommandError> {
    let refuse = |reason: String| Err(CommandError::Refused(reason));
    if !live.exists() {
        return refuse(format!("there is no database at {}", live.display()));
    }
    if is_of_database(to, live) {
        return refuse(format!("{} is the database itself; name another file", to.display()));
    }
    match to.metadata() {
        Ok(found) if found.is_dir() => return refuse(format!("{} is a folder; name a file in it", to.display())),
        Ok(found) if !found.is_file() => return refuse(format!("{} is not a file", to.display())),
        _ => {}
    }
    // SQLite would read these as the log of the copy, and apply them to it.
    let logs = ["-wal", "-journal"].map(|ending| beside(to, ending));
    match logs.iter().find(|log| log.exists()) {
        Some(log) => refuse(format!("{} is there, so {} is in use; name another file", log.display(), to.display())),
        None => Ok(()),
    }
}

/// Whether this is the file of the database, under any name, or one that SQLite keeps beside it.
pub(super) fn is_of_database(path: &Path, live: &Path) -> bool {
    ["", "-wal", "-shm", "-journal"].into_iter().any(|ending| is_same(path, &beside(live, ending)))
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(ending);
    name.into()
}

/// Opens neither, since closing a file drops the locks that SQLite has on it.
fn is_same(one: &Path, other: &Path) -> bool {
    if let (Ok(one), Ok(other)) = (one.metadata(), other.metadata()) {
        return (one.dev(), one.ino()) == (other.dev(), other.ino());
    }
    let place = |path: &Path| Some((folder(path).canonicalize().ok()?, path.file_name()?.to_owned()));
    place(one).is_some_and(|one| place(other) == Some(one))
}
