//! `clientele migrate`.

use persistence::Database;

use super::arguments::Migrate;
use super::error::CommandError;
use super::output;
use crate::settings::Settings;
use crate::startup::application::open_database;

/// Changes or shows the schema of the database.
pub(super) async fn run(direction: &Migrate, settings: &Settings) -> Result<(), CommandError> {
    if let Migrate::Down { yes: false } | Migrate::Fresh { yes: false } = direction {
        return Err(CommandError::Usage("this loses all data; add --yes to do it"));
    }
    let database = open_database(settings).await?;
    match direction {
        Migrate::Grants { to } => return output::print(&database.grants(to).await?),
        Migrate::Up => database.migrate().await?,
        Migrate::Down { .. } => database.migrate_down(None).await?,
        Migrate::Fresh { .. } => database.migrate_fresh().await?,
        Migrate::Status => {}
    }
    print_status(&database).await
}

async fn print_status(database: &Database) -> Result<(), CommandError> {
    let schema = database.schema().await?;
    let states = [("applied", &schema.applied), ("pending", &schema.pending), ("unknown", &schema.unknown)];
    let lines = states.into_iter().flat_map(|(state, names)| names.iter().map(move |name| format!("{state:8} {name}")));
    let text = lines.collect::<Vec<_>>().join("\n");
    output::print(&if output::is_json() { output::objects(&text) } else { text })
}
