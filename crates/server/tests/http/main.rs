//! The behaviour of the service through HTTP, against a real database. Every test runs on each backend; PostgreSQL and
//! MariaDB when their URL is given.
//!
//! One word for the harness, here and in `faults` and `walk`: a [`TestApp`](app::TestApp) is a running service with a
//! database of its own. Here it runs in the process of the test; in `faults` and `walk` it is the program itself.
//! People who call it are [`Caller`](app::Caller)s, made by `app.admin()`, `app.manager(..)`, `app.customer(..)` or
//! `app.anonymous()`. What comes back is an [`Answer`](app::Answer):
//! - `assert_problem(&answer, 403, "forbidden")` holds a refusal against its whole form;
//! - `answer.good()` is the answer, which must be a success: for what a test needs and isn't about;
//! - `assert_eq!(answer.status, 201, "{}", answer.text)` where the test is about the status.
#![expect(clippy::unwrap_used, reason = "what fails here is to fail the test")]

mod access;
mod api_keys;
mod app;
mod at_once;
mod audit;
mod authority;
mod bad_input;
mod browser;
mod code_budgets;
mod code_turns;
mod codes;
mod console;
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
mod identity;
mod import;
mod introspection;
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
mod rust_client;
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
        crate::on_every_backend! { @by with_app_in_still_time; $($name),+ }
    };
    (@by $with:ident; $($name:ident),+) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { crate::app::$with(crate::app::Backend::Sqlite, super::$name).await; })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { crate::app::$with(crate::app::Backend::Postgres, super::$name).await; })+
        }
        mod mariadb {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { crate::app::$with(crate::app::Backend::Mariadb, super::$name).await; })+
        }
    };
    ($($name:ident),+ $(,)?) => {
        crate::on_every_backend! { @by with_app; $($name),+ }
    };
}
pub(crate) use on_every_backend;
