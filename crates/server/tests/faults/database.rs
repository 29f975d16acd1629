//! The database goes away, is full, or is busy.

use std::time::{Duration, Instant};

use persistence::testing::TestDatabase;
use tokio::time::sleep;

use crate::people::{Admin, Load, Seen, phone};
use crate::process::Program;
use crate::proxy::{Proxy, Way, server};

/// How long a request may take that the database can't serve: waiting for a connection, and some.
const QUICK: Duration = Duration::from_secs(4);
/// The same where the network swallows everything, so that only the clock tells.
const PATIENT: Duration = Duration::from_secs(12);

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
        let proxy = Proxy::to(server(database.url())).await;
        let mut running = Program::new().with("CLIENTELE_DATABASE__URL", &proxy.url(database.url())).serve();
        let admin = Admin::first(&mut running).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_somebody_holds_exhaust_the_pool_and_nobody_hangs() {
    for database in servers().await {
        let program = Program::on(&database).with("CLIENTELE_DATABASE__MAX_CONNECTIONS", "2");
        let mut running = program.serve();
        let admin = Admin::first(&mut running).await;
        let holding = if database.url().starts_with("postgres") {
            "BEGIN; LOCK TABLE customers IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(8); COMMIT"
        } else {
            "LOCK TABLES customers WRITE; DO SLEEP(8); UNLOCK TABLES"
        };
        let holder = database.run(holding);
        let work = async {
            // From here on the table is held, as soon as somebody is refused.
            let load = Load::start(&admin, 6);
            sleep(Duration::from_secs(6)).await;
            let seen = load.stop().await;
            // A statement may run 5 s on MariaDB, which has no shorter limit for such locks.
            assert!(only_quick_refusals(&seen, Duration::from_secs(9)) > 0, "nobody was refused");
        };
        tokio::join!(holder, work);
        admin.until_created(&phone(5_000_000)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_writes_lets_reads_go_on_and_is_got_over() {
    let program = Program::new();
    // No file may grow beyond 1 MiB: the log of the database is at that soon.
    let mut running = program.serve_under("trap '' XFSZ; ulimit -S -f 2048");
    let admin = Admin::first(&mut running).await;
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
    let pid = running.pid().to_string();
    let freed = std::process::Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited:"]).status().unwrap();
    assert!(freed.success());
    admin.until_created(&phone(entered)).await;
    assert_eq!(admin.phones().await.len(), entered + 1);
}
