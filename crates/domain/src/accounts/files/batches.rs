//! A file in batches. Each is judged by what the database has of the customers on its lines.

use std::collections::HashSet;

use async_trait::async_trait;

use super::judge::Judge;
use crate::import::{Column, Imported, Line, Lines, Refused};
use crate::store::{ImportBatch, ImportBatches, ImportFound, ImportKeys, StoreError, WriteError};

/// How many lines one statement looks up and writes. Each line may change 16 KiB of metadata to another 16 KiB, and
/// MariaDB takes 16 MiB at once.
const BATCH: usize = 200;

/// The lines of a file, batch by batch.
pub(super) struct Batches<'a> {
    judge: Judge<'a>,
    source: &'a mut dyn Lines,
    seen: Seen,
    /// The lines of this batch. The last batch has none.
    pub(super) lines: Vec<Line>,
    /// The result of the batches before this one.
    before: Imported,
    /// The result of all batches so far.
    pub(super) imported: Imported,
    is_last: bool,
}

impl<'a> Batches<'a> {
    pub(super) fn new(judge: Judge<'a>, source: &'a mut dyn Lines) -> Self {
        let (before, imported) = (Imported::default(), Imported::default());
        Self { judge, source, seen: Seen::default(), lines: Vec::new(), before, imported, is_last: false }
    }

    pub(super) fn judge_lines(&mut self, found: &ImportFound) -> ImportBatch {
        let (imported, batch) = self.judge.after(&self.before).all(&self.lines, found);
        self.imported = self.before.clone();
        self.imported.add(imported);
        batch
    }
}

#[async_trait]
impl ImportBatches for Batches<'_> {
    async fn next(&mut self) -> Result<Option<ImportKeys>, StoreError> {
        self.before = self.imported.clone();
        self.lines = self.source.next(BATCH).await?;
        self.lines.iter_mut().for_each(|line| self.seen.note(line));
        let was_last = self.is_last;
        self.is_last = self.lines.is_empty();
        Ok(Some(keys(&self.lines)).filter(|_| !was_last))
    }

    /// The last batch has no lines. It records the whole import in the transaction that writes it.
    fn judge(&mut self, found: &ImportFound) -> Result<ImportBatch, WriteError> {
        let mut batch = self.judge_lines(found);
        if self.is_last {
            batch.events.push(self.judge.event(&self.imported));
        }
        // The lines were valid a moment ago. What is wrong now is found when all lines are judged again.
        if self.imported.errors.is_empty() { Ok(batch) } else { Err(WriteError::Stale) }
    }
}

/// A batch that is a transaction of its own.
pub(super) struct OneBatch<'a> {
    pub(super) judge: Judge<'a>,
    pub(super) lines: &'a [Line],
    pub(super) keys: Option<ImportKeys>,
    pub(super) imported: Imported,
}

#[async_trait]
impl ImportBatches for OneBatch<'_> {
    async fn next(&mut self) -> Result<Option<ImportKeys>, StoreError> {
        Ok(self.keys.take())
    }

    fn judge(&mut self, found: &ImportFound) -> Result<ImportBatch, WriteError> {
        let (imported, batch) = self.judge.all(self.lines, found);
        self.imported = imported;
        Ok(batch)
    }
}

fn keys(lines: &[Line]) -> ImportKeys {
    let lines = lines.iter().filter(|line| !line.is_of_staff);
    let mut emails: Vec<_> = lines.clone().filter_map(|line| line.manager_email.clone()).collect();
    emails.sort_unstable();
    emails.dedup();
    ImportKeys { phones: lines.filter_map(|line| line.phone.clone()).collect(), emails }
}

/// The phones of the lines so far. Each takes eight bytes, since a file may have millions of lines.
#[derive(Default)]
struct Seen(HashSet<u64>);

impl Seen {
    /// Refuses a line whose phone an earlier one has.
    fn note(&mut self, line: &mut Line) {
        let Some(phone) = line.phone.as_ref().filter(|_| !line.is_of_staff) else { return };
        // At most 15 digits, the first of them not 0.
        let number = phone.as_str().trim_start_matches('+').parse().unwrap_or_default();
        if !self.0.insert(number) {
            let error = Refused::cell(Column::Phone, "repeated", "an earlier line has the same phone");
            line.phone = None;
            line.refused.push(error);
        }
    }
}
