//! The commands, one file each.

pub mod admin;
pub mod arguments;
pub mod backup;
pub mod banner;
pub mod config;
pub mod export;
pub mod health;
pub mod import;
pub mod keys;
pub mod output;
pub mod signals;
