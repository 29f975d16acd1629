//! URLs, files and servers that are not there.

use std::time::{Duration, Instant};

use clientele_persistence::{Database, DatabaseError, Options, testing::TestDatabase};
use domain::store::{HealthStore, SetupStore, StoreError};
use futures_util::future::join_all;
use sea_orm::DbBackend;

use super::backends::{Ground, tests};

tests! {
    every store:;

    every database:
    a_connection_has_its_limits,
    what_is_written_in_pieces_is_sent_at_once;
}

/// The sockets of this process that are connected to this port and may hold back what is written (`TCP_NODELAY`).
/// `None` where the system does not let us look.
#[cfg(target_os = "linux")]
fn holding_back(port: u16) -> Option<(usize, usize)> {
    use rustix::net::{getpeername, sockopt::tcp_nodelay};
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
    let itself = pidfd_open(getpid(), PidfdFlags::empty()).ok()?;
    let (mut all, mut holding_back) = (0, 0);
    for entry in std::fs::read_dir("/proc/self/fd").unwrap() {
        let number = entry.unwrap().file_name().to_str().unwrap().parse().unwrap();
        let socket = match pidfd_getfd(&itself, number, PidfdGetfdFlags::empty()) {
            Ok(socket) => socket,
            Err(rustix::io::Errno::PERM | rustix::io::Errno::NOSYS) => return None,
            // Closed meanwhile.
            Err(_) => continue,
        };
        let peer = getpeername(&socket).ok().flatten().and_then(|peer| std::net::SocketAddr::try_from(peer).ok());
        if peer.is_some_and(|peer| peer.port() == port) {
            all += 1;
            holding_back += usize::from(tcp_nodelay(&socket) == Ok(false));
        }
    }
    Some((all, holding_back))
}

