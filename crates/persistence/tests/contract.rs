//! What every store has to do, tried out on each: in memory, on SQLite, and on
//! PostgreSQL and MariaDB where `TEST_POSTGRES_URL` and `TEST_MARIADB_URL` say so.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what fails here is to fail the test")]

mod contract {
    mod accounts;
    mod api_keys;
    mod attempts;
    mod audit;
    mod authority;
    mod backends;
    mod beginnings;
    mod challenges;
    mod changes;
    mod connect;
    mod constraints;
    mod housekeeping;
    mod idempotency;
    mod imports;
    mod keys;
    mod lists;
    mod migrations;
    mod numbers;
    mod pages;
    mod races;
    mod recovery;
    mod rotation;
    mod schema;
    mod sessions;
    mod takeover;
    mod threads;
    mod turns;
}
