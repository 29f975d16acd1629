//! The arguments of `clientele`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use clap_complete::Shell;
use domain::page::{Assignment, Search};
use domain::{ApiKeyId, Email, Role, Sort, Timestamp, UserId, ValueError};

/// Keeps a company's people: staff, customers, and which manager looks after
/// which customer.
///
/// Without a command it serves on 127.0.0.1:8080 with SQLite in ./data/.
///
/// Settings come from clientele.toml, then from the environment, then from the
/// options below. The environment spells `auth.bcrypt_cost` as
/// `CLIENTELE_AUTH__BCRYPT_COST`. Any value may come from a file instead:
/// `CLIENTELE_AUTH__MASTER_KEY_FILE`. `clientele config check` shows the result.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct CommandLine {
    /// Options for every command.
    #[command(flatten)]
    pub options: Options,
    /// What to do; `serve` by default.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 it failed, 2 the arguments or the settings are wrong.";

/// Settings that have an option of their own.
#[derive(Debug, Default, clap::Args)]
pub struct Options {
    /// The settings file; ./clientele.toml by default, if it exists.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where to serve, instead of `http.listen`.
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// The database, instead of `database.url`. Other users can see it in the list of processes: keep a password in
    /// `DATABASE_URL_FILE` instead.
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// How to log, instead of `log.format`: pretty or json.
    #[arg(long, global = true, value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// What to log, instead of `log.level`: error, warn, info, debug, trace, or a list such as `info,clientele_api=debug`.
    #[arg(long, global = true, value_name = "LEVEL")]
    pub log_level: Option<String>,
}

impl Options {
    /// The given options, as settings.
    #[must_use]
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let given = [
            ("http.listen", self.listen.map(|address| address.to_string())),
            ("database.url", self.database_url.clone()),
            ("log.format", self.log_format.clone()),
            ("log.level", self.log_level.clone()),
        ];
        given.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve HTTP until SIGTERM or Ctrl-C.
    Serve,
    /// Apply, revert or list the migrations of the database.
    Migrate {
        /// In which direction.
        #[command(subcommand)]
        direction: Migrate,
    },
    /// List and rotate the keys that sign access tokens; list and revoke API keys.
    Keys {
        /// What to do with them.
        #[command(subcommand)]
        act: Keys,
    },
    /// Make admins.
    Admin {
        /// What to do with them.
        #[command(subcommand)]
        act: Admin,
    },
    /// Import customers from a CSV file, or change existing ones.
    ///
    /// The columns are phone, `display_name`, `assigned_manager_email` and metadata, in any order; only
    /// phone is required. A file of `clientele export` can be imported too. Errors are listed on
    /// standard error as `line N: /column: what is wrong`, and the exit code is 1.
    Import(Import),
    /// Export people to a file that can be imported again.
    Export(Box<Export>),
    /// Copy the database to a file, also while the service runs. `SQLite` only.
    ///
    /// The copy has every write that was answered before it began. An existing file is replaced when the whole copy is
    /// on the disk. Only its owner can read it. For `PostgreSQL`, `MariaDB` and `MySQL` this names the tool to use.
    Backup {
        /// The file.
        file: PathBuf,
    },
    /// Look at the settings.
    Config {
        /// What to do with them.
        #[command(subcommand)]
        act: Config,
    },
    /// Print the OpenAPI document.
    Openapi,
    /// Print shell completions. Put them where the shell looks for them.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Exit with 0 if the service on `http.listen` is ready; for health checks of containers.
    Health {
        /// Exit with 0 if it runs, with or without its database; for supervisors that restart a service.
        #[arg(long)]
        live: bool,
    },
}

/// What to do with the keys.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// List the keys that are accepted.
    List,
    /// Make a new key. Running instances publish it within seconds and sign with it after a minute. The old key is
    /// accepted until its last token has expired. Nobody is signed out.
    Rotate,
    /// List and revoke API keys, with which programs act as members of the staff.
    Api {
        /// What to do with them.
        #[command(subcommand)]
        act: ApiKeys,
    },
}

/// What to do with API keys.
#[derive(Debug, Subcommand)]
pub enum ApiKeys {
    /// List everybody's API keys, the newest first.
    List,
    /// Revoke an API key. It is dead at once.
    Revoke {
        /// Its id, as `list` shows it: the first part of the key after `clk_`.
        id: ApiKeyId,
    },
}

