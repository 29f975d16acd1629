//! Asks a running service whether it is ready, for container health checks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(3);

/// What is asked of the service.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// Whether it is up.
    Live,
    /// Whether it can do its work.
    Ready,
}

impl Check {
    fn path(self) -> &'static str {
        match self {
            Self::Live => "/health/live",
            Self::Ready => "/health/ready",
        }
    }
}

/// Whether this check at this address answers 200 within three seconds.
pub async fn passes(check: Check, listen: SocketAddr) -> bool {
    tokio::time::timeout(PATIENCE, ask(check.path(), reachable(listen)))
        .await
        .is_ok_and(|answer| answer.unwrap_or(false))
}

async fn ask(path: &str, address: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await?;
    Ok(&answer == b"HTTP/1.1 200")
}

/// Who listens on every address is asked on the loopback one.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
