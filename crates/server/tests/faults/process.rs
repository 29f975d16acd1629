//! The program as a process of its own.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use domain::{Clock, SystemClock};
use persistence::testing::TestDatabase;

pub(crate) const EMAIL: &str = "admin@example.com";
pub(crate) const PASSWORD: &str = "correct horse battery";
/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// An address of this machine that no other test uses and that no free port is given out on.
pub(crate) fn address_of_ones_own() -> String {
    let [.., high, low] = std::process::id().to_be_bytes();
    format!("127.{high}.{low}.1:8080")
}

/// A folder that is gone when the test is over.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("clientele_faults_{}", SystemClock.new_id().simple()));
        std::fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The program before it runs, in a folder of its own. Its environment is only what the test sets.
pub(crate) struct Program {
    pub(crate) folder: Arc<Folder>,
    pub(crate) settings: Vec<(String, String)>,
}

impl Program {
    /// With cheap password hashes, on free ports.
    pub(crate) fn new() -> Self {
        let program = Self { folder: Arc::new(Folder::new()), settings: Vec::new() };
        program
            .with("CLIENTELE_HTTP__LISTEN", "127.0.0.1:0")
            .with("CLIENTELE_HTTP__WORKERS", "1")
            .with("CLIENTELE_METRICS__LISTEN", "off")
            .with("CLIENTELE_AUTH__BCRYPT_COST", "4")
    }

    pub(crate) fn on(database: &TestDatabase) -> Self {
        Self::new().with("CLIENTELE_DATABASE__URL", database.url())
    }

    /// With this variable, over an earlier one.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.retain(|(other, _)| other != name);
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.settings.retain(|(other, _)| other != name);
        self
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clientele"));
        command.args(words);
        self.prepare(&mut command);
        command
    }

    fn prepare(&self, command: &mut Command) {
        command.env_clear().envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    }

    /// Runs it to its end with these words.
    pub(crate) fn run(&self, words: &[&str]) -> Done {
        self.run_with_input(words, "")
    }

    pub(crate) fn run_with_input(&self, words: &[&str], input: &str) -> Done {
        let mut child = self.command(words).stdin(Stdio::piped()).spawn().unwrap();
        // A command that reads no input may have ended already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        // Read while it runs: a pipe holds less than some of the answers.
        let mut written = Kept::new(child.stdout.take().unwrap());
        let mut said = Kept::new(child.stderr.take().unwrap());
        let status = wait(&mut child);
        written.end();
        said.end();
        Done(Output { status, stdout: written.text().into(), stderr: said.text().into() })
    }

    /// The same through a shell, which may put limits on it first.
    pub(crate) fn run_under(&self, limits: &str, words: &[&str]) -> Done {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{limits}; exec {} {}", env!("CARGO_BIN_EXE_clientele"), words.join(" "))]);
        self.prepare(&mut command);
        Done(command.env("PATH", "/usr/bin:/bin").output().unwrap())
    }

    /// The same with a standard output that nobody reads.
    pub(crate) fn run_unheard(&self, words: &[&str]) -> Done {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Done(self.command(words).stdout(writer).output().unwrap())
    }

    /// Starts the service and waits until it listens.
    pub(crate) fn serve(&self) -> TestApp {
        self.wait_for(self.command(&["serve"]))
    }

    /// Starts the service and waits for nothing.
    pub(crate) fn start(&self) -> TestApp {
        TestApp::start(self.command(&["serve"]), self.folder.clone())
    }

    /// The same through a shell, which may put limits on it first.
    pub(crate) fn serve_under(&self, limits: &str) -> TestApp {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{limits}; exec {} serve", env!("CARGO_BIN_EXE_clientele"))]);
        self.prepare(&mut command);
        command.env("PATH", "/usr/bin:/bin");
        self.wait_for(command)
    }

    fn wait_for(&self, command: Command) -> TestApp {
        let mut app = TestApp::start(command, self.folder.clone());
        app.until_it_listens();
        app
    }
}

/// What a run came to.
pub(crate) struct Done(Output);

impl Done {
    pub(crate) fn code(&self) -> Option<i32> {
        self.0.status.code()
    }

    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    /// Asserts that it ended with this code and one line that has these words.
    #[track_caller]
    pub(crate) fn failed(&self, code: i32, words: &[&str]) {
        let stderr = self.stderr();
        assert_eq!(self.code(), Some(code), "{stderr}");
        assert_eq!(stderr.trim_end().lines().count(), 1, "{stderr}");
        assert!(stderr.starts_with("clientele: "), "{stderr}");
        for word in words {
            assert!(stderr.contains(word), "no {word:?} in {stderr}");
        }
        assert_eq!(self.stdout(), "", "nothing listens");
    }
}

/// The service while it runs. Killed when dropped.
pub(crate) struct TestApp {
    child: Child,
    pub(crate) address: String,
    stdout: Kept,
    stderr: Kept,
    _folder: Arc<Folder>,
}

impl TestApp {
    fn start(mut command: Command, folder: Arc<Folder>) -> Self {
        let mut child = command.spawn().unwrap();
        let (stdout, stderr) = (Kept::new(child.stdout.take().unwrap()), Kept::new(child.stderr.take().unwrap()));
        Self { child, address: String::new(), stdout, stderr, _folder: folder }
    }

    pub(crate) fn until_it_listens(&mut self) {
        self.address = self.told("listens on http://");
    }

    /// What it writes to standard output between this mark and the next space, quote or end of line.
    fn told(&mut self, mark: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = self.stdout.text();
            let told = text.split_once(mark).and_then(|(_, rest)| rest.split_once(['"', ' ', '\n']));
            if let Some((told, _)) = told {
                return told.to_owned();
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < deadline, "no {mark:?}: {text} {}", self.stderr.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Where its metrics are.
    pub(crate) async fn metrics_address(&self) -> String {
        // The log comes through another pipe than the line that says that it listens, and may come later.
        self.until_it_says("/metrics").await;
        let log = self.stderr();
        let (_, rest) = log.split_once("metrics are on http://").unwrap_or_else(|| panic!("no metrics: {log}"));
        rest.split('/').next().unwrap().to_owned()
    }

    /// The token with which the first admin signs up.
    pub(crate) fn setup_token(&mut self) -> String {
        self.told("\"setup_token\":\"")
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        // The shell has its own `kill`; the program of that name is not on every machine.
        let sent = Command::new("sh").args(["-c", &format!("kill -s {name} {}", self.pid())]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end. Answers how it ended and what it wrote to standard error.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let status = wait(&mut self.child);
        self.stderr.end();
        (status, self.stderr())
    }

    pub(crate) fn stderr(&self) -> String {
        self.stderr.text()
    }

    pub(crate) fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// Waits for a line of its log that has these words.
    pub(crate) async fn until_it_says(&self, words: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.stderr().contains(words) {
            assert!(Instant::now() < deadline, "no {words:?} in {}", self.stderr());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Ends it at once, as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a pipe brings.
struct Kept {
    text: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Kept {
    fn new(mut pipe: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let kept = text.clone();
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                kept.lock().unwrap().extend_from_slice(&buffer[..count]);
            }
        });
        Self { text, reader: Some(reader) }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().unwrap()).into_owned()
    }

    fn end(&mut self) {
        self.reader.take().into_iter().for_each(|reader| reader.join().unwrap());
    }
}

fn wait(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("it did not end in time");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
