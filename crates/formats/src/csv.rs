//! Reads and writes people as lines of CSV (RFC 4180).
//!
//! A file that was exported can be imported again: an import reads the columns that it knows and skips the others, and
//! takes the quote off a cell that was defused.

mod cells;
mod columns;
mod formula;
mod header;
mod reader;
mod text;
pub(crate) mod writer;

pub use header::{HeaderError, OpenError};
pub use reader::CsvLines;
