//! Writes the table of the files that become part of the program.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs, io};

#[path = "src/folder.rs"]
mod folder;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=static");
    println!("cargo::rerun-if-changed=src/folder.rs");
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("static");
    let mut table = String::from("&[\n");
    for path in folder::files(&root)? {
        let file = root.join(&path).display().to_string();
        writeln!(table, "    ({path:?}, include_bytes!({file:?})),").map_err(io::Error::other)?;
    }
    table.push(']');
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("files.rs"), table)
}
