//! The behaviour of the service through HTTP, against a real database. Every
//! test runs on each backend; PostgreSQL and MariaDB when their URL is given.

mod access;
mod app;
mod bad_input;
mod documentation;
mod errors;
mod lists;
mod people;
mod signin;
mod signup;

/// Makes one test for each backend out of `async fn name(app: TestApp)`.
macro_rules! on_every_backend {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { crate::app::run(crate::app::Backend::Sqlite, super::$name).await; })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { crate::app::run(crate::app::Backend::Postgres, super::$name).await; })+
        }
        mod mariadb {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { crate::app::run(crate::app::Backend::Mariadb, super::$name).await; })+
        }
    };
}
pub(crate) use on_every_backend;
