//! The files below a folder. The build script reads this module too.

use std::path::Path;
use std::{fs, io};

/// The paths of all files below the folder, relative to it, in order.
pub(crate) fn files(root: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    add(root, "", &mut found)?;
    found.sort();
    Ok(found)
}

fn add(folder: &Path, prefix: &str, found: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            add(&entry.path(), &format!("{path}/"), found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}
