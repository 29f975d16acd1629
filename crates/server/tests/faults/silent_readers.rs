//! Clients that do not read their answers are cut off, slow readers are not, and nobody takes all connections.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use crate::people::{Admin, phone};
use crate::process::{PATIENCE, Program, TestApp};

const ASSET: &str = "/docs/swagger-ui-bundle.js";

/// A service that cuts off clients that take nothing for a second.
fn program() -> Program {
    // Connections of the tests themselves end soon, so that those of silent readers can be counted.
    Program::new().with("CLIENTELE_HTTP__WRITE_TIMEOUT", "1").with("CLIENTELE_HTTP__KEEP_ALIVE", "5")
}

/// A connection from this address, of a client that takes in little at once.
async fn connect(app: &TestApp, from: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.bind(SocketAddr::new(from.parse().unwrap(), 0)).unwrap();
    socket.connect(app.address.parse().unwrap()).await.unwrap()
}

async fn asks(app: &TestApp, request: &str) -> TcpStream {
    let mut stream = connect(app, "127.0.0.1").await;
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

fn get(path: &str, token: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n")
}

/// Connections over TCP that the service has open. Its listeners do not count, nor do the sockets with which its threads
/// hear of signals: those are opened while it starts, at no moment that a test could know.
fn connections(app: &TestApp) -> usize {
    let process = format!("/proc/{}", app.pid());
    let table = std::fs::read_to_string(format!("{process}/net/tcp")).unwrap();
    let of_tcp: HashSet<_> = table.lines().skip(1).filter_map(connection_inode).collect();
    let files = std::fs::read_dir(format!("{process}/fd")).unwrap();
    let links = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
    let inodes = links.filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()));
    inodes.filter(|inode| of_tcp.contains(inode.as_str())).count()
}

