//! The files as they are sent, and the hash of them all.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::{fs, io};

use actix_web::web::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::folder;

/// Path and content of every file, as they were when the program was built.
static BUILT: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// A build for development reads the files at every request, so that a change shows at the next reload.
const FOLDER: Option<&str> =
    if cfg!(debug_assertions) { Some(concat!(env!("CARGO_MANIFEST_DIR"), "/static")) } else { None };

static CURRENT: Mutex<Option<Arc<Site>>> = Mutex::new(None);

/// All files of the console.
pub(crate) struct Site {
    /// Changes when any file does. It is part of each file's URL, so a browser may keep the file for ever.
    pub(crate) hash: String,
    files: BTreeMap<String, File>,
}

/// One file.
pub(crate) struct File {
    pub(crate) content_type: &'static str,
    pub(crate) plain: Bytes,
    pub(crate) gzip: Bytes,
}

impl Site {
    /// The files of now: compressed once in a release, read again in a build for development.
    pub(crate) fn current() -> io::Result<Arc<Self>> {
        let mut current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(site), None) = (&*current, FOLDER) {
            return Ok(site.clone());
        }
        let read = FOLDER.map(Path::new).filter(|folder| folder.is_dir()).map(read).transpose()?;
        let files = read.unwrap_or_else(built);
        let hash = hash(&files);
        if let Some(site) = current.as_ref().filter(|site| site.hash == hash) {
            return Ok(site.clone());
        }
        let site = Arc::new(Self::new(hash, files)?);
        *current = Some(site.clone());
        Ok(site)
    }

    fn new(hash: String, files: Vec<(String, Bytes)>) -> io::Result<Self> {
        let file = |(path, plain): (String, Bytes)| {
            let (content_type, gzip) = (content_type(&path), compress(&plain)?);
            Ok((path, File { content_type, plain, gzip }))
        };
        Ok(Self { hash, files: files.into_iter().map(file).collect::<io::Result<_>>()? })
    }

    /// The file at this path.
    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.get(path)
    }

    /// The styles, in their order.
    pub(crate) fn styles(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str).filter(|path| is_a(path, "css"))
    }

    /// The modules that every screen needs. A browser fetches them at once, not one after the other.
    pub(crate) fn core(&self) -> impl Iterator<Item = &str> {
        let is_core = |path: &&str| is_a(path, "js") && !path.starts_with("screens/");
        self.files.keys().map(String::as_str).filter(is_core)
    }
}

fn built() -> Vec<(String, Bytes)> {
    BUILT.iter().map(|(path, content)| ((*path).to_owned(), Bytes::from_static(content))).collect()
}

fn read(root: &Path) -> io::Result<Vec<(String, Bytes)>> {
    folder::files(root)?.into_iter().map(|path| Ok((path.clone(), fs::read(root.join(path))?.into()))).collect()
}

/// Sixteen digits. It tells versions apart and protects nothing.
fn hash(files: &[(String, Bytes)]) -> String {
    let mut hasher = DefaultHasher::new();
    files.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn compress(plain: &[u8]) -> io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain)?;
    Ok(encoder.finish()?.into())
}

fn is_a(path: &str, kind: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == kind)
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, kind)| kind) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webmanifest") => "application/manifest+json",
        _ => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_changes_with_any_path_and_any_content() {
        let files = |path: &str, content: &'static str| vec![(path.to_owned(), Bytes::from(content))];
        let first = hash(&files("a.js", "1"));
        assert_eq!(first.len(), 16);
        assert_eq!(first, hash(&files("a.js", "1")));
        assert_ne!(first, hash(&files("b.js", "1")));
        assert_ne!(first, hash(&files("a.js", "2")));
    }

    #[test]
    fn what_was_built_in_is_what_the_folder_holds() {
        assert_eq!(hash(&built()), hash(&read(Path::new(FOLDER.unwrap())).unwrap()));
    }

    #[test]
    fn the_first_load_is_small() {
        let site = Site::current().unwrap();
        let way_in = |path: &&str| path.starts_with("screens/sign_in");
        let way_in = site.files.keys().map(String::as_str).filter(way_in);
        let first = site.core().chain(site.styles()).chain(way_in).chain(["logo.svg", "console.webmanifest"]);
        let total: usize = first.map(|path| site.file(path).unwrap().gzip.len()).sum();
        assert!(total < 60 * 1024, "{total}");
    }

    #[test]
    fn every_file_has_a_type() {
        for (path, file) in &Site::current().unwrap().files {
            assert!(!file.content_type.starts_with("text/plain") || is_a(path, "txt"), "{path}");
        }
    }
}
