//! Runs the backup, the restore test and the restore of `docs/operation.md` word for word.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use persistence::testing::TestDatabase;

use super::{Shell, matches, steps};

const OPERATION: &str = include_str!("../../../../docs/operation.md");

/// Starts and stops the service as `systemctl` does, since the machine of a test has none.
const SYSTEMCTL: &str = r#"#!/bin/bash
case $1 in
start) clientele serve >out 2>err </dev/null & echo $! >pid
    until grep -q 'listens on' out; do kill -0 "$(cat pid)" || exit 1; sleep 0.1; done ;;
stop) kill "$(cat pid)"; while kill -0 "$(cat pid)" 2>/dev/null; do sleep 0.1; done ;;
esac
"#;

/// What the document says about one kind of database.
fn section(heading: &str) -> &'static str {
    let (_, rest) = OPERATION.split_once(&format!("### {heading}\n")).unwrap();
    rest.split("\n##").next().unwrap()
}

fn walk(heading: &str, database: &TestDatabase, variables: &[(&str, &str)], files: &[(&str, &str)]) {
    // Any folder of its own will do as the working directory.
    let scratch = TestDatabase::sqlite();
    let folder = PathBuf::from(scratch.url().strip_prefix("sqlite:").unwrap()).parent().unwrap().to_owned();
    std::fs::create_dir_all(folder.join("bin")).unwrap();
    for (name, text) in files.iter().chain(&[("bin/systemctl", SYSTEMCTL)]) {
        std::fs::write(folder.join(name), text).unwrap();
    }
    std::fs::set_permissions(folder.join("bin/systemctl"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_clientele")).parent().unwrap();
    let path = format!("{}:{}:{}", folder.join("bin").display(), program.display(), std::env::var("PATH").unwrap());
    let mut bash = Command::new("bash");
    bash.current_dir(&folder).env("PATH", path).envs(variables.iter().copied());
    bash.env("CLIENTELE_HTTP__LISTEN", "127.0.0.1:0").env("CLIENTELE_METRICS__LISTEN", "off");
    if !database.url().starts_with("sqlite") {
        bash.env("DATABASE_URL", database.url());
    }
    let mut shell = Shell::start_with(bash);
    shell.run("systemctl start clientele", None);
    shell.run("printf 'phone\\n+998901234567\\n+998901234568\\n' | clientele import -", None);
    let steps = steps(section(heading));
    assert!(steps.len() >= 4, "the commands are there");
    for step in steps {
        let answer = shell.run(&format!("{} 2>&1", step.command), None);
        let expected = step.expected.join("\n");
        assert!(matches(&expected, answer.trim_end()), "$ {}\nshown:    {expected}\nanswered: {answer}", step.command);
    }
    let left = shell.run("clientele export --format ndjson | wc -l", None);
    assert_eq!(left.trim(), "2", "the service has its people after all this");
    shell.run("systemctl stop clientele", None);
}

#[test]
fn a_backup_of_sqlite_is_made_tried_and_restored() {
    walk("Backup of SQLite", &TestDatabase::sqlite(), &[], &[]);
}

fn is_there(tool: &str) -> bool {
    let found = Command::new(tool).arg("--version").output().is_ok();
    if !found {
        eprintln!("skipped: no {tool}");
    }
    found
}

#[tokio::test]
async fn a_backup_of_postgres_is_made_and_tried() {
    let (Some(database), Some(restored)) = (TestDatabase::postgres().await, TestDatabase::postgres().await) else {
        return;
    };
    if is_there("pg_dump") {
        walk("Backup of PostgreSQL", &database, &[("RESTORED_URL", restored.url())], &[]);
    }
}

#[tokio::test]
async fn a_backup_of_mariadb_is_made_and_tried() {
    let (Some(database), Some(restored)) = (TestDatabase::mariadb().await, TestDatabase::mariadb().await) else {
        return;
    };
    if !is_there("mariadb-dump") {
        return;
    }
    let name = |database: &TestDatabase| database.url().rsplit('/').next().unwrap().to_owned();
    let server = database.url().split_once("://").unwrap().1.split('/').next().unwrap().to_owned();
    let (user, place) = server.rsplit_once('@').unwrap();
    let (host, port) = place.split_once(':').unwrap_or((place, "3306"));
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let options = format!("[client]\nhost={host}\nport={port}\nuser={user}\npassword={password}\n");
    let variables =
        [("NAME", &*name(&database)), ("RESTORED_NAME", &*name(&restored)), ("RESTORED_URL", restored.url())];
    walk("Backup of MariaDB and MySQL", &database, &variables, &[("backup.cnf", &options)]);
}
