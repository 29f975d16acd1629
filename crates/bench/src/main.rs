//! Measures the release build of Clientele from outside, beside the limits of the machine: what the same server library,
//! the same databases and the same hash do with nothing of ours in the way. `docs/benchmarks.md` says how to read it.
//!
//! Each row measures its subject and its limit in turn, round by round, and compares medians of one run. An answer that
//! is not 2xx fails the row.
//!
//! It knows the tables and their formats, so that it can fill them fast, and nothing else of the program's inside.

mod database;
mod fill;
mod http;
mod limits;
mod load;
mod machine;
mod measure;
mod numbers;
mod options;
mod outcome;
mod people;
mod process;
mod program;
mod report;
mod rows;
mod service;
mod sizing;
mod tokens;
mod world;

use std::process::ExitCode;

use clap::Parser;
use domain::ErrorChain;

use options::{Command, Options};
use outcome::Outcome;
use world::World;

fn main() -> ExitCode {
    let options = Options::parse();
    let done = match &options.command {
        Some(Command::Limits(limits)) => limits::serve(limits),
        None => measure_all(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("clientele-bench: {}", ErrorChain(&*error));
            ExitCode::FAILURE
        }
    }
}

/// Measures the rows that were asked for and writes the tables. Fails when a row did, after the others.
fn measure_all(options: &Options) -> Outcome<()> {
    let mut world = World::new(options)?;
    let measured = rows::measure(&mut world);
    let text = report::markdown(&machine::facts(&world.versions()), options, &measured);
    world.clear();
    report::write(options.out.as_deref(), &text)?;
    match measured.failures.len() {
        0 => Ok(()),
        failed => Err(format!("{failed} rows failed").into()),
    }
}
