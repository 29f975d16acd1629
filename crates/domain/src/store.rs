//! What the domain needs of a database. A method is a transaction: it happens
//! whole, with its audit events, or not at all.
//!
//! A port is named for what it keeps, and is small. A use-case holds the ports that it uses.
//! Where a method takes an [`Authority`](crate::Authority), it refuses with [`WriteError::Unauthorized`] when that has
//! ended, before any other refusal, and keeps it as it is until the transaction ends.

mod audit;
mod challenges;
mod customers;
mod erasure;
pub mod error;
mod keys;
mod outbox;
mod sessions;
mod setup;
mod users;

pub use audit::AuditStore;
pub use challenges::{AttemptStore, ChallengeStore, CodeGuess, Outcome, Tried};
pub use customers::{
    Handover, HandoverStore, ImportBatch, ImportBatches, ImportFound, ImportKeys, ImportStore, RejudgeHandover, Share,
};
pub use erasure::{Erasure, ErasureStore, Expirable, HealthStore, HousekeepingStore, PersonalDataStore};
pub use error::{StoreError, WriteError};
pub use keys::KeyStore;
pub use outbox::{CodeQueueStore, MessageStore, NoticeStore};
pub use sessions::{Credentials, PasswordStore, SessionStore};
pub use setup::{Recovery, SetupStore, SignUpStore};
pub use users::{Account, RejudgeUpdate, Update, UserStore};
