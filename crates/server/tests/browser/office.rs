//! The program, the people in it, and the browsers that open its console.

use std::sync::{Arc, Mutex};

use persistence::testing::TestDatabase;
use tokio::sync::Semaphore;

use crate::caller::Caller;
use crate::driver::{Driver, Session};
use crate::process::{EMAIL, PASSWORD, Program, TestApp};
use crate::tab::{Device, Tab};

pub(crate) const ADMIN: &str = EMAIL;
pub(crate) const MANAGER: &str = "mia@example.com";

/// Browsers are large, and more of them at once than cores only wait for each other.
static AT_ONCE: Semaphore = Semaphore::const_new(3);

/// A test of the console. Every request that it refuses on purpose is named, since a browser logs each as an error.
pub(crate) struct Office {
    program: Option<Program>,
    app: Option<TestApp>,
    driver: Arc<Driver>,
    sessions: Mutex<Vec<Arc<Session>>>,
    expected: Mutex<Vec<String>>,
    /// How wide the tabs of a test are that runs at both widths.
    pub(crate) device: Device,
    _database: TestDatabase,
}

/// Whom most tests work with.
pub(crate) struct Staff {
    pub(crate) admin: Caller,
    /// Mia Moss.
    pub(crate) manager: Caller,
}

impl Office {
    /// Runs the test, and checks what its browsers logged. Skips it on a machine without a browser.
    pub(crate) async fn with(device: Device, database: Option<TestDatabase>, test: impl AsyncFnOnce(&mut Self)) {
        let _turn = AT_ONCE.acquire().await.unwrap();
        let (Some(database), Some(driver)) = (database, Driver::start()) else { return };
        let program = Program::on(&database);
        let mut office = Self {
            program: Some(program),
            app: None,
            driver: Arc::new(driver),
            sessions: Mutex::default(),
            expected: Mutex::default(),
            device,
            _database: database,
        };
        test(&mut office).await;
        office.check_logs().await;
    }

    /// Starts the program with these settings.
    pub(crate) fn start(&mut self, settings: &[(&str, &str)]) {
        let program = self.program.take().unwrap();
        let program = settings.iter().fold(program, |program, (name, value)| program.with(name, value));
        self.app = Some(program.serve());
        self.program = Some(program);
    }

    /// Starts the program with these settings, an admin and a manager.
    pub(crate) async fn start_with_staff(&mut self, settings: &[(&str, &str)]) -> Staff {
        self.start(settings);
        let admin = Caller::first(self.app.as_mut().unwrap()).await;
        admin.hire(MANAGER, "Mia Moss").await;
        Staff { manager: self.caller(MANAGER).await, admin }
    }

    /// Ends the program at once.
    pub(crate) fn stop(&mut self) {
        let app = self.app.take().unwrap();
        // It comes back at the address that the browsers know.
        self.program = Some(self.program.take().unwrap().with("CLIENTELE_HTTP__LISTEN", &app.address));
        app.kill();
    }

    /// The program, to run another command on the same database.
    pub(crate) fn program(&self) -> &Program {
        self.program.as_ref().unwrap()
    }

    pub(crate) fn app(&self) -> &TestApp {
        self.app.as_ref().unwrap()
    }

    pub(crate) fn app_mut(&mut self) -> &mut TestApp {
        self.app.as_mut().unwrap()
    }

    pub(crate) async fn caller(&self, email: &str) -> Caller {
        Caller::sign_in(self.app(), email).await
    }

    /// A tab of a new browser, at the page before the first.
    pub(crate) async fn browser(&self, device: Device) -> Tab {
        self.browser_at(&self.app().url(""), device, &[]).await
    }

    /// The same with another address of the service, and flags of Chromium's.
    pub(crate) async fn browser_at(&self, root: &str, device: Device, flags: &[&str]) -> Tab {
        let session = Arc::new(self.driver.browser(flags).await);
        self.sessions.lock().unwrap().push(session.clone());
        let window = session.window().await;
        Tab::new(session, window, root.trim_end_matches('/').to_owned(), device).await
    }

    /// A tab of a new browser in which this person has signed in.
    pub(crate) async fn signed_in(&self, email: &str, device: Device) -> Tab {
        let tab = self.browser(device).await;
        tab.go("").await;
        sign_in(&tab, email).await;
        tab.until("document.querySelector('.who')").await;
        tab
    }

    /// The log may name this: the status and a part of the path of a request that is refused.
    pub(crate) fn expect_refusal(&self, status: u16, path: &str) {
        self.expected.lock().unwrap().push(format!("{path} the server responded with a status of {status} "));
    }

    /// The log may name requests that nobody answered.
    pub(crate) fn expect_silence(&self) {
        self.expected.lock().unwrap().push(" net::ERR_".to_owned());
    }

    /// The log may have lines with these words.
    pub(crate) fn expect_note(&self, words: &str) {
        self.expected.lock().unwrap().push(format!(" {words}"));
    }

    async fn check_logs(&self) {
        let sessions = self.sessions.lock().unwrap().clone();
        for session in sessions {
            let lines = session.log().await;
            let unexpected: Vec<_> = lines.iter().filter(|line| !self.is_expected(line)).collect();
            assert!(unexpected.is_empty(), "the browser logged {unexpected:#?}");
        }
    }

    fn is_expected(&self, line: &str) -> bool {
        let expected = self.expected.lock().unwrap();
        expected
            .iter()
            .any(|what| what.split_once(' ').is_some_and(|(path, words)| line.contains(path) && line.contains(words)))
    }
}

/// Fills in the way in with the password of everybody here.
pub(crate) async fn sign_in(tab: &Tab, email: &str) {
    tab.fill("E-mail", email).await;
    tab.fill("Password", PASSWORD).await;
    tab.press("Sign in").await;
}

/// Makes a test of each function, on SQLite.
macro_rules! in_a_browser {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
            async fn $name() {
                let database = Some(persistence::testing::TestDatabase::sqlite());
                crate::office::Office::with(crate::tab::Device::Phone, database, super::$name).await;
            })+
        }
    };
}
pub(crate) use in_a_browser;

/// Makes two tests of each function, on SQLite: on a phone and at a desk.
macro_rules! at_both_widths {
    (@ $module:ident, $device:ident, $($name:ident),+) => {
        mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
            async fn $name() {
                let database = Some(persistence::testing::TestDatabase::sqlite());
                crate::office::Office::with(crate::tab::Device::$device, database, super::$name).await;
            })+
        }
    };
    ($($name:ident),+ $(,)?) => {
        crate::office::at_both_widths!(@ phone, Phone, $($name),+);
        crate::office::at_both_widths!(@ desk, Desk, $($name),+);
    };
}
pub(crate) use at_both_widths;

/// Makes a test of each function, on PostgreSQL.
macro_rules! in_a_browser_on_postgres {
    ($($name:ident),+ $(,)?) => {
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
            async fn $name() {
                let database = persistence::testing::TestDatabase::postgres().await;
                crate::office::Office::with(crate::tab::Device::Phone, database, super::$name).await;
            })+
        }
    };
}
pub(crate) use in_a_browser_on_postgres;
