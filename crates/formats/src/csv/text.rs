//! Line ends and quotes of a file, made equal for the reader of CSV.

use std::io::{self, Read};

/// Text whose lines all end with `\n`, the last one, too. So every record ends with one, and lines can be counted.
pub(super) struct Text<R> {
    inner: R,
    after_cr: bool,
    last: u8,
    state: CellState,
    bytes: u64,
}

/// Where in a cell the text is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CellState {
    /// At its start: a quote here opens it.
    Start,
    /// It has no quotes around it: a quote in it is an ordinary character.
    Plain,
    /// It is in quotes.
    Quoted,
    /// After a quote, which ends the cell unless another one follows.
    AfterQuote,
}

impl CellState {
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Quoted, b'"') => Self::AfterQuote,
            (Self::Start | Self::AfterQuote, b'"') | (Self::Quoted, _) => Self::Quoted,
            (_, b',' | b'\n') => Self::Start,
            _ => Self::Plain,
        }
    }
}

impl<R> Text<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, after_cr: false, last: b'\n', state: CellState::Start, bytes: 0 }
    }

    pub(super) fn into_inner(self) -> R {
        self.inner
    }

    /// Whether a quote is open at the end of what was read.
    pub(super) fn has_open_quote(&self) -> bool {
        self.state == CellState::Quoted
    }

    /// How many bytes of the file were read.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    fn keep(&mut self, buffer: &mut [u8], count: usize) -> usize {
        let mut kept = 0;
        for at in 0..count {
            let byte = buffer[at];
            let is_second_half = byte == b'\n' && self.after_cr;
            self.after_cr = byte == b'\r';
            if is_second_half {
                continue;
            }
            self.last = if byte == b'\r' { b'\n' } else { byte };
            self.state = self.state.after(self.last);
            buffer[kept] = self.last;
            kept += 1;
        }
        kept
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let count = self.inner.read(buffer)?;
            self.bytes += count as u64;
            if count == 0 && self.last != b'\n' {
                (self.last, buffer[0]) = (b'\n', b'\n');
                return Ok(1);
            }
            let kept = self.keep(buffer, count);
            if kept > 0 || count == 0 {
                return Ok(kept);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader that gives one byte at a time, which is the hardest case.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(&mut buffer[..1])
        }
    }

    #[test]
    fn a_quote_is_open_when_it_began_a_cell_and_none_closed_it() {
        for (file, is_open) in [
            ("", false),
            ("a", false),
            ("\"a", true),
            ("\"a\"", false),
            ("\"a\"\"", true),
            ("\"a\"\"\"", false),
            ("a\"", false),
            ("a\",\"", true),
            ("a,\"\r\n", true),
            ("\"\",\"\"\n", false),
            ("\"a\"b\"c", false),
        ] {
            let mut text = Text::new(file.as_bytes());
            io::copy(&mut text, &mut io::sink()).unwrap();
            assert_eq!(text.has_open_quote(), is_open, "{file:?}");
        }
    }

    #[test]
    fn every_line_ends_with_a_line_feed() {
        for (file, text) in [
            ("", ""),
            ("a", "a\n"),
            ("a\n", "a\n"),
            ("a\r\nb\r\n", "a\nb\n"),
            ("a\rb", "a\nb\n"),
            ("a\r\n\r\nb\n\n", "a\n\nb\n\n"),
            ("\"a\r\nb\"", "\"a\nb\"\n"),
        ] {
            let (mut whole, mut slow) = (String::new(), String::new());
            Text::new(file.as_bytes()).read_to_string(&mut whole).unwrap();
            Text::new(Slow(file.as_bytes())).read_to_string(&mut slow).unwrap();
            assert_eq!((whole.as_str(), slow.as_str()), (text, text), "{file:?}");
        }
    }
}
