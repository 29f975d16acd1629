//! The file of a SQLite database.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::error::DatabaseError;

/// Held while a file is made. When a process closes a descriptor of a file, it loses all its locks on that file,
/// whoever took them (`SQLite`, "How To Corrupt An SQLite Database File", 2.2). So no descriptor may be closed once
/// another thread can have a connection to the new file.
static MAKING: Mutex<()> = Mutex::new(());

/// Makes the file and its folder, readable by their owner only, because they hold people and keys. A file that exists
/// is never opened, for the reason that [`MAKING`] gives.
pub(crate) fn create(path: &Path) -> Result<(), DatabaseError> {
    let failed = |path: &Path| {
        let path = PathBuf::from(path);
        move |source| DatabaseError::File { path, source }
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(folder).map_err(failed(folder))?;
    }
    let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    make(path).map_err(failed(path))
}

fn make(path: &Path) -> io::Result<()> {
    let mut file = std::fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    match file.write(true).create_new(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made.map(drop),
    }
    match path.metadata() {
        // It is a link to a file that does not exist yet.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make(&path.parent().unwrap_or(Path::new("")).join(path.read_link()?))
        }
        Err(error) => Err(error),
        Ok(_) => may_be_written(path),
    }
}

/// Fails for a file that may only be read. `SQLite` would open it, and fail at the first write.
#[cfg(unix)]
fn may_be_written(path: &Path) -> io::Result<()> {
    Ok(rustix::fs::access(path, rustix::fs::Access::WRITE_OK)?)
}

#[cfg(not(unix))]
fn may_be_written(path: &Path) -> io::Result<()> {
    if path.metadata()?.permissions().readonly() { Err(io::ErrorKind::PermissionDenied.into()) } else { Ok(()) }
}
