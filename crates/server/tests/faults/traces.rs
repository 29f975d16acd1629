//! Traces reach a collector.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::people::{Admin, phone};
use crate::process::{EMAIL, PASSWORD, PATIENCE, Program};
use crate::proxy::Port;

/// Takes one request after the other and says what was in it: as much of HTTP as a collector needs here.
async fn collect(listener: TcpListener, bodies: mpsc::UnboundedSender<(String, Vec<u8>)>) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let bodies = bodies.clone();
        tokio::spawn(async move {
            while let Some(request) = read_request(&mut stream).await {
                bodies.send(request).unwrap();
                let answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n";
                stream.write_all(answer).await.unwrap();
            }
        });
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head.split_once("content-length: ")?.1.lines().next()?.trim().parse::<usize>().ok()?;
            let mut body = bytes.split_off(end + 4);
            let missing = length - body.len();
            let begun = body.len();
            body.resize(begun + missing, 0);
            stream.read_exact(&mut body[begun..]).await.ok()?;
            return Some((head, body));
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_gets_a_span_for_each_request_and_nothing_secret() {
    for variable in ["CLIENTELE_TELEMETRY__OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (sender, mut bodies) = mpsc::unbounded_channel();
        let collector = tokio::spawn(collect(listener, sender));
        let mut app = Program::new().with(variable, &endpoint).serve();
        let admin = Admin::first(&mut app).await;
        assert_eq!(admin.create(&phone(1)).await.unwrap().status(), 201);
        app.signal("TERM");
        let (status, stderr) = app.wait();
        assert_eq!(status.code(), Some(0), "{stderr}");
        let mut all = String::new();
        while !all.contains("POST /users/") {
            let (head, body) = tokio::time::timeout(PATIENCE, bodies.recv()).await.unwrap().unwrap();
            assert!(head.starts_with("post /v1/traces"), "{head}");
            all += &String::from_utf8_lossy(&body);
        }
        // A protobuf holds text as it is.
        for word in ["clientele", "service.version", "request_id", "POST /auth/signup", "write"] {
            assert!(all.contains(word), "no {word}");
        }
        for secret in [PASSWORD, EMAIL, &phone(1), admin.token()] {
            assert!(!all.contains(secret), "{secret}");
        }
        collector.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_slows_nothing_down() {
    let nobody = Port::reserve();
    let mut app = Program::new().with("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{}", nobody.address())).serve();
    let admin = Admin::first(&mut app).await;
    assert_eq!(admin.create(&phone(1)).await.unwrap().status(), 201);
    app.signal("TERM");
    let began = std::time::Instant::now();
    let (status, _) = app.wait();
    assert_eq!(status.code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(30));
}
