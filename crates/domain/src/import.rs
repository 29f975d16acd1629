//! Importing customers from a file: its lines, and the result.

use async_trait::async_trait;

use crate::id::UserId;
use crate::names::named;
use crate::store::StoreError;
use crate::value::{DisplayName, Email, Metadata, Phone, ValueError};

named! {
    /// A column of a file, by its name in the header.
    Column {
        /// Tells one customer from another.
        Phone => "phone",
        /// What the customer is called.
        DisplayName => "display_name",
        /// The e-mail of the manager who looks after the customer.
        ManagerEmail => "assigned_manager_email",
        /// What else to keep.
        Metadata => "metadata",
        /// In exports only: whether the customer may sign in.
        IsActive => "is_active",
        /// In exports only: customers are imported, staff are passed over.
        Role => "role",
    }
}

/// A line of a file. A field that is `None` was not given, or is listed in `refused`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// The number of the line on which it begins. The header is line 1.
    pub number: u64,
    /// Whose line it is.
    pub phone: Option<Phone>,
    /// What the customer is called.
    pub display_name: Option<DisplayName>,
    /// Who looks after the customer.
    pub manager_email: Option<Email>,
    /// What else to store. It is merged into the metadata of a customer who exists.
    pub metadata: Option<Metadata>,
    /// Whether the customer may sign in.
    pub is_active: Option<bool>,
    /// Whether the line is about staff, whom an import leaves out.
    pub is_of_staff: bool,
    /// The cells that could not be read.
    pub refused: Vec<Refused>,
}

/// A cell that is not valid, or a whole line when no column is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Which cell.
    pub column: Option<Column>,
    /// Why.
    pub error: ValueError,
}

/// Where the lines of a file come from.
#[async_trait]
pub trait Lines: Send {
    /// The next lines, at most `limit`. There are none at the end.
    async fn next(&mut self, limit: usize) -> Result<Vec<Line>, StoreError>;

    /// Goes back to the first line.
    async fn rewind(&mut self) -> Result<(), StoreError>;
}

named! {
    /// What to do about lines that are not valid.
    #[derive(Default)]
    OnError {
        /// Import nothing at all.
        #[default]
        Abort => "abort",
        /// Import the others.
        Skip => "skip",
    }
}

named! {
    /// What to do about customers who exist.
    #[derive(Default)]
    OnExisting {
        /// Leave them as they are.
        #[default]
        Skip => "skip",
        /// Change what the line gives.
        Update => "update",
    }
}

/// How to import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportOrder {
    /// What to do about lines that are not acceptable.
    pub on_error: OnError,
    /// What to do about customers who exist.
    pub on_existing: OnExisting,
    /// Whether to write nothing and only report what would happen.
    pub dry_run: bool,
    /// Who counts as having entered the new customers when the caller is not a person. If nobody is named, each
    /// customer counts as having entered themselves.
    pub created_by: Option<Email>,
}

/// What an import did, or would do. Each line is counted once: as created, updated or skipped, or by its errors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// Customers who are new.
    pub created: u64,
    /// Customers who were changed.
    pub updated: u64,
    /// Customers who were left as they were, and lines about staff.
    pub skipped: u64,
    /// The first [`MAX_ERRORS`] errors, in the order of the lines.
    pub errors: Vec<LineError>,
    /// How many more errors there are.
    pub errors_omitted: u64,
    /// Customers whom the caller may not see, and whose phones the errors reveal.
    pub(crate) told: Vec<UserId>,
}

/// How many errors are reported. Further errors are only counted.
pub const MAX_ERRORS: usize = 100;

/// An error on a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineError {
    /// Where the line begins.
    pub line: u64,
    /// What.
    pub refused: Refused,
}

impl Imported {
    /// Whether nothing was imported because of an error.
    #[must_use]
    pub fn is_aborted(&self, order: &ImportOrder) -> bool {
        order.on_error == OnError::Abort && !self.errors.is_empty()
    }

    pub(crate) fn refuse(&mut self, line: u64, refused: Vec<Refused>) {
        for refused in refused {
            if self.errors.len() < MAX_ERRORS {
                self.errors.push(LineError { line, refused });
            } else {
                self.errors_omitted += 1;
            }
        }
    }

    pub(crate) fn add(&mut self, part: Self) {
        self.created += part.created;
        self.updated += part.updated;
        self.skipped += part.skipped;
        self.errors_omitted += part.errors_omitted;
        self.told.extend(part.told);
        for error in part.errors {
            self.refuse(error.line, vec![error.refused]);
        }
    }
}

impl Refused {
    /// A cell, with a code and a sentence.
    pub(crate) fn cell(column: Column, code: &'static str, detail: &'static str) -> Self {
        Self { column: Some(column), error: ValueError::new(code, detail) }
    }
}
