//! The one way to print an error.

use std::error::Error;
use std::fmt;
use std::iter::successors;

/// Prints an error with its causes on one line. A cause whose text was printed already is left out.
pub struct ErrorChain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for error in successors(Some(self.0), |&error| error.source()) {
            let message = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
            if text.is_empty() {
                text = message;
            } else if !text.contains(&message) {
                text = format!("{text}: {message}");
            }
        }
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Link {
        text: &'static str,
        source: Option<Box<Link>>,
    }

    fn link(text: &'static str, source: Option<Link>) -> Link {
        Link { text, source: source.map(Box::new) }
    }

    #[test]
    fn causes_follow_on_the_same_line_and_none_is_said_twice() {
        let cause = link("end of file", None);
        let driver = link("driver: end of file\n  at byte 7", Some(cause));
        let error = link("the database could not answer", Some(driver));
        let text = "the database could not answer: driver: end of file at byte 7";
        assert_eq!(ErrorChain(&error).to_string(), text);
        assert_eq!(ErrorChain(&link("alone", None)).to_string(), "alone");
    }
}
