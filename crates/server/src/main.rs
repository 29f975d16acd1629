//! The program: reads words and settings, and does what they say.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use server::cli::arguments::{Admin, Command, CommandLine, Config, Keys, Migrate, Options};
use server::cli::health::{self, Check};
use server::cli::signals::Signals;
use server::cli::{admin, backup, banner, config, export, import, keys, output};
use server::observability::logging;
use server::one_line;
use server::settings::{self, Settings, SettingsError};
use server::startup::{self, Service, StartupError, senders as delivery};

/// The words or the settings are wrong, as `clap` exits too.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let CommandLine { options, command } = CommandLine::parse();
    let command = command.unwrap_or(Command::Serve);
    match &command {
        Command::Openapi => return said(say(&api::openapi().to_pretty_json().unwrap_or_default())),
        Command::Completions { shell } => {
            let mut completions = Vec::new();
            clap_complete::generate(*shell, &mut CommandLine::command(), "clientele", &mut completions);
            return said(say(&String::from_utf8_lossy(&completions)));
        }
        _ => {}
    }
    let settings = match load(&options, &command) {
        Ok(settings) => settings,
        Err(error) => return fail(&error, USAGE),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error, 1),
    };
    let done = runtime.block_on(run(command, &settings));
    // Whatever still blocks a thread, as the name of a host that nobody resolves, is not waited for.
    runtime.shutdown_background();
    logging::flush();
    done.unwrap_or_else(|error| fail(&error, if error.is_of_settings() { USAGE } else { 1 }))
}

/// Writes to standard output. Whoever reads it may have heard enough, as `head` does.
fn say(text: &str) -> Result<(), StartupError> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{}", text.trim_end()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(StartupError::Output(error)),
        _ => Ok(()),
    }
}

fn said(said: Result<(), StartupError>) -> ExitCode {
    said.map_or_else(|error| fail(&error, 1), |()| ExitCode::SUCCESS)
}

/// Says on one line why it can't go on.
fn fail(error: &dyn std::error::Error, code: u8) -> ExitCode {
    output::error(&one_line(error));
    ExitCode::from(code)
}

fn load(options: &Options, command: &Command) -> Result<Settings, SettingsError> {
    let (file, flags) = (options.config.as_deref(), options.settings());
    let environment = settings::environment(std::env::vars_os());
    // First, since what is wrong with the rest is told in this form too.
    output::set_format(settings::log_format(file, environment.as_deref().unwrap_or_default(), &flags));
    let environment = environment?;
    let passed_over = settings::passed_over(&environment).join(", ");
    let settings = Settings::load(file, environment, flags)?;
    output::set_format(settings.log.format);
    if matches!(command, Command::Serve | Command::Config { .. }) {
        settings.check_first_admin()?;
    }
    logging::start(&settings)?;
    logging::log_panics();
    if matches!(command, Command::Serve) && !passed_over.is_empty() {
        tracing::info!(
            "passed over variables that Kubernetes or docker wrote for a service of this name: {passed_over}"
        );
    }
    Ok(settings)
}

async fn run(command: Command, settings: &Settings) -> Result<ExitCode, StartupError> {
    match command {
        Command::Serve => serve(settings).await?,
        Command::Migrate { direction } => return migrate(&direction, settings).await,
        Command::Keys { act: Keys::List } => say(&keys::list(settings).await?)?,
        Command::Keys { act: Keys::Rotate } => say(&keys::rotate(settings).await?)?,
        Command::Admin { act: Admin::Create { email } } => say(&admin::create(&email, settings).await?)?,
        Command::Import(words) => return import::run(&words, settings).await,
        Command::Export(words) => export::run(&words, settings).await?,
        Command::Backup { file } => say(&backup::run(&file, settings).await?)?,
        Command::Config { act: Config::Check } => say(&config::text(settings))?,
        Command::Health { live } => {
            let check = if live { Check::Live } else { Check::Ready };
            if !health::passes(check, settings.http.listen).await {
                return Ok(ExitCode::FAILURE);
            }
        }
        // They need no settings and are done.
        Command::Openapi | Command::Completions { .. } => {}
    }
    Ok(ExitCode::SUCCESS)
}

async fn serve(settings: &Settings) -> Result<(), StartupError> {
    // From the beginning: the first process of a container ignores a signal that it doesn't catch.
    let (mut asked, mut again) = (Signals::catch()?, Signals::catch()?);
    let service = tokio::select! {
        started = Service::start(settings, delivery::senders(&settings.delivery)?) => started?,
        () = asked.next() => {
            tracing::info!("asked to stop before the start was done");
            return Ok(());
        }
    };
    delivery::warn(&settings.delivery)?;
    for warning in settings.warnings() {
        tracing::warn!("{warning}");
    }
    let banner = if output::is_json() { banner::json } else { banner::text };
    // Whoever started us may have closed their end; that is no reason not to serve.
    let _ = writeln!(io::stdout(), "{}", banner(service.address(), service.setup_token()));
    let asked_again = async {
        again.next().await;
        again.next().await;
    };
    service.run_until(asked.next(), asked_again).await
}

async fn migrate(direction: &Migrate, settings: &Settings) -> Result<ExitCode, StartupError> {
    if let Migrate::Down { yes: false } | Migrate::Fresh { yes: false } = direction {
        output::error("this loses all data; say --yes to go on");
        return Ok(ExitCode::from(USAGE));
    }
    let database = startup::open(settings).await?;
    if let Migrate::Grants { to } = direction {
        say(&database.grants(to).await?)?;
        return Ok(ExitCode::SUCCESS);
    }
    match direction {
        Migrate::Up => database.migrate().await?,
        Migrate::Down { .. } => database.migrate_down(None).await?,
        Migrate::Fresh { .. } => database.migrate_fresh().await?,
        Migrate::Status | Migrate::Grants { .. } => {}
    }
    let schema = database.schema().await?;
    let states = [("applied", &schema.applied), ("pending", &schema.pending), ("unknown", &schema.unknown)];
    let lines = states.into_iter().flat_map(|(state, names)| names.iter().map(move |name| format!("{state:8} {name}")));
    let text = lines.collect::<Vec<_>>().join("\n");
    say(&if output::is_json() { output::objects(&text) } else { text })?;
    Ok(ExitCode::SUCCESS)
}
