//! The behaviour of the service through HTTP, against a real database. Every
//! test runs on each backend; PostgreSQL and MariaDB when their URL is given.
#![expect(clippy::unwrap_used, reason = "what fails here is to fail the test")]

mod access;
mod app;
mod at_once;
mod audit;
mod authority;
mod bad_input;
mod code_budgets;
mod code_turns;
mod codes;
mod cors;
mod delivery;
mod documentation;
mod erasure;
mod errors;
mod export;
mod floods;
mod gateways;
mod handover;
mod idempotency;
mod import;
mod invitations;
mod keys;
mod limits;
mod lists;
mod logs;
mod oracles;
mod passwords;
mod patch;
mod people;
mod prefix;
mod records;
mod refresh;
mod sessions;
mod signin;
mod signup;
mod takeover;
mod tokens;
mod unapproved;
mod values;
mod whole_answers;

/// Makes one test for each backend out of `async fn name(app: TestApp)`.
/// With `in still time:` before the names, out of `async fn name(app: TestApp, clock: FixedClock)`.
macro_rules! on_every_backend {
    (in still time: $($name:ident),+ $(,)?) => {
        crate::on_every_backend! { @by run_in_still_time; $($name),+ }
    };
    (@by $run:ident; $($name:ident),+) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { crate::app::$run(crate::app::Backend::Sqlite, super::$name).await; })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { crate::app::$run(crate::app::Backend::Postgres, super::$name).await; })+
        }
        mod mariadb {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { crate::app::$run(crate::app::Backend::Mariadb, super::$name).await; })+
        }
    };
    ($($name:ident),+ $(,)?) => {
        crate::on_every_backend! { @by run; $($name),+ }
    };
}
pub(crate) use on_every_backend;
