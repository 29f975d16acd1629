//! What goes wrong in operation. Each test starts the real program as a [`TestApp`](process::TestApp) and does to it, or to
//! its database, what the name says.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what fails here is to fail the test")]

mod backup;
mod command_line;
mod database;
mod ends;
mod files;
mod grants;
mod instances;
mod logs;
mod metrics;

mod people;
mod process;
mod proxy;
mod silent_readers;
mod slow_clients;
mod sqlite;
mod start;
#[cfg(feature = "otlp")]
mod traces;
