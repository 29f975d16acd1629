//! Other processes open the file of SQLite while the service serves from it.

use std::path::{Path, PathBuf};
use std::process::Command;

use persistence::testing::TestDatabase;

use crate::people::{Admin, Load, phone};
use crate::process::{PASSWORD, Program, TestApp};

/// Where [`another_process`] finds its database, and what it does to it.
const URL: &str = "CLIENTELE_TEST_URL";
const STATEMENTS: &str = "CLIENTELE_TEST_STATEMENTS";

/// What other programs do with the file: read it, tidy it up, copy it, rebuild it.
const STATEMENTS_OF_OTHERS: &[&str] = &[
    "SELECT COUNT(*) FROM users",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "VACUUM INTO 'copy.db'",
    "VACUUM",
    "BEGIN IMMEDIATE; UPDATE locks SET holder = holder WHERE name = 'admins'; COMMIT",
];

/// Runs statements on a file.
const PYTHON: &str = "
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
for statement in sys.argv[2].split(';'):
    connection.execute(statement).fetchall()
connection.close()";

/// Every command that there is for a database that is being served, and what it reads.
const COMMANDS: &[(&[&str], &str)] = &[
    (&["config", "check"], ""),
    (&["migrate", "status"], ""),
    (&["migrate", "up"], ""),
    (&["keys", "list"], ""),
    (&["keys", "rotate"], ""),
    (&["admin", "create", "--email", "second@example.com"], PASSWORD),
    (&["admin", "create", "--email", "second@example.com"], PASSWORD),
    (&["import", "-"], "phone\n+998911111111\n"),
    (&["import", "-", "--dry-run"], "phone\n+998911111112\n"),
    (&["export"], ""),
    (&["backup", "copy.db"], ""),
];

/// Not a test by itself: [`others_do`] runs this binary again with it.
#[tokio::test]
#[ignore = "a process that other tests start"]
async fn another_process() {
    let database = TestDatabase::of_another(&std::env::var(URL).unwrap());
    database.run(&std::env::var(STATEMENTS).unwrap()).await;
}

/// Other processes open the file, run the statements and close it: one that is this binary, and one of Python, where
/// there is one, which opens the file as the shell of SQLite and most programs do.
fn others_do(statements: &str, file: &Path) {
    let folder = file.parent().unwrap();
    let done = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sqlite::another_process", "--ignored"])
        .env(URL, format!("sqlite:{}", file.display()))
        .env(STATEMENTS, statements)
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && said.contains("1 passed"), "{statements}: {said}");
    // What the other one copied.
    let _ = std::fs::remove_file(folder.join("copy.db"));
    let python = Command::new("python3").args(["-c", PYTHON]).arg(file).arg(statements).current_dir(folder).output();
    match python {
        Ok(done) => assert!(done.status.success(), "{statements}: {}", String::from_utf8_lossy(&done.stderr)),
        Err(error) => eprintln!("without Python: {error}"),
    }
}

fn file_of(program: &Program) -> PathBuf {
    program.folder.path().join("data/clientele.db")
}

/// Whether the process has a lock on the file, which tells all others that it is open. As Linux tells it.
#[cfg(target_os = "linux")]
fn is_locked(file: &Path, by: u32) -> bool {
    use std::os::unix::fs::MetadataExt;

    let (by, inode) = (by.to_string(), format!(":{}", file.metadata().unwrap().ino()));
    let locks = std::fs::read_to_string("/proc/locks").unwrap();
    let mut locks = locks.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    locks.any(|lock| lock.contains(&by.as_str()) && lock.iter().any(|word| word.ends_with(&inode)))
}

#[cfg(not(target_os = "linux"))]
fn is_locked(_: &Path, _: u32) -> bool {
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_is_locked_from_the_first_start_to_the_end() {
    let program = Program::new();
    let first = program.serve();
    assert!(is_locked(&file_of(&program), first.pid()), "where the file was made");
    first.kill();
    let mut again = program.serve();
    assert!(is_locked(&file_of(&program), again.pid()), "where it was there");
    Admin::first(&mut again).await;
    assert!(is_locked(&file_of(&program), again.pid()), "after a write");
}

/// Runs what others do while people are entered, ends the service, and looks for everybody who was acknowledged.
async fn beside_the_service(others: impl Fn(&Program, &TestApp), end: impl FnOnce(TestApp)) {
    let program = Program::new();
    let mut app = program.serve();
    let admin = Admin::first(&mut app).await;
    let load = Load::start(&admin, 4);
    load.until_entered(20).await;
    others(&program, &app);
    assert!(is_locked(&file_of(&program), app.pid()), "the lock is gone");
    load.until_more_entered(20).await;
    end(app);
    let seen = load.stop().await;
    let app = program.serve();
    let entered = Admin::again(&app).await.phones().await;
    for one in seen.iter().filter(|one| one.status == Some(201)) {
        assert!(entered.contains(&one.phone), "{one:?} is lost");
    }
    assert!(seen.iter().all(|one| one.status != Some(500)), "{seen:?}");
}

fn statements(program: &Program, _: &TestApp) {
    for statement in STATEMENTS_OF_OTHERS {
        others_do(statement, &file_of(program));
    }
}

fn commands(program: &Program, app: &TestApp) {
    for (words, input) in COMMANDS {
        let done = program.run_with_input(words, input);
        assert_eq!(done.code(), Some(0), "{words:?}: {}", done.stderr());
    }
    assert_eq!(program.run(&["health", "--listen", &app.address]).code(), Some(0));
}

fn orderly(app: TestApp) {
    app.signal("TERM");
    let (status, stderr) = app.wait();
    assert_eq!(status.code(), Some(0), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_of_others_lose_nothing_before_an_orderly_end() {
    beside_the_service(statements, orderly).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_of_others_lose_nothing_before_a_kill() {
    beside_the_service(statements, TestApp::kill).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_beside_the_service_lose_nothing_before_an_orderly_end() {
    beside_the_service(commands, orderly).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_beside_the_service_lose_nothing_before_a_kill() {
    beside_the_service(commands, TestApp::kill).await;
}

/// A service whose log is gone: a reader deleted it, since it took itself for the last one.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_leaves_the_log_of_the_service_where_it_is() {
    let program = Program::new();
    let mut app = program.serve();
    let admin = Admin::first(&mut app).await;
    assert_eq!(admin.create(&phone(1)).await.unwrap().status(), 201);
    others_do("SELECT COUNT(*) FROM users", &file_of(&program));
    for ending in ["-wal", "-shm"] {
        let file = program.folder.path().join(format!("data/clientele.db{ending}"));
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions()) & 0o777, 0o600);
        assert!(file.exists(), "{}", file.display());
    }
    assert_eq!(admin.create(&phone(2)).await.unwrap().status(), 201);
    app.kill();
    assert_eq!(Admin::again(&program.serve()).await.phones().await.len(), 2);
}
