//! Reads CSV outside the async threads, some lines at a time.

use std::io;

use async_trait::async_trait;
use csv::ByteRecord;
use domain::ValueError;
use domain::import::{Line, Lines, Refused};
use domain::store::StoreError;

use super::cells::{Cells, is_empty};
use super::header::{HeaderError, Heading, OpenError, begin, columns};
use super::text::Text;
use crate::spool::Spool;

/// The lines of a file of customers.
pub struct CsvLines {
    /// `None` only while another thread reads.
    file: Option<File>,
}

impl CsvLines {
    /// Reads the header.
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
        let file = self.file.take().ok_or_else(|| StoreError::Failed("another task reads the file".into()))?;
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

/// An open file.
struct File {
    reader: csv::Reader<Text<Box<dyn Spool>>>,
    columns: Vec<Heading>,
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
        // Empty lines before the header are skipped, too.
        while reader.read_byte_record(&mut record).map_err(|error| OpenError::Io(error.into()))?
            && record.iter().all(is_empty)
        {}
        let columns = columns(&record).map_err(OpenError::Header)?;
        Ok(Self { reader, columns, record })
    }

    fn lines(&mut self, limit: usize) -> io::Result<Vec<Line>> {
        let mut lines = Vec::new();
        while lines.len() < limit && self.reader.read_byte_record(&mut self.record)? {
            // Spreadsheets write lines of nothing but commas.
            if !self.record.iter().all(is_empty) {
                lines.push(self.line());
            }
        }
        Ok(lines)
    }

    fn line(&self) -> Line {
        let is_open = self.ends_in_open_quote();
        let breaks = self.record.as_slice().split(|byte| *byte == b'\n').skip(1).count() as u64;
        // The position is after the record and its line feed.
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
            None => Cells::of(&self.record, &self.columns).into_line(number),
        }
    }

    /// The last cell with a text in a column without a name.
    fn cell_without_name(&self) -> Option<usize> {
        let is_stray = |at: usize| self.columns.get(at).is_none_or(|heading| *heading == Heading::Nameless);
        (0..self.record.len()).rev().find(|at| is_stray(*at) && !is_empty(&self.record[*at]))
    }

    /// Whether an open quote makes the record reach the end of the file.
    fn ends_in_open_quote(&self) -> bool {
        self.reader.get_ref().has_open_quote() && self.record.as_slice().ends_with(b"\n")
    }
}

#[cfg(test)]
mod tests;