/// Otherwise the second piece waits until the server acknowledges the first, for 40 ms.
async fn what_is_written_in_pieces_is_sent_at_once(ground: Ground) {
    let Some((_, server)) = ground.test.url().split_once('@') else { return };
    let port = server.split(['/', ':']).nth(1).unwrap().parse().unwrap();
    ground.store().check_ready().await.unwrap();
    #[cfg(target_os = "linux")]
    {
        let began = Instant::now();
        // Another test may have opened one this very moment.
        while let Some((all, holding_back)) = holding_back(port) {
            assert!(all > 0, "no connection is open");
            if holding_back == 0 {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "{holding_back} of {all} hold back");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _: u16 = port;
}

async fn error(url: &str) -> DatabaseError {
    Database::connect(url, &Options::default()).await.map(drop).unwrap_err()
}

#[tokio::test]
async fn a_url_that_means_nothing_is_told_without_its_password() {
    for url in [
        "oracle://ann:hunter2@localhost/x",
        "hunter2",
        "hunter2:5432",
        "postgres://ann:hunter2@localhost",
        "postgres://ann:hunter2@localhost:port/x",
        "mysql://ann:hunter2@localhost/",
        "mysql://ann:hunter2@localhost/x?ssl-mode=hunter2",
        "sqlite:",
        "sqlite::memory:",
        "sqlite:x.db?mode=memory",
        "",
    ] {
        let error = error(url).await;
        assert!(!matches!(error, DatabaseError::Store(_)), "{url}: {error:?}");
        if url != "hunter2:5432" {
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{url}: {error:?}");
        }
    }
    let error = error("oracle://x").await;
    assert!(error.to_string().contains("use sqlite:, postgres:, mysql: or mariadb:"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable_soon() {
    for url in ["postgres://ann:hunter2@127.0.0.1:9/x", "mysql://ann:hunter2@127.0.0.1:9/x", "mariadb://127.0.0.1:9/x"]
    {
        let began = Instant::now();
        let error = error(url).await;
        assert!(matches!(error, DatabaseError::Store(StoreError::Unavailable(_))), "{url}: {error:?}");
        assert!(!format!("{error:?}").contains("hunter2"));
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn the_file_and_its_folder_are_made() {
    let folder = std::env::temp_dir().join(format!("clientele_test_{}", std::process::id()));
    let file = folder.join("a/b/clientele.db");
    let database = Database::connect(&format!("sqlite://{}", file.display()), &Options::default()).await.unwrap();
    database.migrate().await.unwrap();
    database.store().check_ready().await.unwrap();
    assert_eq!(database.backend(), "Sqlite");
    database.close().await.unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(&folder.join("a"))), (0o600, 0o700));
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// To close a descriptor of a file drops all locks of the process on it, so others think that nobody uses it.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn databases_of_one_process_leave_each_others_locks_alone() {
    use std::os::unix::fs::MetadataExt;

    let test = TestDatabase::sqlite();
    let is_locked = || {
        let file = std::fs::metadata(test.url().strip_prefix("sqlite:").unwrap()).unwrap();
        let (process, inode) = (std::process::id().to_string(), format!(":{}", file.ino()));
        let locks = std::fs::read_to_string("/proc/locks").unwrap();
        let mut locks = locks.lines().map(|lock| lock.split_whitespace().collect::<Vec<_>>());
        locks.any(|lock| lock.contains(&process.as_str()) && lock.iter().any(|word| word.ends_with(&inode)))
    };
    let options = Options::default();
    // All of them may find that there is no file.
    let opened = join_all((0..8).map(|_| Database::connect(test.url(), &options))).await;
    let mut opened: Vec<_> = opened.into_iter().map(Result::unwrap).collect();
    assert!(is_locked(), "after the first");
    opened[0].migrate().await.unwrap();
    assert!(is_locked(), "after a migration");
    test.run("SELECT 1").await;
    let last = opened.pop().unwrap();
    join_all(opened.into_iter().map(Database::close)).await;
    assert!(is_locked(), "after all others were closed");
    last.store().check_ready().await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_to_a_file_that_is_not_there_yet_is_followed() {
    let test = TestDatabase::sqlite();
    let file = std::path::Path::new(test.url().strip_prefix("sqlite:").unwrap());
    std::fs::create_dir_all(file.parent().unwrap().join("disk")).unwrap();
    std::os::unix::fs::symlink("disk/people.db", file).unwrap();
    test.open().await.close().await.unwrap();
    let mode = std::fs::metadata(file.with_file_name("disk/people.db")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o777, 0o600);
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let error = error("sqlite:///dev/null/clientele.db").await;
    let DatabaseError::File { path, .. } = &error else { panic!("{error:?}") };
    assert_eq!(path.display().to_string(), "/dev/null");
    assert!(error.to_string().contains("/dev/null"), "{error}");
}

#[tokio::test]
async fn what_is_no_database_is_refused() {
    let file = std::env::temp_dir().join(format!("clientele_test_{}.txt", std::process::id()));
    std::fs::write(&file, "this is not a database, but long enough to be read as one. ".repeat(40)).unwrap();
    let error = error(&format!("sqlite:{}", file.display())).await;
    assert!(matches!(error, DatabaseError::Store(StoreError::Failed(_))), "{error:?}");
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn a_closed_database_is_unavailable() {
    let test = TestDatabase::sqlite();
    let database = test.open().await;
    let store = database.store();
    database.close().await.unwrap();
    assert!(matches!(store.check_ready().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(
        store.add_setup_token(&[1; 32], chrono::DateTime::UNIX_EPOCH).await,
        Err(StoreError::Unavailable(_))
    ));
}

#[tokio::test]
async fn an_acknowledged_write_is_synced() {
    let test = TestDatabase::sqlite();
    let ground = Ground::new(test).await;
    let row = &ground.rows("PRAGMA journal_mode").await[0];
    assert_eq!(row.try_get_by::<String, _>(0).unwrap(), "wal");
}

/// A statement that takes long is ended by the server, and the connection is good afterwards.
async fn a_connection_has_its_limits(ground: Ground) {
    let slow = match ground.raw.get_database_backend() {
        DbBackend::Postgres => "CREATE VIEW slow AS SELECT pg_sleep(60)::text::varchar AS version",
        DbBackend::MySql => "CREATE VIEW slow AS SELECT CAST(SLEEP(60) AS CHAR) AS version",
        _ => return,
    };
    let options = Options { statement_timeout: Duration::from_millis(700), max_connections: 1, ..Options::default() };
    let store = Database::connect(ground.test.url(), &options).await.unwrap().store();
    ground.run(slow).await.unwrap();
    ground.run("ALTER TABLE seaql_migrations RENAME TO kept").await.unwrap();
    ground.run("CREATE VIEW seaql_migrations AS SELECT version FROM slow").await.unwrap();
    let began = Instant::now();
    let refused = store.check_ready().await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    // By the server, long before the view would answer, and not by our own clock that stands behind it.
    assert!(!format!("{refused:?}").contains("the time limit has passed"), "{refused:?}");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    ground.run("DROP VIEW seaql_migrations").await.unwrap();
    ground.run("ALTER TABLE kept RENAME TO seaql_migrations").await.unwrap();
    store.check_ready().await.unwrap();
}
