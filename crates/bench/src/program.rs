//! The program that is measured: built when it has to be, and run.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use crate::outcome::Outcome;
use crate::process;

/// A build of Clientele.
pub(crate) struct Program {
    pub(crate) file: PathBuf,
    /// Where it runs, so that it finds no settings of anybody's.
    home: PathBuf,
}

/// What one command took.
pub(crate) struct Taken {
    pub(crate) time: Duration,
    /// KiB in memory at most.
    pub(crate) memory: u64,
}

impl Program {
    /// This build.
    pub(crate) fn at(file: &Path, home: &Path) -> Outcome<Self> {
        let file = fs::canonicalize(file).map_err(|error| format!("{}: {error}", file.display()))?;
        Ok(Self { file, home: home.to_owned() })
    }

    /// Builds the release program of the workspace.
    pub(crate) fn build(home: &Path) -> Outcome<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        eprintln!("building the release program");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--release", "--locked", "--package", "clientele"]).current_dir(&root);
        if !build.status()?.success() {
            return Err("the program was not built".into());
        }
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        Self::at(&target.join("release/clientele"), home)
    }

    /// Bytes of the program.
    pub(crate) fn size(&self) -> Outcome<u64> {
        Ok(fs::metadata(&self.file)?.len())
    }

    /// A command of it on a database, with no settings but these.
    pub(crate) fn command(&self, database: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.file);
        command.args(arguments).current_dir(&self.home).env_clear();
        command.env("DATABASE_URL", database).env("CLIENTELE_LOG__LEVEL", "warn");
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, database: &str, arguments: &[&str]) -> Outcome<Taken> {
        let began = Instant::now();
        let mut child = self.command(database, arguments).stderr(Stdio::piped()).spawn()?;
        let memory = watch(&mut child)?;
        let time = began.elapsed();
        let output = child.wait_with_output()?;
        if !output.status.success() {
            return Err(format!("{}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(Taken { time, memory })
    }
}

/// Waits for a command and answers how much memory it held at most, as of its last moments.
fn watch(child: &mut Child) -> Outcome<u64> {
    let mut most = 0;
    while child.try_wait()?.is_none() {
        // One that is ending has no memory any more.
        most = process::memory(child.id(), "VmHWM").unwrap_or(0).max(most);
        thread::sleep(Duration::from_millis(5));
    }
    Ok(most)
}
