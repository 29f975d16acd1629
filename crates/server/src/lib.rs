//! Puts the layers together: settings, logging, start-up and shut-down, and the
//! command line. The only crate that sees every other one, and the only one
//! that reads the environment. Business rules have no place here.

mod background;
pub mod cli;
mod connections;
pub mod error;
mod listener;
pub mod observability;
pub mod settings;
pub mod startup;
