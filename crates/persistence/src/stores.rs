//! The ports of the domain. A method is a transaction.

mod attempts;
mod audit;
mod challenges;
mod code_queue;
mod erasure;
mod handover;
mod health;
mod housekeeping;
mod import;
mod keys;
mod messages;
mod notices;
mod passwords;
mod personal_data;
mod sessions;
mod setup;
mod sign_ups;
mod users;
