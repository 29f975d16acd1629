//! The first bytes of a file and its header: whether it is CSV, and which column stands where.

use std::collections::HashSet;
use std::io::{self, Read, Seek, SeekFrom};
use std::str::FromStr;

use csv::ByteRecord;
use domain::ValueError;
use domain::import::Column;
use domain::value::is_blank;

use super::columns::{BYTE_ORDER_MARK, EXPORTED, IMPORTED};

/// Most columns: as many as spreadsheets have.
const MAX_COLUMNS: usize = 16_384;

/// Why a file is not read.
#[derive(Debug)]
pub enum OpenError {
    /// Its header is not acceptable: every column that is wrong.
    Header(Vec<HeaderError>),
    /// The system can't read it.
    Io(io::Error),
}

/// A column that is not acceptable, or the whole file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderError {
    /// Its name in the header; `None` when the whole file is of another kind.
    pub column: Option<String>,
    /// Why.
    pub error: ValueError,
}

/// The name in the header over a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heading {
    /// A column that is read.
    Read(Column),
    /// A column of an export that is skipped.
    Passed,
    /// No name: cells below must be empty.
    Nameless,
}

/// Goes to the first character, after a byte order mark. Returns an error when the first bytes are those of another kind of
/// file.
pub(super) fn begin(file: &mut (impl Read + Seek)) -> io::Result<Option<ValueError>> {
    file.seek(SeekFrom::Start(0))?;
    let mut start = Vec::new();
    file.by_ref().take(4).read_to_end(&mut start)?;
    let skipped = if start.starts_with(&BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() as u64 } else { 0 };
    file.seek(SeekFrom::Start(skipped))?;
    Ok(other_kind(&start).map(|kind| ValueError::new("invalid_utf8", format!("the file is {kind}: {SAVE_AS}"))))
}

/// What to do with a file of another kind.
const SAVE_AS: &str = "save it as \"CSV UTF-8 (comma delimited)\"";

/// CSV text has no NUL. One near the start means UTF-16, with or without its mark.
fn other_kind(start: &[u8]) -> Option<&'static str> {
    match start {
        [b'P', b'K', 3, 4] | [0xd0, 0xcf, 0x11, 0xe0] => Some("a workbook"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("in UTF-16"),
        _ if start.contains(&0) => Some("in UTF-16"),
        _ => None,
    }
}

/// The columns of the header. The columns of an export that cannot be imported are skipped when all of them are there. A
/// single one is an error: somebody added it and expects it to be read.
pub(super) fn columns(header: &ByteRecord) -> Result<Vec<Heading>, Vec<HeaderError>> {
    if header.len() > MAX_COLUMNS {
        let error = ValueError::new("too_many_columns", format!("at most {MAX_COLUMNS} columns"));
        return Err(vec![HeaderError { column: None, error }]);
    }
    let names: Vec<_> = header.iter().map(|name| str::from_utf8(name).map(shown)).collect();
    let Ok(names) = names.into_iter().collect::<Result<Vec<&str>, _>>() else {
        return Err(vec![HeaderError { column: None, error: not_utf8() }]);
    };
    if let Some(error) = other_separator(&names) {
        return Err(vec![error]);
    }
    let errors = header_errors(&names);
    if errors.is_empty() { Ok(names.into_iter().map(heading).collect()) } else { Err(errors) }
}

fn shown(name: &str) -> &str {
    name.trim_matches(|c: char| is_blank(c.encode_utf8(&mut [0; 4])))
}

fn heading(name: &str) -> Heading {
    match Column::from_str(name) {
        Ok(column) => Heading::Read(column),
        Err(_) if name.is_empty() => Heading::Nameless,
        Err(_) => Heading::Passed,
    }
}

/// A header whose names are in one cell was saved with another separator.
fn other_separator(names: &[&str]) -> Option<HeaderError> {
    let phone = Column::Phone.as_str();
    let (separator, called) = [(';', "semicolons"), ('\t', "tabs"), ('|', "bars")]
        .into_iter()
        .find(|(separator, _)| names.iter().any(|name| name.contains(*separator)) && !names.contains(&phone))?;
    let column = names.iter().find(|name| name.contains(separator))?;
    let detail = format!("cells are separated by {called}, and not by commas: {SAVE_AS}");
    Some(HeaderError { column: Some((*column).to_owned()), error: ValueError::new("unknown_column", detail) })
}

fn header_errors(names: &[&str]) -> Vec<HeaderError> {
    let is_export = EXPORTED.iter().all(|column| names.contains(column));
    let known: &[&str] = if is_export { &EXPORTED } else { &IMPORTED };
    let mut errors = Vec::new();
    let mut refuse = |column: &str, code, detail: String| {
        errors.push(HeaderError { column: Some(column.to_owned()), error: ValueError::new(code, detail) });
    };
    let mut seen = HashSet::new();
    for name in names.iter().filter(|name| !name.is_empty()) {
        let is_repeated = !seen.insert(name);
        if !known.contains(name) {
            refuse(name, "unknown_column", format!("the columns are {}", IMPORTED.join(", ")));
        } else if is_repeated {
            refuse(name, "repeated", "must be there only once".to_owned());
        }
    }
    if !names.contains(&Column::Phone.as_str()) {
        refuse(Column::Phone.as_str(), "required", "this column is needed".to_owned());
    }
    errors
}

pub(super) fn not_utf8() -> ValueError {
    ValueError::new("invalid_utf8", format!("must be UTF-8: {SAVE_AS}"))
}
