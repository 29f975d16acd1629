//! People as CSV and as JSON lines, read and written for the API and the command line alike.
//!
//! This crate must not know HTTP, SQL or a terminal: it turns bytes into lines of an import, and people into bytes.

mod csv;
mod export;
pub mod json;
mod spool;
mod time;

pub use self::csv::{CsvLines, HeaderError, OpenError};
pub use export::{Export, ExportFormat, WriteJson};
pub use spool::{Spool, SpoolWriter};
pub use time::{Rfc3339, rfc3339};
