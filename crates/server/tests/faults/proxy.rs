//! A proxy to a database server, to cut the connection without touching the server.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

/// The state of the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Open,
    /// As when the server is down: connections break, new ones are refused.
    Cut,
    /// As when a cable is pulled: nothing comes through, and nobody says so.
    Swallowed,
    /// As when another server takes over the address: nothing comes through the connections that are there, ever again,
    /// and nobody says so. New ones are well.
    Replaced,
}

/// A proxy to a database server.
pub(crate) struct Proxy {
    address: SocketAddr,
    way: Arc<watch::Sender<Way>>,
}

impl Proxy {
    /// To this server.
    pub(crate) fn to(server: SocketAddr) -> Self {
        let port = Port::reserve();
        let address = port.address();
        let (way, mut seen) = watch::channel(Way::Open);
        tokio::spawn(async move {
            let mut listener = Some(port.listen());
            loop {
                let is_up = *seen.borrow_and_update() != Way::Cut;
                match (is_up, &listener) {
                    (false, Some(_)) => listener = None,
                    (true, None) => listener = Some(port.listen()),
                    _ => {}
                }
                tokio::select! {
                    changed = seen.changed() => if changed.is_err() { return },
                    accepted = accept(listener.as_ref()) => {
                        tokio::spawn(lead(accepted, server, seen.clone()));
                    }
                }
            }
        });
        Self { address, way: Arc::new(way) }
    }

    /// The URL of the database through the proxy.
    pub(crate) fn url(&self, url: &str) -> String {
        let (head, tail) = url.split_once('@').unwrap();
        let (_, name) = tail.split_once('/').unwrap();
        format!("{head}@{}/{name}", self.address)
    }

    pub(crate) fn set(&self, way: Way) {
        self.way.send(way).unwrap();
    }
}

/// Where the server of a URL is.
pub(crate) fn server(url: &str) -> SocketAddr {
    let (_, tail) = url.split_once('@').unwrap();
    tail.split('/').next().unwrap().parse().unwrap()
}

/// A port of ours. It stays taken while nobody listens on it.
pub(crate) struct Port(TcpSocket);

impl Port {
    pub(crate) fn reserve() -> Self {
        Self(bind((Ipv4Addr::LOCALHOST, 0).into()))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    fn listen(&self) -> TcpListener {
        bind(self.address()).listen(64).unwrap()
    }
}

/// Shares its port. A listener that was closed lives on for a moment where another test starts a program just then:
/// until `exec`, the child has all sockets of its parent.
fn bind(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseport(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

async fn accept(listener: Option<&TcpListener>) -> TcpStream {
    match listener {
        Some(listener) => listener.accept().await.unwrap().0,
        // As where no server runs.
        None => std::future::pending().await,
    }
}

async fn lead(client: TcpStream, server: SocketAddr, seen: watch::Receiver<Way>) {
    let is_new = *seen.borrow() == Way::Replaced;
    let Ok(server) = TcpStream::connect(server).await else { return };
    let (mut client_in, mut client_out) = client.into_split();
    let (mut server_in, mut server_out) = server.into_split();
    let mut cut = seen.clone();
    tokio::select! {
        () = carry(&mut client_in, &mut server_out, seen.clone(), is_new) => {}
        () = carry(&mut server_in, &mut client_out, seen, is_new) => {}
        _ = cut.wait_for(|way| *way == Way::Cut) => {}
    }
}

async fn carry(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    mut way: watch::Receiver<Way>,
    is_new: bool,
) {
    let comes_through = |way: &Way| *way == Way::Open || *way == Way::Replaced && is_new;
    let mut buffer = [0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if way.wait_for(comes_through).await.is_err() || to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