/// The socket of a line of `/proc/net/tcp`, unless it listens (proc(5): the fourth column, `0A`).
fn connection_inode(line: &str) -> Option<&str> {
    let columns: Vec<_> = line.split_whitespace().collect();
    (columns.get(3) != Some(&"0A")).then(|| columns.get(9).copied())?
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "never {what}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// Memory that a process has, in KiB: at the moment (`VmRSS`), or at most so far (`VmHWM`).
fn memory(app: &TestApp, kind: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", app.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(kind)).unwrap();
    line.trim_start_matches(':').split_whitespace().next().unwrap().parse().unwrap()
}

/// Enters customers whose export is larger than what the system keeps of an answer that nobody reads.
async fn many_customers(admin: &Admin) {
    let metadata = format!("\"{{\"\"text\"\":\"\"{}\"\"}}\"", "x".repeat(8000));
    let mut file = "phone,metadata\n".to_owned();
    for n in 0..1500 {
        let _ = writeln!(file, "{},{metadata}", phone(n));
    }
    let answer = admin.import(file).await;
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_reads_is_cut_off_whatever_they_asked_for() {
    let mut app = program().serve();
    let admin = Admin::first(&mut app).await;
    many_customers(&admin).await;
    for (what, request) in [
        ("an export", get("/users/export", admin.token())),
        ("a file", get(ASSET, "")),
        ("forty files", get(ASSET, "").repeat(40)),
        ("forty lists", get("/users/?limit=200", admin.token()).repeat(40)),
    ] {
        // Idle connections have had time to reach their end.
        until("alone", || connections(&app) == 0).await;
        let mut stream = asks(&app, &request).await;
        until("served", || connections(&app) == 1).await;
        until(&format!("cut off who asked for {what}"), || connections(&app) == 0).await;
        // What had arrived can be read. Then the connection ends, before the answer does.
        let mut answer = Vec::new();
        let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the connection is closed");
        assert!(read.is_err() || answer.len() < 200_000, "{what}: {} bytes came", answer.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_slowly_or_waits_is_not_cut_off() {
    let mut app = program().serve();
    let admin = Admin::first(&mut app).await;
    let (reader, uploader, idle, waiting) = tokio::join!(
        reads_slowly(&app),
        uploads_slowly(&app, admin.token()),
        asks_again_after_a_while(&app),
        sends_its_body_late(&app),
    );
    assert!(reader > 400_000, "{reader} bytes of the file came");
    assert!(uploader.starts_with("HTTP/1.1 200"), "{uploader}");
    assert_eq!(idle.matches("HTTP/1.1 200").count(), 2, "{idle}");
    assert!(waiting.starts_with("HTTP/1.1 401"), "{waiting}");
}

/// Takes a file in five seconds and more.
async fn reads_slowly(app: &TestApp) -> usize {
    let request = format!("GET {ASSET} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let mut stream = asks(app, &request).await;
    let (mut buffer, mut count) = (vec![0; 8 * 1024], 0);
    loop {
        match stream.read(&mut buffer).await.expect("the whole file comes") {
            0 => return count,
            read => count += read,
        }
        sleep(Duration::from_millis(80)).await;
    }
}

/// Sends a line of a file now and then, for four seconds.
async fn uploads_slowly(app: &TestApp, token: &str) -> String {
    let head = format!(
        "POST /users/import HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: text/csv\r\n\
         Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    let mut stream = asks(app, &head).await;
    for line in ["phone\n".to_owned()].into_iter().chain((0..20).map(|n| format!("{}\n", phone(n)))) {
        stream.write_all(format!("{:x}\r\n{line}\r\n", line.len()).as_bytes()).await.unwrap();
        sleep(Duration::from_millis(200)).await;
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    read_all(stream).await
}

async fn asks_again_after_a_while(app: &TestApp) -> String {
    let mut stream = asks(app, &get("/health/live", "")).await;
    sleep(Duration::from_secs(3)).await;
    stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    read_all(stream).await
}

/// Meanwhile nothing moves in either direction.
async fn sends_its_body_late(app: &TestApp) -> String {
    let body = json!({ "email": "nobody@example.com", "password": "correct horse battery" }).to_string();
    let head = format!(
        "POST /auth/signin HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = asks(app, &head).await;
    sleep(Duration::from_secs(4)).await;
    stream.write_all(body.as_bytes()).await.unwrap();
    read_all(stream).await
}

async fn read_all(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the answer ends").unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Whether the service answers somebody at this address; `None` when the connection is refused.
async fn answers(app: &TestApp, from: &str) -> Option<String> {
    let mut stream = connect(app, from).await;
    let request = "GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    // The service may have closed it already.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an answer or an end");
    Some(String::from_utf8_lossy(&answer).into_owned()).filter(|answer| !answer.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_sockets_leave_places_and_memory_for_others() {
    let app = program().with("CLIENTELE_HTTP__WRITE_TIMEOUT", "30").serve_under("ulimit -n 512");
    // Of 512 descriptors, 192 are for other things.
    app.until_it_says("at most 320 connections at once, 160 from one address").await;
    assert!(answers(&app, "127.0.0.1").await.is_some());
    let before = memory(&app, "VmRSS");
    let mut silent = Vec::new();
    for _ in 0..400 {
        let mut stream = connect(&app, "127.0.0.1").await;
        let _ = stream.write_all(get(ASSET, "").repeat(40).as_bytes()).await;
        silent.push(stream);
    }
    app.until_it_says("its network has too many").await;
    assert_eq!(answers(&app, "127.0.0.1").await, None);
    for from in ["127.0.0.2", "127.0.0.3"] {
        let answer = answers(&app, from).await.expect("others get in");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let each = memory(&app, "VmRSS").saturating_sub(before) / 162;
    assert!(each < 300, "{each} KiB for each");
    drop(silent);
    until("a place is free", || connections(&app) < 20).await;
    assert!(answers(&app, "127.0.0.1").await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn places_are_free_again_when_the_silent_are_cut_off() {
    let program = program().with("CLIENTELE_HTTP__MAX_CONNECTIONS_PER_ADDRESS", "10");
    let app = program.serve();
    let mut silent = Vec::new();
    for _ in 0..10 {
        silent.push(asks(&app, &get(ASSET, "").repeat(40)).await);
    }
    let deadline = Instant::now() + PATIENCE;
    while answers(&app, "127.0.0.1").await.is_none() {
        assert!(Instant::now() < deadline, "they keep their places");
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_together_have_a_limit_and_a_trusted_proxy_has_no_other() {
    let program = Program::new()
        .with("CLIENTELE_HTTP__MAX_CONNECTIONS", "8")
        .with("CLIENTELE_HTTP__MAX_CONNECTIONS_PER_ADDRESS", "2")
        .with("CLIENTELE_HTTP__TRUSTED_PROXIES", "127.0.0.1")
        .with("CLIENTELE_METRICS__LISTEN", "127.0.0.1:0");
    let app = program.serve();
    let mut open = Vec::new();
    for from in ["127.0.0.1"; 5].into_iter().chain(["127.0.0.2"; 2]) {
        let mut stream = connect(&app, from).await;
        stream.write_all(get("/health/live", "").as_bytes()).await.unwrap();
        assert_ne!(stream.read(&mut [0; 512]).await.unwrap(), 0, "{from} is answered");
        open.push(stream);
    }
    assert_eq!(answers(&app, "127.0.0.2").await, None, "a third one");
    let mut last = connect(&app, "127.0.0.1").await;
    last.write_all(get("/health/live", "").as_bytes()).await.unwrap();
    assert_ne!(last.read(&mut [0; 512]).await.unwrap(), 0);
    assert_eq!(answers(&app, "127.0.0.1").await, None, "a ninth one");
    let metrics = app.metrics().await;
    for series in [
        "clientele_http_connections 8",
        "clientele_http_connections_refused_total{limit=\"address\"} 1",
        "clientele_http_connections_refused_total{limit=\"all\"} 1",
    ] {
        assert!(metrics.contains(series), "no {series} in {metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_system_gives_for_the_asking_is_taken() {
    let app = program().serve_under("ulimit -S -n 64; ulimit -H -n 600");
    app.until_it_says("the process may open 600 files").await;
    let wanted = program().with("CLIENTELE_HTTP__MAX_CONNECTIONS", "500");
    let app = wanted.serve_under("ulimit -n 256");
    app.until_it_says("http.max_connections is 500, but there are file descriptors for 64 connections").await;
    let app = wanted.serve();
    app.until_it_says("at most 500 connections at once, 250 from one address").await;
}

/// The events of one person may be many and large: they are read and sent page by page.
#[tokio::test(flavor = "multi_thread")]
async fn all_data_of_a_person_is_sent_in_little_memory() {
    let mut app = Program::new().serve();
    let admin = Admin::first(&mut app).await;
    let created = admin.create(&phone(1)).await.unwrap();
    let id = created.json::<serde_json::Value>().await.unwrap()["id"].as_str().unwrap().to_owned();
    for n in 0..400 {
        let members: serde_json::Map<_, _> = (0..1100).map(|m| (format!("k{m}"), json!(n % 10))).collect();
        assert_eq!(admin.patch(&id, json!({ "metadata": members })).await.status(), 200);
    }
    let before = memory(&app, "VmHWM");
    let path = format!("/users/{id}/data");
    let readings = (0..5).map(|_| async {
        loop {
            let answer = admin.get(&path).await.unwrap();
            if answer.status() == 200 {
                break answer.bytes().await.unwrap();
            }
            // The readings use the database by turns: on a busy machine one may be asked to come again.
            assert_eq!(answer.status(), 503);
            sleep(Duration::from_secs(1)).await;
        }
    });
    for answer in futures_util::future::join_all(readings).await {
        let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
        let events = answer["audit_events"].as_array().unwrap().iter();
        assert_eq!(events.filter(|event| event["action"] != "user.data_read").count(), 401);
    }
    let more = memory(&app, "VmHWM").saturating_sub(before) / 1024;
    assert!(more < 100, "{more} MiB");
}
