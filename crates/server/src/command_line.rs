//! The words after `clientele`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Keeps a company's people: staff accounts, customers, and which manager looks
/// after which customer.
///
/// With no words it serves on 127.0.0.1:8080 with SQLite in ./data/.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub struct CommandLine {
    /// The settings file; ./clientele.toml if it is there.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do; `serve` when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve HTTP until SIGTERM or Ctrl-C.
    Serve,
    /// Bring the database's schema up or down.
    Migrate {
        /// In which direction.
        #[command(subcommand)]
        direction: Migrate,
    },
    /// List and rotate the keys that sign access tokens.
    Keys {
        /// What to do with them.
        #[command(subcommand)]
        act: Keys,
    },
    /// Print the OpenAPI document.
    Openapi,
    /// Exit 0 when the service on `http.listen` is ready; for container health checks.
    Health,
}

/// What to do with the keys.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// List the keys that are accepted.
    List,
    /// Make a new key. Running instances publish it within seconds and sign with it after a minute; the old one is
    /// accepted until its last token is dead. Nobody is signed out.
    Rotate,
}

/// In which direction to migrate.
#[derive(Debug, Subcommand)]
pub enum Migrate {
    /// Apply what is missing.
    Up,
    /// Take everything back: all data is lost.
    Down {
        /// Yes, lose all data.
        #[arg(long)]
        yes: bool,
    },
    /// List the migrations.
    Status,
    /// Drop everything and build it anew: all data is lost.
    Fresh {
        /// Yes, lose all data.
        #[arg(long)]
        yes: bool,
    },
}
