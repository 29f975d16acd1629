//! Reads CSV outside the async threads, some lines at a time. While these are imported, the next ones are read.

use std::io;

use async_trait::async_trait;
use csv::ByteRecord;
use domain::ValueError;
use domain::import::{Line, Lines, Refused};
use domain::store::StoreError;
use tokio::task::{JoinHandle, spawn_blocking};

use super::cells::{Cells, is_empty};
use super::header::{HeaderError, Heading, OpenError, begin, columns};
use super::text::Text;
use crate::spool::Spool;

/// The lines of a file of customers.
pub struct CsvLines {
    /// `None` only when reading failed.
    reading: Option<Reading>,
    bytes_read: u64,
}

/// A file, and what was read of it ahead.
enum Reading {
    Done(Box<File>, Vec<Line>),
    UnderWay(JoinHandle<io::Result<(Box<File>, Vec<Line>)>>),
}

impl CsvLines {
    /// Reads the header.
    pub async fn open(file: Box<dyn Spool>) -> Result<Self, OpenError> {
        let opened = spawn_blocking(move || File::open(file)).await;
        let file = opened.map_err(|error| OpenError::Io(io::Error::other(error)))??;
        Ok(Self { reading: Some(Reading::Done(Box::new(file), Vec::new())), bytes_read: 0 })
    }

    /// How many bytes of the file were read for the lines so far.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// The file, and what was read ahead.
    async fn read(&mut self) -> Result<(Box<File>, Vec<Line>), StoreError> {
        match self.reading.take() {
            Some(Reading::Done(file, lines)) => Ok((file, lines)),
            Some(Reading::UnderWay(reading)) => finished(reading).await,
            None => Err(StoreError::Failed("the file could not be read before".into())),
        }
    }
}

fn begin_reading(mut file: Box<File>, limit: usize) -> JoinHandle<io::Result<(Box<File>, Vec<Line>)>> {
    spawn_blocking(move || file.lines(limit).map(|lines| (file, lines)))
}

async fn finished<T>(reading: JoinHandle<io::Result<T>>) -> Result<T, StoreError> {
    let done = reading.await.map_err(|error| StoreError::Failed(Box::new(error)))?;
    done.map_err(|error| StoreError::Unavailable(Box::new(error)))
}

#[async_trait]
impl Lines for CsvLines {
    async fn next(&mut self, limit: usize) -> Result<Vec<Line>, StoreError> {
        let (mut file, mut lines) = self.read().await?;
        if lines.is_empty() {
            (file, lines) = finished(begin_reading(file, limit)).await?;
        }
        self.bytes_read = file.reader.get_ref().bytes();
        let rest = lines.split_off(lines.len().min(limit));
        let is_to_wait = lines.is_empty() || !rest.is_empty();
        self.reading =
            Some(if is_to_wait { Reading::Done(file, rest) } else { Reading::UnderWay(begin_reading(file, limit)) });
        Ok(lines)
    }

    async fn rewind(&mut self) -> Result<(), StoreError> {
        let (file, _) = self.read().await?;
        let again = move || match File::open(file.reader.into_inner().into_inner()) {
            Ok(file) => Ok(file),
            Err(OpenError::Io(error)) => Err(error),
            Err(OpenError::Header(_)) => Err(io::Error::other("the file has changed")),
        };
        let file = finished(spawn_blocking(again)).await?;
        (self.reading, self.bytes_read) = (Some(Reading::Done(Box::new(file), Vec::new())), 0);
        Ok(())
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
