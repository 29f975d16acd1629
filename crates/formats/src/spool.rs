//! A file that is stored before it is read.

use std::io::{self, Read, Seek, Write};

use tempfile::SpooledTempFile;

/// The largest file that stays in memory, in bytes.
const MAX_IN_MEMORY: usize = 1024 * 1024;
/// Bytes that are written at once.
const BLOCK: usize = 256 * 1024;

/// A file that can be read again from its start.
pub trait Spool: Read + Seek + Send {}

impl<F: Read + Seek + Send> Spool for F {}

/// Stores a file as it arrives: in memory while it is small, then in a file without a name, which the system deletes when
/// it is closed.
pub struct SpoolWriter {
    file: SpooledTempFile,
    block: Vec<u8>,
}

impl SpoolWriter {
    /// For a file of at most `max_bytes`. Where no file can be written, such as in a read-only container, all of it
    /// stays in memory.
    #[must_use]
    pub fn new(max_bytes: usize) -> Self {
        let in_memory = if tempfile::tempfile().is_ok() { MAX_IN_MEMORY } else { max_bytes };
        Self { file: SpooledTempFile::new(in_memory), block: Vec::new() }
    }

    /// Adds a part. Fails most often because the disk is full.
    pub async fn add(&mut self, part: &[u8]) -> io::Result<()> {
        self.block.extend_from_slice(part);
        if self.block.len() >= BLOCK { self.write().await } else { Ok(()) }
    }

    async fn write(&mut self) -> io::Result<()> {
        let block = std::mem::take(&mut self.block);
        let mut file = std::mem::replace(&mut self.file, SpooledTempFile::new(0));
        let written = tokio::task::spawn_blocking(move || file.write_all(&block).map(|()| file)).await;
        self.file = written.map_err(io::Error::other).flatten()?;
        Ok(())
    }

    /// The whole file.
    pub async fn finish(mut self) -> io::Result<Box<dyn Spool>> {
        self.write().await?;
        Ok(Box::new(self.file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_kept_whatever_its_size() {
        for size in [0, 1, BLOCK, MAX_IN_MEMORY + BLOCK + 1] {
            let mut spool = SpoolWriter::new(usize::MAX);
            for chunk in vec![b'x'; size].chunks(100_000) {
                spool.add(chunk).await.unwrap();
            }
            let mut file = spool.finish().await.unwrap();
            file.rewind().unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            assert_eq!(bytes.len(), size);
        }
    }
}
