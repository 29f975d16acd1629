//! The console in a browser: the real program, Chromium through chromedriver, people who press and type.
//!
//! They are here and not in `crates/console`, because only tests of this package are given the program.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what fails here is to fail the test")]

mod axe;
mod caller;
mod driver;
mod keyboard;
mod office;
mod proxy;
mod tab;

#[expect(dead_code, reason = "the tests of faults need more of it")]
#[path = "../faults/process.rs"]
mod process;

mod audit;
mod desk;
mod files;
mod first_load;
mod first_minute;
mod measure;
mod people;
mod person;
mod pictures;
mod screens;
mod sessions;
mod sign_in;
mod trouble;
