//! A way to a database server that can be cut, without touching the server.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

/// How the way is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Open,
    /// As when the server is down: connections break, new ones are refused.
    Cut,
    /// As when a cable is pulled: nothing comes through, and nobody says so.
    Swallowed,
}

/// Leads to a database server.
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
            let mut listener = Some(listener);
            loop {
                let now = *seen.borrow_and_update();
                match now {
                    // Nobody listens, as where no server runs.
                    Way::Cut => listener = None,
                    _ if listener.is_none() => listener = Some(listen_again(address)),
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

    /// The URL of the database by this way.
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

fn listen_again(address: SocketAddr) -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap();
    socket.listen(64).unwrap()
}

async fn accept(listener: Option<&TcpListener>) -> TcpStream {
    match listener {
        Some(listener) => listener.accept().await.unwrap().0,
        None => std::future::pending().await,
    }
}

async fn lead(client: TcpStream, server: SocketAddr, seen: watch::Receiver<Way>) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let (mut client_in, mut client_out) = client.into_split();
    let (mut server_in, mut server_out) = server.into_split();
    let mut cut = seen.clone();
    tokio::select! {
        () = carry(&mut client_in, &mut server_out, seen.clone()) => {}
        () = carry(&mut server_in, &mut client_out, seen) => {}
        _ = cut.wait_for(|way| *way == Way::Cut) => {}
    }
}

async fn carry(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    mut way: watch::Receiver<Way>,
) {
    let mut buffer = [0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if way.wait_for(|way| *way != Way::Swallowed).await.is_err() || to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
