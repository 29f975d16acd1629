//! Staff, customers, and who may see and change whom.
//!
//! This crate has the rules of Clientele and can be used alone. It has value types that parse themselves, [`User`] with
//! its [`Profile`], one [`policy`] for single records and for lists, the use-cases of [`Accounts`], and the [`store`]
//! ports that a database implements. See `examples/embed.rs`, and `docs/domain.md` in the repository, which explains the
//! model, the policy, the ports, and how to bring a store of one's own.
//!
//! It must not know HTTP, SQL, tokens or passwords. A password arrives here as a [`PasswordHash`], a caller as an
//! [`Actor`].
//!
//! The feature `testing` adds the module `testing` with a store in memory and a clock that stands still.
#![warn(missing_docs)]

pub mod accounts;
mod action;
pub mod actor;
pub mod api_key;
mod api_keys;
pub mod audit;
pub mod challenge;
pub mod clock;
pub mod code_queue;
pub mod delivery;
pub mod error;
mod error_chain;
pub mod housekeeping;
pub mod id;
pub mod idempotency;
pub mod import;
pub mod key;
pub mod limit;
mod names;
pub mod notice;
pub mod page;
pub mod patch;
mod permissions;
pub mod policy;
pub mod session;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
pub mod user;
pub mod value;

/// The page is true.
#[cfg(all(doctest, feature = "testing"))]
#[doc = include_str!("../../../docs/domain.md")]
mod page_of_the_repository {}

pub use accounts::{
    AccountPorts, Accounts, Expected, HandedOver, HandoverOrder, NewCustomer, NewStaff, NewUser, PersonalEvents,
};
pub use action::{Action, KeyScopes};
pub use actor::{Actor, Authority, Credential, FreshProof, Identity, Origin};
pub use api_key::{ApiKey, NewApiKey};
pub use api_keys::{ApiKeyPorts, ApiKeys};
pub use clock::{Clock, SystemClock, Timestamp};
pub use error::{Error, given};
pub use error_chain::ErrorChain;
pub use housekeeping::Housekeeping;
pub use id::{ApiKeyId, ChallengeId, EventId, MessageId, SessionId, UserId};
pub use idempotency::IdempotentRequest;
pub use notice::{Notice, NoticePurpose};
pub use page::{Cursor, Filter, Page, PageSize, Sort, UserQuery};
pub use patch::UserPatch;
pub use permissions::Permissions;
pub use policy::Scope;
pub use store::PersonalData;
pub use user::{Customer, Field, PasswordHash, Profile, Role, Staff, StaffRole, User, VerificationMethod};
pub use value::{DisplayName, Email, Metadata, Network, Phone, TrunkNumber, ValueError};
