//! `clientele import`.

use std::fs::File;
use std::io::{self, Read, Write, stdin};
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use domain::import::{ImportOrder, Imported, Line, Lines, MAX_ERRORS, OnError, OnExisting};
use domain::store::StoreError;
use domain::{Accounts, Actor, Error, SystemClock};
use formats::{CsvLines, HeaderError, OpenError, Spool};
use indicatif::ProgressBar;
use persistence::DatabaseError;

use super::arguments::Import;
use super::error::CommandError;
use super::output;
use crate::settings::{Settings, SettingsError};
use crate::startup::application::open_database;

/// Longest name of a column that is printed, in characters.
const MAX_NAME: usize = 64;

/// Imports the file and prints the result.
pub(super) async fn run(arguments: &Import, settings: &Settings) -> Result<(), CommandError> {
    let unreadable = |error| CommandError::unreadable(arguments.file.display(), error);
    let (file, length) = open(&arguments.file).map_err(unreadable)?;
    let lines = match CsvLines::open(file).await {
        Ok(lines) => lines,
        Err(OpenError::Io(error)) => return Err(unreadable(error)),
        Err(OpenError::Header(errors)) => {
            report_header(&errors);
            return Err(failed("nothing was imported", errors.len() as u64));
        }
    };
    let order = order(arguments);
    let mut lines = Shown::new(lines, length);
    let imported = carry_out(&mut lines, &order, settings).await;
    lines.bar.finish_and_clear();
    report(&imported?, &order)
}

/// Prints the first errors of the header, each with its column, shortened.
fn report_header(errors: &[HeaderError]) {
    for HeaderError { column, error } in errors.iter().take(MAX_ERRORS) {
        let shown = |column: &String| column.chars().take(MAX_NAME).flat_map(char::escape_debug).collect::<String>();
        let column = column.as_ref().map(|column| format!("/{}: ", shown(column))).unwrap_or_default();
        output::report(&format!("line 1: {column}{}", error.detail));
    }
    report_omitted(errors.len().saturating_sub(MAX_ERRORS) as u64);
}

fn report_omitted(errors: u64) {
    if errors > 0 {
        output::report(&format!("and {errors} more {}", if errors == 1 { "error" } else { "errors" }));
    }
}

/// A file that can be read twice, and its length.
fn open(path: &Path) -> io::Result<(Box<dyn Spool>, u64)> {
    if path == Path::new("-") {
        return copied(stdin());
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() { Ok((Box::new(file), metadata.len())) } else { copied(file) }
}

/// A temporary file with what comes out of a pipe, and its length.
fn copied(mut pipe: impl Read) -> io::Result<(Box<dyn Spool>, u64)> {
    let mut copy = tempfile::tempfile()?;
    let length = io::copy(&mut pipe, &mut copy)?;
    Ok((Box::new(copy), length))
}

fn order(arguments: &Import) -> ImportOrder {
    ImportOrder {
        on_error: if arguments.on_error == "skip" { OnError::Skip } else { OnError::Abort },
        on_existing: if arguments.on_existing == "update" { OnExisting::Update } else { OnExisting::Skip },
        dry_run: arguments.dry_run,
        created_by: arguments.created_by.clone(),
    }
}

async fn carry_out(lines: &mut dyn Lines, order: &ImportOrder, settings: &Settings) -> Result<Imported, CommandError> {
    let database = open_database(settings).await?;
    database.migrate().await?;
    let accounts = Accounts::new(Arc::new(database.store()), Arc::new(SystemClock));
    let imported =
        accounts.import(&Actor::system("import")).map_err(CommandError::of_use_case)?.run(lines, order).await;
    drop(accounts);
    let closed = database.close().await;
    let imported = imported.map_err(|error| match error {
        Error::Invalid(_, error) => SettingsError::invalid("--created-by")(error).into(),
        error => CommandError::of_use_case(error),
    })?;
    closed.map_err(DatabaseError::from)?;
    Ok(imported)
}

fn report(imported: &Imported, order: &ImportOrder) -> Result<(), CommandError> {
    for error in &imported.errors {
        let column = error.refused.column.map(|column| format!("/{column}: ")).unwrap_or_default();
        output::report(&format!("line {}: {column}{}", error.line, error.refused.error.detail));
    }
    report_omitted(imported.errors_omitted);
    let errors = imported.errors.len() as u64 + imported.errors_omitted;
    if imported.is_aborted(order) {
        return Err(failed("nothing was imported", errors));
    }
    let Imported { created, updated, skipped, .. } = imported;
    let prefix = if order.dry_run { "would be: " } else { "" };
    // The import is complete, even if standard output is closed.
    let _ = writeln!(io::stdout(), "{prefix}{created} created, {updated} updated, {skipped} skipped");
    if errors == 0 { Ok(()) } else { Err(failed("not all of it was imported", errors)) }
}

fn failed(what: &str, errors: u64) -> CommandError {
    CommandError::Refused(format!("{what}: {errors} {}", if errors == 1 { "error" } else { "errors" }))
}

/// Lines with a progress bar, which is shown on a terminal only.
struct Shown {
    lines: CsvLines,
    bar: ProgressBar,
}

impl Shown {
    fn new(lines: CsvLines, length: u64) -> Self {
        let template = "{msg:9} {wide_bar} {bytes}/{total_bytes} {eta}";
        Self { lines, bar: output::with_style(ProgressBar::new(length), template) }
    }
}

#[async_trait]
impl Lines for Shown {
    async fn next(&mut self, limit: usize) -> Result<Vec<Line>, StoreError> {
        let lines = self.lines.next(limit).await?;
        self.bar.set_position(self.lines.bytes_read());
        Ok(lines)
    }

    async fn rewind(&mut self) -> Result<(), StoreError> {
        // With `--on-error abort` the file is read once to check it, and a second time to import it.
        self.bar.set_message(if self.bar.position() == 0 { "reading" } else { "importing" });
        self.bar.reset();
        self.lines.rewind().await
    }
}
