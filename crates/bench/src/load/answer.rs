//! The head of an answer: status, length and how long to wait, and nothing else.

use std::time::Duration;

/// What the head of an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    /// Bytes of the head, with the empty line.
    pub(crate) length: usize,
    /// Bytes of the body.
    pub(crate) body: usize,
    /// `Retry-After`, in seconds.
    pub(crate) retry_after: Option<Duration>,
}

/// The head at the beginning of these bytes; `None` until all of it is there.
///
/// # Errors
/// What is no answer, or one without `Content-Length`, which this generator does not read.
pub(crate) fn head(bytes: &[u8]) -> Result<Option<Head>, String> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&bytes[..end]).map_err(|_| "the head of an answer is not text".to_owned())?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let status = status.ok_or_else(|| format!("no answer of HTTP: {text}"))?;
    let (mut body, mut retry_after) = (None, None);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("content-length") {
            body = value.trim().parse().ok();
        } else if name.eq_ignore_ascii_case("retry-after") {
            retry_after = value.trim().parse().ok().map(Duration::from_secs);
        }
    }
    let body = body.ok_or_else(|| format!("an answer without Content-Length: {text}"))?;
    Ok(Some(Head { status, length: end + 4, body, retry_after }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_when_they_are_whole() {
        let bytes = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 12\r\nRetry-After: 2\r\n\r\n{";
        assert_eq!(head(&bytes[..30]), Ok(None));
        let wait = Some(Duration::from_secs(2));
        assert_eq!(head(bytes), Ok(Some(Head { status: 503, length: bytes.len() - 1, body: 12, retry_after: wait })));
    }

    #[test]
    fn what_can_not_be_counted_is_an_error() {
        assert!(head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(head(b"nonsense\r\n\r\n").is_err());
    }
}
