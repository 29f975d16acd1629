//! Copies of the database.

use std::path::Path;

use persistence::testing::TestDatabase;

use crate::people::{Admin, Load, phone};
use crate::process::{Program, TestApp};

/// The same program on a copy.
fn on_copy(program: &Program, name: &str) -> Program {
    let copy = program.folder.path().join(name);
    Program::new().with("DATABASE_URL", &format!("sqlite:{}", copy.display()))
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_writes_is_whole_and_has_all_that_was_acknowledged_before() {
    let program = Program::new();
    let mut app = program.serve();
    let admin = Admin::first(&mut app).await;
    let load = Load::start(&admin, 4);
    for round in 1..=3 {
        load.until_entered(round * 20).await;
        assert_eq!(admin.create(&phone(5_000_000 + round)).await.unwrap().status(), 201);
        let done = program.run(&["backup", "people.db"]);
        let said = "people.db is a whole copy of data/clientele.db";
        assert_eq!((done.code(), done.stdout().trim(), done.stderr().as_str()), (Some(0), said, ""));
        let copy = TestDatabase::of_another(&format!("sqlite:{}/people.db", program.folder.path().display()));
        assert_eq!(copy.rows("PRAGMA integrity_check").await[0]["integrity_check"], "ok");
        assert_eq!(copy.rows("PRAGMA foreign_key_check").await.len(), 0);
        let phones = copy.rows("SELECT phone FROM customers").await;
        for n in 1..=round {
            let phone = phone(5_000_000 + n);
            assert!(phones.iter().any(|row| row["phone"] == phone.as_str()), "no {phone} in round {round}");
        }
        assert!(phones.len() >= round * 21, "{} in round {round}", phones.len());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let file = program.folder.path().join("people.db").metadata().unwrap();
            assert_eq!(file.permissions().mode() & 0o777, 0o600);
        }
        // What the look at it left there.
        for ending in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(program.folder.path().join(format!("people.db{ending}")));
        }
    }
    let seen = load.stop().await;
    assert!(seen.iter().all(|one| one.status == Some(201)), "{seen:?}");
    assert_eq!(names(program.folder.path()), ["data", "people.db"]);
    let copy = on_copy(&program, "people.db");
    assert!(copy.run(&["migrate", "status"]).stdout().lines().all(|line| line.starts_with("applied")));
    Admin::again(&copy.serve()).await;
}

#[test]
fn a_backup_changes_nothing_of_the_database() {
    let program = Program::new();
    program.run(&["backup", "people.db"]).failed(1, &["no database at data/clientele.db"]);
    assert_eq!(names(program.folder.path()), Vec::<String>::new());
    std::fs::create_dir(program.folder.path().join("data")).unwrap();
    program.folder.write("data/clientele.db", "");
    assert_eq!(program.run(&["backup", "people.db"]).code(), Some(0));
    let status = program.run(&["migrate", "status"]).stdout();
    assert!(status.lines().all(|line| line.starts_with("pending")), "{status}");
}

#[test]
fn what_a_backup_would_spoil_is_refused() {
    let program = Program::new();
    assert_eq!(program.run(&["migrate", "up"]).code(), Some(0));
    let folder = program.folder.path();
    std::fs::hard_link(folder.join("data/clientele.db"), folder.join("linked.db")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("data", folder.join("also")).unwrap();
    for file in [
        "data/clientele.db",
        "./data/../data/clientele.db",
        "linked.db",
        "data/clientele.db-wal",
        "data/clientele.db-shm",
    ] {
        program.run(&["backup", file]).failed(1, &[file, "is the database itself"]);
    }
    #[cfg(unix)]
    program.run(&["backup", "also/clientele.db-journal"]).failed(1, &["is the database itself"]);
    program.run(&["export", "--output", "data/clientele.db"]).failed(1, &["is the database itself"]);
    program.run(&["backup", "data"]).failed(1, &["data is a folder"]);
    program.run(&["backup", "nowhere/people.db"]).failed(1, &["cannot write nowhere/people.db"]);
    program.run(&["backup", "/dev/null"]).failed(1, &["/dev/null is not a file"]);
    program.folder.write("people.db-wal", "the log of who has people.db open");
    program.run(&["backup", "people.db"]).failed(1, &["people.db-wal", "in use"]);
    assert_eq!(program.run(&["backup"]).code(), Some(2));
    assert_eq!(program.run(&["export"]).code(), Some(0), "the database is as it was");
}

/// No file may grow beyond 4 KiB.
#[cfg(unix)]
#[test]
fn a_backup_that_fails_leaves_what_was_there() {
    let program = Program::new();
    assert_eq!(program.run(&["migrate", "up"]).code(), Some(0));
    program.folder.write("people.db", "the backup of yesterday");
    let failed = program.run_under("trap '' XFSZ; ulimit -f 8", &["backup", "people.db"]);
    assert_eq!(failed.code(), Some(1), "{}", failed.stdout());
    assert!(failed.stderr().starts_with("clientele: "), "{}", failed.stderr());
    assert_eq!(std::fs::read_to_string(program.folder.path().join("people.db")).unwrap(), "the backup of yesterday");
    assert_eq!(names(program.folder.path()), ["data", "people.db"]);
    assert_eq!(program.run(&["backup", "people.db"]).code(), Some(0));
}

#[test]
fn on_servers_it_says_what_to_use() {
    for (url, tool) in [
        ("postgres://ann:sesame@db/people", "pg_dump"),
        ("mysql://ann:sesame@db/people", "mysqldump"),
        ("mariadb://ann:sesame@db/people", "mariadb-dump"),
    ] {
        let done = Program::new().with("DATABASE_URL", url).run(&["backup", "people.db"]);
        done.failed(2, &[tool]);
        assert!(!done.stderr().contains("sesame"), "{}", done.stderr());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_of_the_service_spoils_no_backup() {
    let program = Program::new();
    let mut app = program.serve();
    let admin = Admin::first(&mut app).await;
    assert_eq!(admin.create(&phone(1)).await.unwrap().status(), 201);
    TestApp::kill(app);
    assert_eq!(program.run(&["backup", "people.db"]).code(), Some(0));
    let copy = on_copy(&program, "people.db");
    assert_eq!(Admin::again(&copy.serve()).await.phones().await.len(), 1);
}
