//! Puts the layers together: settings, logging, start-up and shut-down, and the
//! command line. The only crate that sees every other one, and the only one
//! that reads the environment. Business rules have no place here.

pub mod banner;
pub mod command_line;
pub mod health;
pub mod keys;
pub mod logging;
pub mod settings;
pub mod startup;
