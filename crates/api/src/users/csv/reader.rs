//! CSV in: a file that is read off the async threads, some lines at a time.

use std::collections::HashSet;
use std::io::{self, Read, Seek, SeekFrom};
use std::str::FromStr;

use async_trait::async_trait;
use csv::ByteRecord;
use domain::import::{Column, Line, Lines, Refused};
use domain::store::StoreError;
use domain::value::is_blank;
use domain::{DisplayName, Email, Metadata, Phone, Role, ValueError};

use super::text::Text;
use super::{BYTE_ORDER_MARK, EXPORTED, IMPORTED, restored};
use crate::extract::json_body::parse_object_text;

/// Longest cell that is looked at, in bytes: more than any value may have.
const MAX_CELL: usize = 64 * 1024;
/// Most columns: as many as spreadsheets have.
const MAX_COLUMNS: usize = 16_384;

/// A file that can be read again from its start.
pub trait Spool: Read + Seek + Send {}

impl<F: Read + Seek + Send> Spool for F {}

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
    /// What the header calls it; `None` when it is the file that is of another kind.
    pub column: Option<String>,
    /// Why.
    pub error: ValueError,
}

/// The lines of a file of customers.
pub struct CsvLines {
    /// `None` only while another thread reads.
    file: Option<File>,
}

impl CsvLines {
    /// Reads the header.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(file: Box<dyn Spool>) -> Result<Self, OpenError> {
        let opened = tokio::task::spawn_blocking(move || File::open(file)).await;
        let file = opened.map_err(|error| OpenError::Io(io::Error::other(error)))??;
        Ok(Self { file: Some(file) })
    }

    /// How many bytes of the file were read since its start.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.file.as_ref().map_or(0, |file| file.reader.get_ref().bytes())
    }

    async fn with_file<T: Send + 'static>(
        &mut self,
        act: impl FnOnce(File) -> io::Result<(File, T)> + Send + 'static,
    ) -> Result<T, StoreError> {
        let file = self.file.take().ok_or_else(|| StoreError::Failed("the file is read already".into()))?;
        let done = tokio::task::spawn_blocking(move || act(file)).await;
        let done = done.map_err(|error| StoreError::Failed(Box::new(error)))?;
        let (file, answer) = done.map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        self.file = Some(file);
        Ok(answer)
    }
}

#[async_trait]
impl Lines for CsvLines {
    async fn next(&mut self, limit: usize) -> Result<Vec<Line>, StoreError> {
        self.with_file(move |mut file| file.lines(limit).map(|lines| (file, lines))).await
    }

    async fn rewind(&mut self) -> Result<(), StoreError> {
        let again = |file: File| match File::open(file.reader.into_inner().into_inner()) {
            Ok(file) => Ok((file, ())),
            Err(OpenError::Io(error)) => Err(error),
            Err(OpenError::Header(_)) => Err(io::Error::other("the file has changed")),
        };
        self.with_file(again).await
    }
}

/// What stands in the header over a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// A column that is read.
    Read(Column),
    /// One of an export's that is passed over.
    Passed,
    /// Nothing: no cell with a text may stand there.
    Nameless,
}

/// An open file.
struct File {
    reader: csv::Reader<Text<Box<dyn Spool>>>,
    columns: Vec<Place>,
    record: ByteRecord,
}

impl File {
    fn open(mut file: Box<dyn Spool>) -> Result<Self, OpenError> {
        if let Some(error) = begin(&mut file).map_err(OpenError::Io)? {
            return Err(OpenError::Header(vec![HeaderError { column: None, error }]));
        }
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(64 * 1024)
            .from_reader(Text::new(file));
        let mut record = ByteRecord::new();
        // Lines without any text are passed over before the header too.
        while reader.read_byte_record(&mut record).map_err(|error| OpenError::Io(error.into()))?
            && record.iter().all(is_empty)
        {}
        let columns = columns(&record).map_err(OpenError::Header)?;
        Ok(Self { reader, columns, record })
    }

    fn lines(&mut self, limit: usize) -> io::Result<Vec<Line>> {
        let mut lines = Vec::new();
        while lines.len() < limit && self.reader.read_byte_record(&mut self.record)? {
            // Spreadsheets like to write lines of nothing but commas.
            if !self.record.iter().all(is_empty) {
                lines.push(self.line());
            }
        }
        Ok(lines)
    }

    fn line(&self) -> Line {
        let is_open = self.ends_in_open_quote();
        let breaks = self.record.as_slice().split(|byte| *byte == b'\n').skip(1).count() as u64;
        // The position is after the record and what ends it.
        let number = self.reader.position().line() - breaks - u64::from(!is_open);
        let whole = |code, detail: String| {
            let refused = vec![Refused { column: None, error: ValueError::new(code, detail) }];
            Line { number, refused, ..Line::default() }
        };
        if is_open {
            return whole("unclosed_quote", "a quote is opened and never closed".to_owned());
        }
        match self.cell_without_name() {
            Some(at) if at >= self.columns.len() => {
                let detail = format!("has {} cells where the header has {}", at + 1, self.columns.len());
                whole("wrong_number_of_cells", detail)
            }
            Some(at) => {
                whole("wrong_number_of_cells", format!("column {} has a cell, and no name in the header", at + 1))
            }
            None => self.cells().into_line(number),
        }
    }

    /// The last cell with a text that stands under nothing. Cells that are missing at the end are empty.
    fn cell_without_name(&self) -> Option<usize> {
        let is_stray = |at: usize| self.columns.get(at).is_none_or(|place| *place == Place::Nameless);
        (0..self.record.len()).rev().find(|at| is_stray(*at) && !is_empty(&self.record[*at]))
    }

