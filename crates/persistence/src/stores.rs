//! The ports of the domain. A method is a transaction.

mod api_keys;
mod attempts;
mod audit;
mod challenges;
mod erasure;
mod handover;
mod housekeeping;
mod import;
mod keys;
mod outbox;
mod sessions;
mod setup;
mod users;
