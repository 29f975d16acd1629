//! The database goes away, is full, or is busy.

use std::process::Command;
use std::time::{Duration, Instant};

use persistence::testing::TestDatabase;
use tokio::time::sleep;

use crate::people::{Admin, Load, Seen, phone};
use crate::process::{Program, TestApp};
use crate::proxy::{Proxy, Way, server};

/// How long a request may take that the database can't serve: waiting for a connection, and what a
/// busy machine adds.
const QUICK: Duration = Duration::from_secs(8);
/// The same where the network drops everything, so that only a timeout ends it.
const PATIENT: Duration = Duration::from_secs(16);

async fn servers() -> Vec<TestDatabase> {
    [TestDatabase::postgres().await, TestDatabase::mariadb().await].into_iter().flatten().collect()
}

/// Asserts that everybody was answered, with a 201 or a quick 503 that says when to come back.
fn only_quick_refusals(seen: &[Seen], limit: Duration) -> usize {
    let mut refused = 0;
    for one in seen {
        match one.status {
            Some(201) => {}
            Some(503) => {
                assert!(one.has_retry_after && one.took < limit, "{one:?}");
                refused += 1;
            }
            _ => panic!("{one:?}"),
        }
    }
    refused
}

async fn goes_away(way: Way, limit: Duration) {
    for database in servers().await {
        let proxy = Proxy::to(server(database.url()));
        let mut app = Program::new().with("CLIENTELE_DATABASE__URL", &proxy.url(database.url())).serve();
        let admin = Admin::first(&mut app).await;
        let load = Load::start(&admin, 8);
        load.until_entered(20).await;
        proxy.set(way);
        let began = Instant::now();
        sleep(Duration::from_millis(500)).await;
        let health = admin.get("/health/ready").await.unwrap();
        assert_eq!(health.status(), 503);
        assert_eq!(admin.get("/health/live").await.unwrap().status(), 200);
        sleep(Duration::from_secs(5).saturating_sub(began.elapsed())).await;
        load.until_refused().await;
        proxy.set(Way::Open);
        load.until_more_entered(20).await;
        assert_eq!(admin.get("/health/ready").await.unwrap().status(), 200);
        let seen = load.stop().await;
        assert!(only_quick_refusals(&seen, limit) > 0, "nobody noticed");
        let entered = admin.phones().await;
        for one in seen.iter().filter(|one| one.status == Some(201)) {
            assert!(entered.contains(&one.phone), "{one:?} is lost");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_down_gives_quick_503s_and_comes_back_by_itself() {
    goes_away(Way::Cut, QUICK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_swallows_everything_gives_503s_and_comes_back_by_itself() {
    goes_away(Way::Swallowed, PATIENT).await;
}

/// Requests that were under way are given up after a while, and so are their connections: each has a place in the pool.
#[tokio::test(flavor = "multi_thread")]
async fn another_server_takes_over_and_no_connection_to_the_old_one_is_waited_for() {
    for database in servers().await {
        let proxy = Proxy::to(server(database.url()));
        let program = Program::new().with("CLIENTELE_DATABASE__URL", &proxy.url(database.url()));
        let mut app = program.with("CLIENTELE_DATABASE__MAX_CONNECTIONS", "2").serve();
        let admin = Admin::first(&mut app).await;
        let load = Load::start(&admin, 8);
        load.until_entered(20).await;
        proxy.set(Way::Replaced);
        load.until_refused().await;
        load.until_more_entered(20).await;
        assert!(only_quick_refusals(&load.stop().await, PATIENT) > 0, "nobody noticed");
    }
}

/// How long an answer may be used again after the database went away.
const REMEMBERED: Duration = Duration::from_secs(2);

/// Callers are known for a moment without the database, and no longer.
async fn nobody_is_known_for_long(way: Way) {
    for database in servers().await {
        let proxy = Proxy::to(server(database.url()));
        let mut app = Program::new().with("CLIENTELE_DATABASE__URL", &proxy.url(database.url())).serve();
        let admin = Admin::first(&mut app).await;
        let program = admin.with_key().await;
        for caller in [&admin, &program] {
            for _ in 0..3 {
                assert_eq!(caller.get("/users/me").await.unwrap().status(), 200);
            }
        }
        proxy.set(way);
        let since = Instant::now();
        for caller in [&admin, &program] {
            let mut refused = 0;
            while refused < 3 {
                let began = since.elapsed();
                match caller.get("/users/me").await.unwrap().status().as_u16() {
                    200 => assert!(began < REMEMBERED, "let in {began:?} after the database went away"),
                    503 => refused += 1,
                    other => panic!("{other}"),
                }
            }
        }
        proxy.set(Way::Open);
        admin.until_created(&phone(1)).await;
        for caller in [&admin, &program] {
            assert_eq!(caller.get("/users/me").await.unwrap().status(), 200);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_database_is_down_nobody_is_known_for_longer_than_two_seconds() {
    nobody_is_known_for_long(Way::Cut).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_network_swallows_everything_nobody_is_known_for_longer_than_two_seconds() {
    nobody_is_known_for_long(Way::Swallowed).await;
}

/// A lock that keeps everybody else from entering customers.
fn holding(database: &TestDatabase) -> &'static str {
    match database.url().split_once(':').unwrap().0 {
        "postgres" => "BEGIN; LOCK TABLE customers IN ACCESS EXCLUSIVE MODE",
        "mysql" => "LOCK TABLES customers WRITE",
        _ => "BEGIN IMMEDIATE",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_somebody_holds_exhaust_the_pool_and_nobody_hangs() {
    for database in servers().await.into_iter().chain([TestDatabase::sqlite()]) {
        let program = Program::on(&database)
            .with("CLIENTELE_DATABASE__MAX_CONNECTIONS", "2")
            .with("CLIENTELE_METRICS__LISTEN", "127.0.0.1:0");
        let mut app = program.serve();
        let admin = Admin::first(&mut app).await;
        let held = database.hold(holding(&database)).await;
        let load = Load::start(&admin, 6);
        load.until_refused().await;
        assert_eq!(admin.get("/health/live").await.unwrap().status(), 200);
        assert_eq!(reqwest::get(app.url("/users/me")).await.unwrap().status(), 401);
        assert!(app.metrics().await.contains("clientele_database_connections_max"));
        let seen = load.stop().await;
        // A statement may run 5 s on MariaDB, which has no shorter limit for such locks; SQLite waits twice as long.
        assert!(only_quick_refusals(&seen, PATIENT) > 0, "nobody was refused");
        held.release().await;
        admin.until_created(&phone(5_000_000)).await;
    }
}

/// A disk of 4 MiB, mounted at a folder and unmounted when dropped.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    /// `None` where the system does not let us mount one: that needs root, and not every container allows it.
    fn at(folder: &std::path::Path) -> Option<Self> {
        std::fs::create_dir_all(folder).unwrap();
        let disk = Self(folder.to_owned());
        disk.mount("size=4m").then_some(disk)
    }

    fn mount(&self, options: &str) -> bool {
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&self.0).output();
        mounted.is_ok_and(|mounted| mounted.status.success())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).output();
    }
}

async fn fills_up(app: &mut TestApp, make_room: impl FnOnce(&TestApp) -> bool) {
    let admin = Admin::first(app).await;
    let mut entered = 0;
    let refused = loop {
        let answer = admin.create(&phone(entered)).await.unwrap();
        if answer.status() != 201 {
            break answer;
        }
        entered += 1;
        assert!(entered < 20_000, "the disk was never full");
    };
    assert_eq!(refused.status(), 503, "{}", refused.text().await.unwrap());
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(admin.get("/users/me").await.unwrap().status(), 200, "reads go on");
    assert_eq!(admin.phones().await.len(), entered, "nothing half done is seen");
    assert!(make_room(app));
    admin.until_created(&phone(entered)).await;
    assert_eq!(admin.phones().await.len(), entered + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_writes_lets_reads_go_on_and_is_got_over() {
    let program = Program::new();
    let Some(disk) = SmallDisk::at(&program.folder.path().join("data")) else {
        eprintln!("skipped: only root may mount a small disk");
        return;
    };
    let mut app = program.serve();
    fills_up(&mut app, |_| disk.mount("remount,size=64m")).await;
    app.kill();
}

/// The same without mounting a disk: no file may grow beyond 1 MiB, which the log of the database soon reaches.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_may_not_grow_refuses_writes_lets_reads_go_on_and_is_got_over() {
    let mut app = Program::new().serve_under("trap '' XFSZ; ulimit -S -f 2048");
    fills_up(&mut app, |app| {
        let pid = app.pid().to_string();
        Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited:"]).status().unwrap().success()
    })
    .await;
}
