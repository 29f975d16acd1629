//! For tests, here and in other teams: a store in memory, a clock that stands
//! still, and people to fill the store with.
//!
//! [`MemoryStore`] is a second implementation of the [`store`](crate::store)
//! ports, not a mock: it refuses what a database refuses. The contract tests of
//! `persistence` run against both.
//!
//! What is made here from text panics when the text is wrong, as a test should.

mod clock;
mod memory;
mod people;
mod rows;

pub use clock::FixedClock;
pub use memory::MemoryStore;
pub use people::{
    account, accounts, admin, customer, email, manager, new_admin, new_customer, new_manager, password_hash, phone,
    signed_in, staff,
};
pub use rows::{any_code, api_key, challenge, event, message, session};
