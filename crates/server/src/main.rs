//! The program. Everything that it does is in [`server::cli`].

use std::process::ExitCode;

use clap::Parser;
use server::cli;
use server::cli::arguments::CommandLine;

fn main() -> ExitCode {
    cli::run(CommandLine::parse())
}
