//! The page that loads the modules. It is the same for every screen but for the way to the files.

use std::fmt::Write;

use crate::site::{STYLES, Site};

const PAGE: &str = include_str!("shell.html");

/// The page at this path below the root of the service, such as `/console/people/7`. Its links are relative, so that
/// they hold below any prefix.
pub(crate) fn page(site: &Site, path: &str) -> String {
    let folder = format!("{}{}/", to_console(path), site.hash);
    let mut files = String::new();
    let _ = writeln!(files, "<link rel=\"stylesheet\" href=\"{folder}{STYLES}\">");
    for module in site.core() {
        let _ = writeln!(files, "<link rel=\"modulepreload\" href=\"{folder}{module}\">");
    }
    PAGE.replace("{files}", &files).replace("{folder}", &folder)
}

/// The way from the page at this path to the folder of the console.
fn to_console(path: &str) -> String {
    let depth = path.matches('/').count();
    if depth < 2 { "console/".to_owned() } else { "../".repeat(depth - 2) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_the_files_is_relative() {
        for (path, way) in [
            ("/console", "console/"),
            ("/console/", ""),
            ("/console/people", ""),
            ("/console/people/", "../"),
            ("/console/people/7", "../"),
            ("/console/people/7/sessions", "../../"),
        ] {
            assert_eq!(to_console(path), way, "{path}");
        }
    }
}