/// In which direction to migrate.
#[derive(Debug, Subcommand)]
pub enum Migrate {
    /// Apply the missing migrations.
    Up,
    /// Revert all migrations: all data is lost.
    Down {
        /// Yes, lose all data.
        #[arg(long)]
        yes: bool,
    },
    /// List the migrations.
    Status,
    /// Print the statements that give a second database user the rights to serve, and no others.
    ///
    /// With these rights the service can run as a user who owns nothing. That user can change neither the schema nor the
    /// triggers nor old audit events. Run the statements as the owner of the tables, after each `migrate up`.
    Grants {
        /// The user, who must exist; on `MariaDB` and `MySQL` also NAME@HOST.
        #[arg(long, value_name = "NAME", default_value = "clientele_service", value_parser = database_user)]
        to: String,
    },
    /// Drop everything and migrate again: all data is lost.
    Fresh {
        /// Yes, lose all data.
        #[arg(long)]
        yes: bool,
    },
}

/// What to do with admins.
#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Make an active admin, or give an admin a new password.
    ///
    /// A member of the staff who has this e-mail becomes an active admin with the new password,
    /// and their sessions end. The password comes from `CLIENTELE_ADMIN_PASSWORD` or `CLIENTELE_ADMIN_PASSWORD_FILE`.
    /// Otherwise the command asks for it on a terminal, or reads the first line of standard input.
    Create {
        /// Their e-mail.
        #[arg(long)]
        email: String,
    },
}

/// What to import, and how.
#[derive(Debug, clap::Args)]
pub struct Import {
    /// The file, or - for standard input.
    pub file: PathBuf,
    /// Only report what would happen.
    #[arg(long)]
    pub dry_run: bool,
    /// What to do about lines with errors: abort imports nothing, skip imports the other lines.
    #[arg(long, value_name = "WHAT", default_value = "abort", value_parser = ["abort", "skip"])]
    pub on_error: String,
    /// What to do about existing customers: skip leaves them as they are, update changes what the line gives.
    #[arg(long, value_name = "WHAT", default_value = "skip", value_parser = ["skip", "update"])]
    pub on_existing: String,
    /// The admin or manager who is recorded as the creator of new customers; by default each customer is their own
    /// creator.
    #[arg(long, value_name = "EMAIL", value_parser = Email::parse)]
    pub created_by: Option<Email>,
}

/// What to export, and where to.
#[derive(Debug, clap::Args)]
pub struct Export {
    /// The file, which is replaced when the whole export is written; standard output by default.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The format: csv, or ndjson with a JSON object on each line.
    #[arg(long, default_value = "csv", value_parser = ["csv", "ndjson"])]
    pub format: String,
    /// Begin CSV with a byte order mark, for spreadsheet programs.
    #[arg(long)]
    pub bom: bool,
    /// Only this role: admin, manager or customer.
    #[arg(long)]
    pub role: Option<Role>,
    /// Only active (true) or only inactive (false).
    #[arg(long, value_name = "BOOL")]
    pub is_active: Option<bool>,
    /// Only customers of this manager, by id; none for customers without one.
    #[arg(long, value_name = "ID", value_parser = assignment)]
    pub assigned_manager_id: Option<Assignment>,
    /// Only customers that this person created, by id.
    #[arg(long, value_name = "ID")]
    pub created_by: Option<UserId>,
    /// Only people created at this time or later (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub created_from: Option<Timestamp>,
    /// Only people created before this time (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub created_to: Option<Timestamp>,
    /// Only people whose display name, e-mail or phone starts with this.
    #[arg(long, value_name = "TEXT", value_parser = Search::parse)]
    pub q: Option<Search>,
    /// The order: `created_at`, `-created_at`, `display_name` or `-display_name`.
    #[arg(long, allow_hyphen_values = true, default_value_t)]
    pub sort: Sort,
}

fn assignment(text: &str) -> Result<Assignment, ValueError> {
    if text == "none" {
        return Ok(Assignment::Nobody);
    }
    text.parse().map(Assignment::To).map_err(|_| ValueError::new("invalid_id", "must be a UUID or none"))
}

fn database_user(text: &str) -> Result<String, ValueError> {
    let is_name = !text.is_empty() && text.len() <= 128 && !text.chars().any(char::is_control);
    if is_name { Ok(text.to_owned()) } else { Err(ValueError::new("invalid", "must be the name of a database user")) }
}

/// What to do with the settings.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Check the settings and print them without secrets. Changes nothing.
    Check,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound_and_explains_every_word() {
        let mut command = CommandLine::command();
        command.clone().debug_assert();
        command.build();
        let mut unexplained = Vec::new();
        look_for_unexplained(&command, &mut unexplained);
        assert_eq!(unexplained, Vec::<String>::new());
    }

    fn look_for_unexplained(command: &clap::Command, found: &mut Vec<String>) {
        let name = command.get_name();
        if command.get_about().is_none() {
            found.push(name.to_owned());
        }
        let silent = command.get_arguments().filter(|argument| argument.get_help().is_none());
        found.extend(silent.map(|argument| format!("{name} {}", argument.get_id())));
        command.get_subcommands().filter(|c| c.get_name() != "help").for_each(|c| look_for_unexplained(c, found));
    }
}
