//! A service that says what a test wants, to see what a client makes of it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What comes back for a request.
pub(crate) enum Reply {
    /// The status, headers that are particular, and the body.
    Says(u16, &'static str, String),
    /// Nothing: the request is read and the connection is closed.
    HangsUp,
    /// More is promised than comes.
    BreaksOff,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::Says(status, "Content-Type: application/json\r\n", body.to_string())
    }

    pub(crate) fn problem(status: u16, code: &str, headers: &'static str) -> Self {
        let body = serde_json::json!({
            "type": format!("urn:clientele:problem:{code}"), "title": code, "status": status, "code": code,
            "detail": "as the test wants it", "request_id": "r-1",
        });
        Self::Says(status, headers, body.to_string())
    }
}

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The method and the path with its query.
    pub(crate) line: String,
    /// In lower case, with a line each.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    }
}

/// A service that gives these replies in turn.
pub(crate) struct FakeService {
    pub(crate) url: String,
    came: Arc<Mutex<Vec<Request>>>,
}

impl FakeService {
    pub(crate) async fn with(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, replies)
    }

    pub(crate) fn on(listener: TcpListener, replies: Vec<Reply>) -> Self {
        let address: SocketAddr = listener.local_addr().unwrap();
        let came = Arc::<Mutex<Vec<Request>>>::default();
        let replies = Arc::new(Mutex::new(VecDeque::from(replies)));
        let seen = came.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, replies.clone(), seen.clone()));
            }
        });
        Self { url: format!("http://{address}"), came }
    }

    pub(crate) fn came(&self) -> Vec<Request> {
        self.came.lock().unwrap().clone()
    }
}

/// One request for each connection: each answer closes it.
async fn serve(stream: TcpStream, replies: Arc<Mutex<VecDeque<Reply>>>, came: Arc<Mutex<Vec<Request>>>) {
    let mut stream = BufReader::new(stream);
    let Some(request) = read(&mut stream).await else { return };
    came.lock().unwrap().push(request);
    let reply = replies.lock().unwrap().pop_front();
    let text = match reply.unwrap_or_else(|| Reply::problem(500, "internal", "X-Test: no reply is left\r\n")) {
        Reply::HangsUp => return,
        Reply::BreaksOff => "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_owned(),
        Reply::Says(status, headers, body) => {
            format!("HTTP/1.1 {status} -\r\n{headers}Connection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        }
    };
    // The client may have gone.
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let (mut line, mut head) = (String::new(), String::new());
    stream.read_line(&mut line).await.ok().filter(|&count| count > 0)?;
    while stream.read_line(&mut head).await.ok()? > 2 {}
    let head = head.to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let line = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    Some(Request { line, head, body: String::from_utf8(body).ok()? })
}
