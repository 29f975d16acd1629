//! The process ends, by SIGTERM or by SIGKILL.

use std::time::{Duration, Instant};

use persistence::testing::TestDatabase;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::people::{Admin, Load, phone};
use crate::process::{PATIENCE, Program, TestApp};

/// A request whose body is not all there yet, and what is missing of it.
async fn begin_slow_request(app: &TestApp, admin: &Admin) -> (TcpStream, String) {
    begin_request_for(&phone(1), app, admin).await
}

async fn begin_request_for(phone: &str, app: &TestApp, admin: &Admin) -> (TcpStream, String) {
    let body = format!("{{\"role\":\"customer\",\"phone\":\"{phone}\"}}");
    let (first, rest) = body.split_at(10);
    let mut slow = TcpStream::connect(&app.address).await.unwrap();
    let head = format!(
        "POST /users/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        admin.token(),
        body.len()
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    // From here on it is in flight.
    let mut goes_on = *b"HTTP/1.1 100 Continue\r\n\r\n";
    slow.read_exact(&mut goes_on).await.unwrap();
    assert_eq!(goes_on, *b"HTTP/1.1 100 Continue\r\n\r\n");
    slow.write_all(first.as_bytes()).await.unwrap();
    (slow, rest.to_owned())
}

/// Sends what is missing and asserts that the request is served.
async fn finish((mut slow, rest): (TcpStream, String), app: &TestApp) {
    slow.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer} {}", app.stderr());
}

async fn until_nobody_listens(app: &TestApp) {
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(&app.address).await.is_ok() {
        assert!(Instant::now() < deadline, "it still listens");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_finishes_what_is_in_flight_and_exits_0() {
    for signal in ["TERM", "INT"] {
        let mut app = Program::new().serve();
        let admin = Admin::first(&mut app).await;
        let slow = begin_slow_request(&app, &admin).await;
        app.signal(signal);
        until_nobody_listens(&app).await;
        finish(slow, &app).await;
        let (status, stderr) = app.wait();
        assert_eq!(status.code(), Some(0), "{stderr}");
    }
}

/// Threads that serve requests, as Linux knows them.
fn workers(app: &TestApp) -> usize {
    let threads = std::fs::read_dir(format!("/proc/{}/task", app.pid())).unwrap();
    let names = threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("comm")).ok());
    names.filter(|name| name.starts_with("actix-server wo")).count()
}

/// A thread that has nothing left to serve ends before the others. That must not disturb the others.
#[tokio::test(flavor = "multi_thread")]
async fn a_thread_that_ends_leaves_the_connections_of_the_others_alone() {
    for database in [Some(TestDatabase::sqlite()), TestDatabase::postgres().await, TestDatabase::mariadb().await] {
        let Some(database) = database else { continue };
        let mut app = Program::on(&database).with("CLIENTELE_HTTP__WORKERS", "2").serve();
        let admin = Admin::first(&mut app).await;
        // Connections to the database, made by whichever thread needed them first.
        let load = Load::start(&admin, 8);
        load.until_entered(60).await;
        load.stop().await;
        let mut slow = Vec::new();
        for n in 0..6 {
            slow.push(begin_request_for(&phone(5_000_000 + n), &app, &admin).await);
        }
        for _ in 0..2 {
            assert_eq!(admin.get("/users/me").await.unwrap().status(), 200);
        }
        let before = workers(&app);
        assert!(before >= 2, "{before}");
        app.signal("TERM");
        until_nobody_listens(&app).await;
        // The threads take new clients in turn, so one of them is done when every other request is.
        let (others, first): (Vec<_>, Vec<_>) = slow.into_iter().enumerate().partition(|(n, _)| n % 2 == 0);
        for (_, slow) in first {
            finish(slow, &app).await;
        }
        let deadline = Instant::now() + Duration::from_secs(5);
        while workers(&app) == before && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        for (_, slow) in others {
            finish(slow, &app).await;
        }
        let (status, stderr) = app.wait();
        assert_eq!(status.code(), Some(0), "{stderr}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_waits_for_nobody() {
    let mut app = Program::new().serve();
    let admin = Admin::first(&mut app).await;
    let (_slow, _) = begin_slow_request(&app, &admin).await;
    app.signal("TERM");
    until_nobody_listens(&app).await;
    let began = Instant::now();
    app.signal("TERM");
    let (status, stderr) = app.wait();
    assert_eq!(status.code(), Some(0), "{stderr}");
    // Half of the time that it would wait for the body.
    assert!(began.elapsed() < Duration::from_secs(10));
}

/// A code is being handed to a gateway that does not answer. The service waits ten seconds for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_waits_for_no_gateway_either() {
    let gateway = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", gateway.local_addr().unwrap());
    let program = Program::new()
        .with("CLIENTELE_DELIVERY__PHONE", "webhook")
        .with("CLIENTELE_DELIVERY__WEBHOOK__URL", &url)
        .with("CLIENTELE_DELIVERY__WEBHOOK__SECRET", "open sesame, open sesame");
    let mut app = program.serve();
    let admin = Admin::first(&mut app).await;
    assert_eq!(admin.create(&phone(1)).await.unwrap().status(), 201);
    admin.ask_for_code(&phone(1)).await;
    let (_hanging, _) = gateway.accept().await.unwrap();
    app.signal("TERM");
    app.until_it_says("closing").await;
    app.signal("TERM");
    let (status, stderr) = app.wait();
    assert_eq!(status.code(), Some(0), "{stderr}");
    assert!(stderr.contains("stopping at once"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_loses_no_acknowledged_write() {
    for database in [Some(TestDatabase::sqlite()), TestDatabase::postgres().await, TestDatabase::mariadb().await] {
        let Some(database) = database else { continue };
        let program = Program::on(&database);
        let mut app = program.serve();
        let admin = Admin::first(&mut app).await;
        let load = Load::start(&admin, 6);
        load.until_entered(60).await;
        app.kill();
        let seen = load.stop().await;
        let app = program.serve();
        let entered = Admin::again(&app).await.phones().await;
        let acknowledged: Vec<_> = seen.iter().filter(|one| one.status == Some(201)).collect();
        assert!(acknowledged.len() >= 60);
        for one in acknowledged {
            assert!(entered.contains(&one.phone), "{one:?} is lost");
        }
    }
}
