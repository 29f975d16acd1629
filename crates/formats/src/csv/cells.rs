//! The cells of one line.

use csv::ByteRecord;
use domain::import::{Column, Line, Refused};
use domain::value::is_blank;
use domain::{DisplayName, Email, Metadata, Phone, Role, ValueError};

use super::formula::restored;
use super::header::{Heading, not_utf8};
use crate::json::parse_cell;

/// Longest cell that is read, in bytes. No value may be as long.
const MAX_CELL: usize = 64 * 1024;

/// Whether a cell is empty or blank.
pub(super) fn is_empty(cell: &[u8]) -> bool {
    // The cheap checks come first: a file may have millions of cells.
    cell.is_empty() || cell.trim_ascii_start().is_empty() || str::from_utf8(cell).is_ok_and(is_blank)
}

/// The text of a cell; `None` when it is empty.
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
pub(super) struct Cells<'a> {
    given: Vec<(Column, &'a str)>,
    refused: Vec<Refused>,
}

impl<'a> Cells<'a> {
    /// The cells of the record in the columns that are read.
    pub(super) fn of(record: &'a ByteRecord, columns: &[Heading]) -> Self {
        let mut cells = Self::default();
        for (cell, column) in record.iter().zip(columns) {
            let Heading::Read(column) = *column else { continue };
            match text(cell) {
                Ok(None) => {}
                Ok(Some(text)) => cells.given.push((column, text)),
                Err(error) => cells.refused.push(Refused { column: Some(column), error }),
            }
        }
        cells
    }

    pub(super) fn into_line(mut self, number: u64) -> Line {
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
            metadata: self.read(Column::Metadata, |text| Metadata::parse(parse_cell(text)?)),
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

/// `true` or `false` in any case: spreadsheets write capitals.
fn boolean(text: &str) -> Result<bool, ValueError> {
    let is = |word: &str| text.trim().eq_ignore_ascii_case(word);
    match (is("true"), is("false")) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ => Err(ValueError::new("wrong_type", "must be true or false")),
    }
}
