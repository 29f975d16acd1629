//! The program: reads words and settings, and does what they say.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use auth::{LogSender, Senders};
use clap::Parser;
use server::command_line::{Command, CommandLine, Keys, Migrate};
use server::settings::{Settings, SettingsError};
use server::startup::{self, Service, StartupError};
use server::{banner, health, keys, logging};

/// The words or the settings are wrong, as `clap` exits too.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let words = CommandLine::parse();
    let settings = match load(words.config.as_deref()) {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("clientele: {error}");
            return ExitCode::from(USAGE);
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("clientele: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(run(words.command.unwrap_or(Command::Serve), &settings)).unwrap_or_else(|error| {
        eprintln!("clientele: {error}");
        if error.is_of_settings() { ExitCode::from(USAGE) } else { ExitCode::FAILURE }
    })
}

fn load(file: Option<&Path>) -> Result<Settings, SettingsError> {
    let settings = Settings::load(file, std::env::vars().collect())?;
    logging::start(&settings.log)?;
    Ok(settings)
}

async fn run(command: Command, settings: &Settings) -> Result<ExitCode, StartupError> {
    match command {
        Command::Serve => {
            let service = Service::start(settings, Senders::all(Arc::new(LogSender))).await?;
            println!("{}", banner::text(service.address(), service.setup_token()));
            service.run().await?;
        }
        Command::Migrate { direction } => return migrate(&direction, settings).await,
        Command::Keys { act: Keys::List } => println!("{}", keys::list(settings).await?),
        Command::Keys { act: Keys::Rotate } => println!("{}", keys::rotate(settings).await?),
        Command::Openapi => println!("{}", api::openapi().to_pretty_json().unwrap_or_default()),
        Command::Health => {
            return Ok(if health::is_ready(settings.http.listen).await {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn migrate(direction: &Migrate, settings: &Settings) -> Result<ExitCode, StartupError> {
    if let Migrate::Down { yes: false } | Migrate::Fresh { yes: false } = direction {
        eprintln!("clientele: this loses all data; say --yes to go on");
        return Ok(ExitCode::from(USAGE));
    }
    let database = startup::open(settings).await?;
    match direction {
        Migrate::Up => database.migrate().await?,
        Migrate::Down { .. } => database.migrate_down(None).await?,
        Migrate::Fresh { .. } => database.migrate_fresh().await?,
        Migrate::Status => {}
    }
    let schema = database.schema().await?;
    for (state, names) in [("applied", &schema.applied), ("pending", &schema.pending), ("unknown", &schema.unknown)] {
        for name in names {
            println!("{state:8} {name}");
        }
    }
    Ok(ExitCode::SUCCESS)
}
