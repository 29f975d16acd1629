//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Enough that none is seen twice within 2 seconds at the rates that two cores reach.
const SESSIONS: usize = 60_000;

/// Measures the release build of Clientele beside the limits of the machine.
#[derive(Debug, Parser)]
#[command(name = "clientele-bench", version)]
pub(crate) struct Options {
    /// Small numbers of people and short rounds: to try the benchmark, not to quote it.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Measure only these groups of rows, with commas between them.
    #[arg(long, value_name = "GROUP", value_delimiter = ',')]
    only: Vec<Group>,
    /// Write the tables between the markers of this file; to standard output otherwise.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// A PostgreSQL server whose user may create databases; those called `clientele_bench_…` are dropped and made anew.
    #[arg(
        long,
        value_name = "URL",
        env = "BENCH_POSTGRES_URL",
        default_value = "postgres://postgres@127.0.0.1:5432/postgres"
    )]
    pub(crate) postgres: String,
    /// The same of MariaDB or MySQL; without it there are no rows of MariaDB.
    #[arg(long, value_name = "URL", env = "BENCH_MARIADB_URL")]
    pub(crate) mariadb: Option<String>,
    /// A program to measure instead of building one.
    #[arg(long, value_name = "FILE")]
    pub(crate) program: Option<PathBuf>,
    /// Another build of the program, with the same tables, which takes the place of the limit on MariaDB.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Rounds of each side of a row.
    #[arg(long, value_name = "NUMBER")]
    rounds: Option<usize>,
    /// Length of a round, in seconds.
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<f64>,
    /// How many sessions are in rotation in the cold rows; 60,000 unless said otherwise.
    #[arg(long, value_name = "NUMBER")]
    sessions: Option<usize>,
    /// Connections that ask at once, where the row does not say otherwise.
    #[arg(long, value_name = "NUMBER", default_value_t = 64)]
    pub(crate) connections: usize,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// The groups of rows, in the order in which they are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Group {
    Me,
    Keys,
    Lists,
    Growth,
    Sqlite,
    #[value(name = "mariadb")]
    MariaDb,
    SignIn,
    Flood,
    Changes,
    Refresh,
    Files,
    Start,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serves the limits. The benchmark starts it itself.
    #[command(hide = true)]
    Limits(Limits),
}

/// Where the limits are served, and from what.
#[derive(Debug, Args)]
pub(crate) struct Limits {
    #[arg(long)]
    pub(crate) listen: SocketAddr,
    #[arg(long)]
    pub(crate) postgres: Option<String>,
    #[arg(long)]
    pub(crate) sqlite: Option<PathBuf>,
}

/// Customers of the three databases.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) small: usize,
    pub(crate) usual: usize,
    pub(crate) large: usize,
}

impl Group {
    /// As the command line calls it.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

impl Options {
    pub(crate) fn sizes(&self) -> Sizes {
        if self.quick {
            Sizes { small: 1_000, usual: 5_000, large: 20_000 }
        } else {
            Sizes { small: 1_000, usual: 100_000, large: 1_000_000 }
        }
    }

    pub(crate) fn rounds(&self) -> usize {
        self.rounds.unwrap_or(if self.quick { 2 } else { 5 }).max(1)
    }

    pub(crate) fn round(&self) -> Duration {
        Duration::from_secs_f64(self.seconds.unwrap_or(if self.quick { 1.0 } else { 4.0 }).clamp(0.1, 600.0))
    }

    /// Rounds of sign-ins are longer: there are only some tens a second.
    pub(crate) fn slow_round(&self) -> Duration {
        self.round() * 3
    }

    pub(crate) fn sessions(&self) -> usize {
        self.sessions.unwrap_or(SESSIONS).clamp(1, self.sizes().usual)
    }

    /// The groups of rows that are asked for.
    pub(crate) fn groups(&self) -> impl Iterator<Item = Group> {
        let all = Group::value_variants().iter().copied();
        all.filter(|group| self.only.is_empty() || self.only.contains(group))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Options::command().debug_assert();
    }

    #[test]
    fn without_a_choice_every_group_is_measured() {
        let options = Options::parse_from(["clientele-bench"]);
        assert!(options.groups().eq(Group::value_variants().iter().copied()));
        let options = Options::parse_from(["clientele-bench", "--only", "flood,lists"]);
        assert!(options.groups().eq([Group::Lists, Group::Flood]), "in the order in which they are measured");
    }

    #[test]
    fn a_group_that_is_not_there_is_refused() {
        assert!(Options::try_parse_from(["clientele-bench", "--only", "me,everything"]).is_err());
    }

    #[test]
    fn there_are_never_more_sessions_than_customers() {
        let options = Options::parse_from(["clientele-bench", "--quick", "--sessions", "1000000"]);
        assert_eq!(options.sessions(), 5_000);
    }
}
