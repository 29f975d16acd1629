//! What is wrong with one field.

use std::borrow::Cow;

use domain::ValueError;
use serde::Serialize;
use utoipa::ToSchema;

/// Longest name of a field that is given back, in characters. All of ours are shorter.
pub(super) const MAX_NAME: usize = 64;

/// One field that is not acceptable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// On which line of an imported file; the header is line 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) line: Option<u64>,
    /// Where in the body, as a JSON pointer (RFC 6901); for a query parameter, its name after a slash.
    #[schema(example = "/email")]
    pub(crate) pointer: String,
    /// Stable name of what is wrong.
    #[schema(value_type = String, example = "invalid_email")]
    pub(crate) code: &'static str,
    /// What is wrong, for people.
    #[schema(value_type = String, example = "not an e-mail address, such as name@example.com")]
    pub(crate) detail: Cow<'static, str>,
}

impl FieldError {
    /// A refusal of the field with this name.
    pub(crate) fn new(field: &str, error: ValueError) -> Self {
        let escaped = shortened(field).replace('~', "~0").replace('/', "~1");
        Self { line: None, pointer: format!("/{escaped}"), code: error.code, detail: error.detail }
    }

    /// A refusal of a column on a line of a file, or of the whole line.
    pub(crate) fn in_file(line: u64, column: Option<&str>, error: ValueError) -> Self {
        let refused = Self { line: Some(line), ..Self::new(column.unwrap_or_default(), error) };
        if column.is_some() { refused } else { Self { pointer: String::new(), ..refused } }
    }

    /// A refusal of one member of a list.
    pub(crate) fn member(list: &str, index: usize, error: ValueError) -> Self {
        let list = Self::new(list, error);
        Self { pointer: format!("{}/{index}", list.pointer), ..list }
    }
}

/// A name that a client made up, cut to a length that helps to find it.
fn shortened(name: &str) -> Cow<'_, str> {
    match name.char_indices().nth(MAX_NAME) {
        Some((end, _)) => Cow::Owned(format!("{}…", &name[..end])),
        None => Cow::Borrowed(name),
    }
}
