//! Addresses that are taken at once and served later.

use std::net::{SocketAddr, TcpListener};

use tokio::net::TcpSocket;

use crate::error::StartupError;

/// Clients that wait to be accepted.
const BACKLOG: u32 = 1024;

/// An address that is ours, and at which nobody listens yet: whoever asks is refused, and does not wait for an answer
/// while the database is being opened or migrated.
pub(crate) struct Bound {
    key: &'static str,
    socket: TcpSocket,
    address: SocketAddr,
}

impl Bound {
    /// Takes the address that this setting names, so that a wrong one is known before anything else begins.
    pub(crate) fn to(key: &'static str, address: SocketAddr) -> Result<Self, StartupError> {
        let bind = || {
            let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
            // What connections of an earlier process have left behind is no reason not to start.
            socket.set_reuseaddr(true)?;
            socket.bind(address)?;
            let address = socket.local_addr()?;
            Ok(Self { key, socket, address })
        };
        bind().map_err(|source| StartupError::Listen { key, address, source })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Begins to listen, unless somebody else took the same address meanwhile and was faster.
    pub(crate) fn listen(self) -> Result<TcpListener, StartupError> {
        let Self { key, socket, address } = self;
        let listener = socket.listen(BACKLOG).and_then(tokio::net::TcpListener::into_std);
        listener.map_err(|source| StartupError::Listen { key, address, source })
    }
}