    /// Whether the record goes on to the end of the file since a quote was not closed.
    fn ends_in_open_quote(&self) -> bool {
        self.reader.get_ref().has_open_quote() && self.record.as_slice().ends_with(b"\n")
    }

    fn cells(&self) -> Cells<'_> {
        let mut cells = Cells::default();
        for (cell, column) in self.record.iter().zip(&self.columns) {
            let Place::Read(column) = *column else { continue };
            match text(cell) {
                Ok(None) => {}
                Ok(Some(text)) => cells.given.push((column, text)),
                Err(error) => cells.refused.push(Refused { column: Some(column), error }),
            }
        }
        cells
    }
}

/// Goes to the first character, after a byte order mark. Answers why the file is not read when its first bytes are those of
/// another kind of file.
fn begin(file: &mut dyn Spool) -> io::Result<Option<ValueError>> {
    file.seek(SeekFrom::Start(0))?;
    let mut start = Vec::new();
    Read::take(&mut *file, 4).read_to_end(&mut start)?;
    let skipped = if start.starts_with(&BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() as u64 } else { 0 };
    file.seek(SeekFrom::Start(skipped))?;
    Ok(other_kind(&start).map(|kind| ValueError::new("invalid_utf8", format!("the file is {kind}: {SAVE_AS}"))))
}

/// What to do about a file of another kind.
const SAVE_AS: &str = "save it as \"CSV UTF-8 (comma delimited)\"";

/// Text of CSV has no NUL, so one near the start tells UTF-16, with or without its mark.
fn other_kind(start: &[u8]) -> Option<&'static str> {
    match start {
        [b'P', b'K', 3, 4] | [0xd0, 0xcf, 0x11, 0xe0] => Some("a workbook"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("in UTF-16"),
        _ if start.contains(&0) => Some("in UTF-16"),
        _ => None,
    }
}

/// What the header says. Columns without a name are none, and those of an export that can't be imported are passed over if
/// all of them are there: a single one was put there by somebody who expects it to be read.
fn columns(header: &ByteRecord) -> Result<Vec<Place>, Vec<HeaderError>> {
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
    if errors.is_empty() { Ok(names.into_iter().map(place).collect()) } else { Err(errors) }
}

fn shown(name: &str) -> &str {
    name.trim_matches(|c: char| is_blank(c.encode_utf8(&mut [0; 4])))
}

fn place(name: &str) -> Place {
    match Column::from_str(name) {
        Ok(column) => Place::Read(column),
        Err(_) if name.is_empty() => Place::Nameless,
        Err(_) => Place::Passed,
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
            refuse(name, "repeated", "may be there once".to_owned());
        }
    }
    if !names.contains(&Column::Phone.as_str()) {
        refuse(Column::Phone.as_str(), "required", "this column is needed".to_owned());
    }
    errors
}

/// Whether a cell is empty: nothing is seen in it. A missing one is, too.
fn is_empty(cell: &[u8]) -> bool {
    // A file may have millions of them.
    cell.is_empty() || cell.trim_ascii_start().is_empty() || str::from_utf8(cell).is_ok_and(is_blank)
}

fn not_utf8() -> ValueError {
    ValueError::new("invalid_utf8", format!("must be UTF-8: {SAVE_AS}"))
}

/// What a cell says; `None` when it is empty.
fn text(cell: &[u8]) -> Result<Option<&str>, ValueError> {
    if cell.len() > MAX_CELL {
        return Err(ValueError::new("too_long", "at most 65536 bytes"));
    }
    let text = std::str::from_utf8(cell).map_err(|_| not_utf8())?;
    if text.contains('\0') {
        return Err(ValueError::new("invalid_character", "must not hold the character U+0000"));
    }
    Ok(Some(restored(text)).filter(|text| !is_blank(text)))
}

/// The cells of a line that are not empty.
#[derive(Default)]
struct Cells<'a> {
    given: Vec<(Column, &'a str)>,
    refused: Vec<Refused>,
}

impl Cells<'_> {
    fn into_line(mut self, number: u64) -> Line {
        let role = self.read(Column::Role, |text| text.trim().parse::<Role>());
        if role.is_some_and(|role| role != Role::Customer) {
            return Line { number, is_of_staff: true, ..Line::default() };
        }
        let phone = self.read(Column::Phone, Phone::parse);
        let is_given = self.given.iter().any(|(column, _)| *column == Column::Phone);
        if !is_given && !self.refused.iter().any(|refused| refused.column == Some(Column::Phone)) {
            let error = ValueError::new("required", "is required");
            self.refused.push(Refused { column: Some(Column::Phone), error });
        }
        Line {
            number,
            phone,
            display_name: self.read(Column::DisplayName, DisplayName::parse),
            manager_email: self.read(Column::ManagerEmail, Email::parse),
            metadata: self.read(Column::Metadata, |text| Metadata::parse(parse_object_text(text)?)),
            is_active: self.read(Column::IsActive, boolean),
            is_of_staff: false,
            refused: self.refused,
        }
    }

    fn read<T>(&mut self, column: Column, read: impl FnOnce(&str) -> Result<T, ValueError>) -> Option<T> {
        let (_, text) = self.given.iter().find(|(given, _)| *given == column)?;
        read(text).map_err(|error| self.refused.push(Refused { column: Some(column), error })).ok()
    }
}

/// Spreadsheets write it in capitals.
fn boolean(text: &str) -> Result<bool, ValueError> {
    let is = |word: &str| text.trim().eq_ignore_ascii_case(word);
    match (is("true"), is("false")) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ => Err(ValueError::new("wrong_type", "must be true or false")),
    }
}

#[cfg(test)]
mod tests;
