//! Slow clients are cut off, and others are not disturbed.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::people::Admin;
use crate::process::{PATIENCE, Program};

/// Sends a byte now and then until the other side has closed. Answers what it said, and when it closed.
async fn drip(stream: TcpStream, bytes: &'static [u8]) -> (String, Duration) {
    let began = Instant::now();
    let (mut from, mut to) = stream.into_split();
    let dripping = tokio::spawn(async move {
        for byte in bytes.iter().cycle() {
            if to.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    let mut answer = Vec::new();
    // A reset closes the connection too.
    let _ = tokio::time::timeout(PATIENCE, from.read_to_end(&mut answer)).await.expect("the connection is closed");
    dripping.abort();
    (String::from_utf8_lossy(&answer).into_owned(), began.elapsed())
}

fn program() -> Program {
    let program = Program::new().with("CLIENTELE_HTTP__HEAD_TIMEOUT", "1").with("CLIENTELE_HTTP__BODY_TIMEOUT", "2");
    // Independent of how long idle connections live.
    program.with("CLIENTELE_HTTP__KEEP_ALIVE", "600")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_drips_is_cut_off() {
    let app = program().serve();
    let mut stream = TcpStream::connect(&app.address).await.unwrap();
    stream.write_all(b"GET /health/live HTTP/1.1\r\nX-Long: ").await.unwrap();
    let (answer, took) = drip(stream, b"x").await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(took >= Duration::from_millis(900), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_drips_gets_408_and_is_cut_off() {
    let mut app = program().serve();
    let admin = Admin::first(&mut app).await;
    let authorization = format!("Authorization: Bearer {}\r\n", admin.token());
    for (path, authorization, media_type) in [
        ("/auth/signin", "", "application/json"),
        ("/users/", authorization.as_str(), "application/json"),
        ("/users/import", authorization.as_str(), "text/csv"),
    ] {
        let mut stream = TcpStream::connect(&app.address).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\n{authorization}Content-Type: {media_type}\r\nContent-Length: 60000\r\n\r\n{{"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let (answer, took) = drip(stream, b" ").await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(answer.contains("\"code\":\"request_timeout\""), "{answer}");
        assert!(took >= Duration::from_millis(1900), "{took:?}");
    }
}

/// Cases that the library's own timers do not cover: a head that is not the first one, and a body after its answer.
#[tokio::test(flavor = "multi_thread")]
async fn what_drips_beside_a_request_is_cut_off() {
    let app = program().serve();
    let chunk = b"1\r\nx\r\n";
    let dripping = [
        ("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\nGET /health/live HTTP/1.1\r\nX-Long: ", &b"x"[..], "200"),
        (
            "POST /auth/signin HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
            chunk,
            "408",
        ),
        ("GET /users/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", chunk, "401"),
    ];
    let cut_off = dripping.map(|(head, bytes, status)| {
        let address = app.address.clone();
        tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            let (answer, _) = drip(stream, bytes).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
            assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
        })
    });
    for one in cut_off {
        one.await.unwrap();
    }
}

/// Whether the other side has neither answered nor closed.
fn is_waiting(stream: &TcpStream) -> bool {
    let looked = stream.try_read(&mut [0]);
    looked.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
}

#[tokio::test(flavor = "multi_thread")]
async fn many_slow_clients_leave_the_others_alone() {
    let app = Program::new().serve();
    let mut slow = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(&app.address).await.unwrap();
        stream
            .write_all(
                b"POST /auth/signin HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n",
            )
            .await
            .unwrap();
        slow.push(stream);
    }
    assert_eq!(reqwest::get(app.url("/health/ready")).await.unwrap().status(), 200);
    assert!(slow.iter().all(is_waiting), "they are not slow but done");
}

const REQUEST: &[u8] = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n";

/// Sends a request and reads the head of its answer, and what comes with it.
async fn ask(stream: &mut TcpStream) -> String {
    stream.write_all(REQUEST).await.unwrap();
    let mut answer = vec![0; 4096];
    let count = tokio::time::timeout(PATIENCE, stream.read(&mut answer)).await.expect("an answer").unwrap();
    String::from_utf8_lossy(&answer[..count]).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_lives_as_long_as_it_is_said_to() {
    let app = Program::new().with("CLIENTELE_HTTP__KEEP_ALIVE", "600").serve();
    let mut stream = TcpStream::connect(&app.address).await.unwrap();
    assert!(ask(&mut stream).await.starts_with("HTTP/1.1 200"));
    // Longer than any default of the libraries below.
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert!(ask(&mut stream).await.starts_with("HTTP/1.1 200"), "it was closed in between");

    let app = Program::new().with("CLIENTELE_HTTP__KEEP_ALIVE", "1").serve();
    let mut stream = TcpStream::connect(&app.address).await.unwrap();
    assert!(ask(&mut stream).await.starts_with("HTTP/1.1 200"));
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
    closed.expect("it is closed").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_nothing_at_first_is_cut_off_however_long_idle_connections_live() {
    let app = program().with("CLIENTELE_HTTP__KEEP_ALIVE", "3600").serve();
    let mut stream = TcpStream::connect(&app.address).await.unwrap();
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the connection is closed");
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
}
