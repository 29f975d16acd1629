//! The ports of the domain. A method is a transaction.

mod attempts;
mod audit;
mod challenges;
mod erasure;
mod handover;
mod housekeeping;
mod import;
mod keys;
mod outbox;
mod passwords;
mod personal_data;
mod sessions;
mod setup;
mod sign_ups;
mod users;
