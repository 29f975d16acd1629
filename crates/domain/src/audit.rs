//! The record of who did what to whom. Written with the act, or the act does not happen.

mod event;
mod query;

pub use event::{Change, Changes, ERASED, Event, EventKind, blanked, changes};
pub use query::{EventCursor, EventFilter, EventPage, EventQuery};
