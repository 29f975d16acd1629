//! The files as they are sent, and the hash of them all.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::{fs, io};

use actix_web::web::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::{folder, imports};

/// Path and content of every file, as they were when the program was built.
static BUILT: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// A build for development reads the files at every request, so that a change shows at the next reload.
const FOLDER: Option<&str> =
    if cfg!(debug_assertions) { Some(concat!(env!("CARGO_MANIFEST_DIR"), "/static")) } else { None };

/// What every screen looks like.
pub(crate) const STYLES: &str = "style.css";

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

    fn new(hash: String, mut files: Vec<(String, Bytes)>) -> io::Result<Self> {
        // One request instead of ten.
        let (of_all, of_screens) = (sheet(&files, is_for_all), sheet(&files, |path| !is_for_all(path)));
        files.extend([(STYLES.to_owned(), of_all), ("screens.css".to_owned(), of_screens)]);
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

    /// The modules that every screen needs, and no others: `main.js` and what it imports. A browser fetches them at once,
    /// not one after the other.
    pub(crate) fn core(&self) -> BTreeSet<String> {
        let (mut found, mut next) = (BTreeSet::new(), vec!["main.js".to_owned()]);
        while let Some(path) = next.pop() {
            let Some(file) = self.files.get(&path) else { continue };
            next.extend(imports::of(&path, &file.plain).into_iter().filter(|other| !found.contains(other)));
            found.insert(path);
        }
        found
    }
}

/// The styles of every screen begin with a digit, those of one screen do not.
fn is_for_all(path: &str) -> bool {
    path.starts_with(|first: char| first.is_ascii_digit())
}

/// The style sheets whose name is such a one, in their order, as one.
fn sheet(files: &[(String, Bytes)], is_one: impl Fn(&str) -> bool) -> Bytes {
    let ours = files.iter().filter(|(path, _)| path.strip_prefix("style/").is_some_and(&is_one));
    ours.flat_map(|(_, content)| content.iter().copied()).collect::<Vec<u8>>().into()
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
        let way_in = ["screens/sign_in.js", "screens/sign_in/accept.js", STYLES, "logo.svg", "console.webmanifest"];
        let core = site.core();
        let first = core.iter().map(String::as_str).chain(way_in);
        let total: usize = first.map(|path| site.file(path).unwrap().gzip.len()).sum();
        assert!(total < 60 * 1024, "{total}");
    }

    #[test]
    fn what_is_loaded_later_is_not_loaded_at_first() {
        let core = Site::current().unwrap().core();
        for path in ["main.js", "ui/frame.js", "text/en.js", "vendor/lit/lit-html.js", "vendor/lit/directive.js"] {
            assert!(core.contains(path), "{path}");
        }
        for path in ["screens/sign_in.js", "screens/people.js", "text/en/people.js", "ui/dialog.js"] {
            assert!(!core.contains(path), "{path}");
        }
    }

    #[test]
    fn a_style_sheet_is_for_all_screens_or_for_one() {
        let site = Site::current().unwrap();
        let text = |path| String::from_utf8_lossy(&site.file(path).unwrap().plain).into_owned();
        let (all, screens) = (text(STYLES), text("screens.css"));
        assert!(all.contains(&text("style/1-base.css")) && all.contains(&text("style/3-frame.css")));
        assert!(screens.contains(&text("style/people.css")) && !screens.contains(&text("style/1-base.css")));
    }

    #[test]
    fn every_file_has_a_type() {
        for (path, file) in &Site::current().unwrap().files {
            assert!(!file.content_type.starts_with("text/plain") || path == "vendor/LICENSES.txt", "{path}");
        }
    }
}
