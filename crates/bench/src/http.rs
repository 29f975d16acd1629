//! Requests, written by hand, and single ones outside of any load.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::load::answer::head;
use crate::outcome::Outcome;

pub(crate) const SIGN_IN: &str = "/auth/signin";
pub(crate) const REFRESH: &str = "/auth/refresh";

/// A GET request, as it goes over the wire.
pub(crate) fn bytes_of_get(path: &str, token: Option<&str>) -> Vec<u8> {
    let authorization = authorization(token);
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{authorization}\r\n").into_bytes()
}

/// A POST request with a body of this media type.
pub(crate) fn bytes_of_post(path: &str, token: Option<&str>, kind: &str, body: &str) -> Vec<u8> {
    bytes_of("POST", path, token, kind, body)
}

/// A PATCH request with JSON.
pub(crate) fn bytes_of_patch(path: &str, token: &str, body: &str) -> Vec<u8> {
    bytes_of("PATCH", path, Some(token), "application/json", body)
}

fn bytes_of(method: &str, path: &str, token: Option<&str>, kind: &str, body: &str) -> Vec<u8> {
    let (authorization, length) = (authorization(token), body.len());
    format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{authorization}Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// The same with JSON, from nobody in particular.
pub(crate) fn bytes_of_json(path: &str, body: &str) -> Vec<u8> {
    bytes_of_post(path, None, "application/json", body)
}

fn authorization(token: Option<&str>) -> String {
    token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default()
}

/// The body of the answer to one request.
///
/// # Errors
/// No connection, or an answer that is not 2xx.
pub(crate) fn ask(address: SocketAddr, request: &[u8]) -> Outcome<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    stream.write_all(request)?;
    let (mut bytes, mut part) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        if let Some(head) = head(&bytes)?.filter(|head| bytes.len() >= head.length + head.body) {
            let body = bytes.split_off(head.length);
            let is_good = (200..300).contains(&head.status);
            let text = || format!("answered {}: {}", head.status, String::from_utf8_lossy(&body));
            return if is_good { Ok(body) } else { Err(text().into()) };
        }
        match stream.read(&mut part)? {
            0 => return Err("the connection was closed before the answer was whole".into()),
            read => bytes.extend_from_slice(&part[..read]),
        }
    }
}

/// The text of a field of a JSON object.
pub(crate) fn field(body: &[u8], name: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    value.get(name)?.as_str().map(str::to_owned)
}
