//! A proxy to a database server, to cut the connection without touching the server.

use std::net::SocketAddr;
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
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (way, mut seen) = watch::channel(Way::Open);
        tokio::spawn(async move {
            let mut port = Port::Listens(listener);
            loop {
                let now = *seen.borrow_and_update();
                port = match (now, port) {
                    (Way::Cut, Port::Listens(listener)) => {
                        drop(listener);
                        Port::Kept(bind(address))
                    }
                    (Way::Open | Way::Swallowed | Way::Replaced, Port::Kept(socket)) => {
                        Port::Listens(socket.listen(64).unwrap())
                    }
                    (_, port) => port,
                };
                tokio::select! {
                    changed = seen.changed() => if changed.is_err() { return },
                    accepted = port.accept() => {
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

/// The port of a proxy.
enum Port {
    Listens(TcpListener),
    /// Nothing listens, as where no server runs; but the port stays taken.
    Kept(TcpSocket),
}

impl Port {
    async fn accept(&self) -> TcpStream {
        match self {
            Self::Listens(listener) => listener.accept().await.unwrap().0,
            Self::Kept(_) => std::future::pending().await,
        }
    }
}

fn bind(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap();
    socket
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
