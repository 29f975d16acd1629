//! A proxy between the browser and the service that answers chosen requests itself, as a service in trouble would.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::json;

/// What a service in trouble answers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    Busy,
    TooMany,
}

impl Trouble {
    pub(crate) const BOTH: [Self; 2] = [Self::Busy, Self::TooMany];

    pub(crate) const fn status(self) -> u16 {
        match self {
            Self::Busy => 503,
            Self::TooMany => 429,
        }
    }

    /// What the page says of it.
    pub(crate) const fn detail(self) -> &'static str {
        match self {
            Self::Busy => "The service is busy with something else.",
            Self::TooMany => "There were too many requests.",
        }
    }

    /// With a wait of one second.
    fn answer(self) -> String {
        let (code, detail) = match self {
            Self::Busy => ("unavailable", "the service is busy with something else"),
            Self::TooMany => ("rate_limited", "there were too many requests"),
        };
        let body =
            json!({ "type": "about:blank", "status": self.status(), "code": code, "detail": detail }).to_string();
        let status = self.status();
        format!(
            "HTTP/1.1 {status} Trouble\r\nContent-Type: application/problem+json\r\nRetry-After: 1\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
    }
}

/// The trouble, and the method and the beginning of the path of the requests that have it.
type Chosen = Arc<Mutex<Option<(Trouble, String)>>>;

pub(crate) struct Proxy {
    pub(crate) root: String,
    chosen: Chosen,
}

impl Proxy {
    /// In front of the service at this address. It ends with the test.
    pub(crate) fn start(service: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let root = format!("http://{}", listener.local_addr().unwrap());
        let chosen = Chosen::default();
        let (shared, service) = (chosen.clone(), service.to_owned());
        thread::spawn(move || {
            for browser in listener.incoming() {
                let (shared, service) = (shared.clone(), service.clone());
                // A browser that goes away is no fault.
                thread::spawn(move || browser.and_then(|browser| pass(browser, &service, &shared)));
            }
        });
        Self { root, chosen }
    }

    /// From now on, requests that begin so (`GET /users/?`) get this answer.
    pub(crate) fn fail(&self, trouble: Trouble, requests: &str) {
        *self.chosen.lock().unwrap() = Some((trouble, requests.to_owned()));
    }

    pub(crate) fn heal(&self) {
        *self.chosen.lock().unwrap() = None;
    }
}

/// One request and its answer. Each connection carries one.
fn pass(mut browser: TcpStream, service: &str, chosen: &Chosen) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if browser.read(&mut byte)? == 0 {
            return Ok(());
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let trouble = chosen.lock().unwrap().clone().filter(|(_, requests)| head.starts_with(requests.as_str()));
    let length =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    browser.read_exact(&mut body)?;
    if let Some((trouble, _)) = trouble {
        browser.write_all(trouble.answer().as_bytes())?;
        return browser.shutdown(Shutdown::Write);
    }
    let mut upstream = TcpStream::connect(service)?;
    let kept = head.lines().filter(|line| !line.is_empty() && !line.to_ascii_lowercase().starts_with("connection:"));
    let head: String = kept.flat_map(|line| [line, "\r\n"]).chain(["Connection: close\r\n\r\n"]).collect();
    upstream.write_all(head.as_bytes())?;
    upstream.write_all(&body)?;
    std::io::copy(&mut upstream, &mut browser)?;
    browser.shutdown(Shutdown::Write)
}
