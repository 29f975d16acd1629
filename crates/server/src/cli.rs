//! The command line: one command, one file.

pub mod arguments;

mod admin;
mod backup;
mod banner;
pub(crate) mod config;
mod error;
mod export;
mod health;
mod import;
mod keys;
mod migrate;
mod output;
mod serve;
mod signals;

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;
use domain::ErrorChain;

use crate::observability::logging;
use crate::settings::{self, Settings, SettingsError};
use arguments::{Command, CommandLine, Options};
use error::CommandError;

/// Does what the command line asks for. If it cannot, it prints why.
#[must_use]
pub fn run(CommandLine { options, command }: CommandLine) -> ExitCode {
    let done = match command.unwrap_or(Command::Serve) {
        Command::Openapi => output::print(&format!("{:#}", api::openapi())),
        Command::Completions { shell } => print_completions(shell),
        command => return run_with_settings(&options, command).unwrap_or_else(|error| fail(&error)),
    };
    done.map_or_else(|error| fail(&error), |()| ExitCode::SUCCESS)
}

fn fail(error: &CommandError) -> ExitCode {
    output::report(&format!("clientele: {}", ErrorChain(error)));
    error.exit_code()
}

fn print_completions(shell: Shell) -> Result<(), CommandError> {
    let mut completions = Vec::new();
    clap_complete::generate(shell, &mut CommandLine::command(), "clientele", &mut completions);
    output::print(&String::from_utf8_lossy(&completions))
}

fn run_with_settings(options: &Options, command: Command) -> Result<ExitCode, CommandError> {
    let settings = load(options, &command)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(carry_out(command, &settings));
    // A thread may still be blocked, for example while it looks up a host name. Do not wait for it.
    runtime.shutdown_background();
    logging::flush();
    done
}

fn load(options: &Options, command: &Command) -> Result<Settings, SettingsError> {
    let (file, flags) = (options.config.as_deref(), options.settings());
    let environment = settings::environment(std::env::vars_os());
    // This comes first, since errors in the other settings are printed in this format too.
    output::set_format(settings::log_format(file, environment.as_deref().unwrap_or_default(), &flags));
    let environment = environment?;
    let ignored = settings::ignored(&environment).join(", ");
    let settings = Settings::load(file, environment, flags)?;
    output::set_format(settings.log.format);
    if matches!(command, Command::Serve | Command::Config { .. }) {
        settings.first_admin()?;
    }
    logging::start(&settings)?;
    logging::log_panics();
    if matches!(command, Command::Serve) && !ignored.is_empty() {
        tracing::info!("ignored variables that Kubernetes or docker set for a service of this name: {ignored}");
    }
    Ok(settings)
}

async fn carry_out(command: Command, settings: &Settings) -> Result<ExitCode, CommandError> {
    match command {
        Command::Serve => serve::run(settings).await?,
        Command::Migrate { direction } => migrate::run(&direction, settings).await?,
        Command::Keys { act } => keys::run(&act, settings).await?,
        Command::Admin { act } => admin::run(&act, settings).await?,
        Command::Import(arguments) => import::run(&arguments, settings).await?,
        Command::Export(arguments) => export::run(&arguments, settings).await?,
        Command::Backup { file } => backup::run(&file, settings).await?,
        Command::Config { .. } => output::print(&config::text(settings))?,
        Command::Health { live } => return Ok(health::run(live, settings.http.listen).await),
        Command::Openapi | Command::Completions { .. } => {}
    }
    Ok(ExitCode::SUCCESS)
}
