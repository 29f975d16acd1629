//! The ports: what the domain needs of a database. A method is a transaction. It happens completely, with its audit
//! events, or not at all.
//!
//! A port is small and named after what it stores. A use-case holds the ports that it uses. A method that takes an
//! [`Authority`](crate::Authority) locks it until the transaction ends. If it has ended, the method refuses with
//! [`WriteError::Unauthorized`] before any other refusal.

mod api_keys;
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

pub use api_keys::ApiKeyStore;
pub use audit::AuditStore;
pub use challenges::{AttemptStore, ChallengeStore, CodeGuess, Outcome, Tried};
pub use customers::{
    Handover, HandoverStore, ImportBatch, ImportBatches, ImportFound, ImportKeys, ImportStore, RejudgeHandover, Share,
};
pub use erasure::{Erasure, ErasureStore, Expirable, HealthStore, HousekeepingStore, PersonalData, PersonalDataStore};
pub use error::{StoreError, WriteError};
pub use keys::KeyStore;
pub use outbox::{CodeQueueStore, MessageStore, NoticeStore};
pub use sessions::{Credentials, Generation, PasswordStore, SessionOwner, SessionStore};
pub use setup::{Recovery, SetupStore, SignUpStore};
pub use users::{Account, RejudgeUpdate, Update, UserStore};
