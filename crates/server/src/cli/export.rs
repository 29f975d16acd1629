//! `clientele export`.

use std::fs::File;
use std::io::{self, IsTerminal, Write, stderr, stdout};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::{Accounts, Actor, Filter, PageSize, SystemClock, UserQuery, ValueError};
use formats::ExportFormat;
use indicatif::ProgressBar;
use persistence::{Database, DatabaseError};
use secrecy::ExposeSecret;
use tempfile::NamedTempFile;

use super::arguments::Export;
use super::backup::{folder, is_of_database, put};
use super::error::CommandError;
use super::output;
use crate::settings::{Settings, SettingsError};
use crate::startup::application::open_migrated;

/// Writes the people whom the arguments select.
pub(super) async fn run(arguments: &Export, settings: &Settings) -> Result<(), CommandError> {
    let name = arguments.output.as_deref().map_or_else(|| "standard output".into(), Path::to_string_lossy);
    let unwritable = |error| CommandError::unwritable(&name, error);
    if arguments.bom && arguments.format == "ndjson" {
        let error = ValueError::new("invalid_choice", "only CSV has a byte order mark");
        return Err(SettingsError::invalid("--bom")(error).into());
    }
    let database = open_migrated(settings).await?;
    if let (Some(output), Ok(live)) = (&arguments.output, Database::file(settings.database.url.expose_secret()))
        && is_of_database(output, &live)
    {
        return Err(CommandError::Refused(format!("{} is the database itself", output.display())));
    }
    let accounts = Accounts::new(Arc::new(database.store()), Arc::new(SystemClock));
    let format = match &*arguments.format {
        "ndjson" => ExportFormat::JsonLines(api::write_json),
        _ => ExportFormat::Csv { byte_order_mark: arguments.bom },
    };
    let export = accounts.export(&Actor::system("export")).map_err(CommandError::of_use_case)?;
    let mut export = formats::Export::new(export, query(arguments), format);
    let mut output = Output::open(arguments.output.as_deref()).map_err(unwritable)?;
    let template = "exporting {wide_bar} {human_pos}/{human_len} {eta}";
    let bar = output::with_style(ProgressBar::no_length(), template);
    while let Some(part) = export.next().await.map_err(CommandError::of_use_case)? {
        output.write(&part).map_err(unwritable)?;
        export.total().into_iter().for_each(|total| bar.set_length(total));
        bar.set_position(export.people());
    }
    bar.finish_and_clear();
    output.finish().map_err(unwritable)?;
    drop(export);
    Ok(database.close().await.map_err(DatabaseError::from)?)
}

fn query(arguments: &Export) -> UserQuery {
    UserQuery {
        filter: Filter {
            role: arguments.role,
            is_active: arguments.is_active,
            assigned_manager: arguments.assigned_manager_id,
            created_by: arguments.created_by,
            created_from: arguments.created_from,
            created_to: arguments.created_to,
            search: arguments.q.clone(),
        },
        sort: arguments.sort,
        after: None,
        size: PageSize::new(PageSize::MAX.into()).unwrap_or_default(),
        // The progress bar needs it.
        include_total: stderr().is_terminal(),
    }
}

/// Where an export goes.
enum Output {
    Stream(Box<dyn Write>),
    /// A temporary file in the same folder, which is renamed when it is whole.
    File(NamedTempFile, PathBuf),
}

impl Output {
    fn open(path: Option<&Path>) -> io::Result<Self> {
        let Some(path) = path else { return Ok(Self::Stream(Box::new(stdout()))) };
        if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
            // A device or a pipe is not replaced.
            return Ok(Self::Stream(Box::new(File::create(path)?)));
        }
        Ok(Self::File(NamedTempFile::new_in(folder(path))?, path.to_owned()))
    }

    fn write(&mut self, part: &[u8]) -> io::Result<()> {
        match self {
            Self::Stream(stream) => stream.write_all(part),
            Self::File(file, _) => file.write_all(part),
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Stream(mut stream) => stream.flush(),
            Self::File(file, path) => put(file, &path),
        }
    }
}
