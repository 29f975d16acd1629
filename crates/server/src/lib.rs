//! Puts the layers together: settings, logging, start-up and shut-down, and the
//! command line. The only crate that sees every other one, and the only one
//! that reads the environment. Business rules have no place here.

mod background;
pub mod cli;
mod connections;
pub mod observability;
pub mod settings;
pub mod startup;

/// An error with its causes, on one line and nothing said twice.
#[must_use]
pub fn one_line(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
