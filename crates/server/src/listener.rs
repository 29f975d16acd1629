//! Addresses that are bound at once and served later.

use std::net::{SocketAddr, TcpListener};

use tokio::net::TcpSocket;

use crate::error::StartupError;

/// How many clients may wait to be accepted.
const BACKLOG: u32 = 1024;

/// An address that is bound, and not listened on yet. Clients are refused, so that they don't wait while the database
/// is opened or migrated.
pub(crate) struct Bound {
    key: &'static str,
    socket: TcpSocket,
    address: SocketAddr,
}

impl Bound {
    /// Binds the address that this setting names, so that a wrong one is known before anything else begins.
    pub(crate) fn to(key: &'static str, address: SocketAddr) -> Result<Self, StartupError> {
        let bind = || {
            let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
            // Connections of an earlier process may still be in TIME_WAIT.
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

    /// Begins to listen. Fails if another process has begun meanwhile.
    pub(crate) fn listen(self) -> Result<TcpListener, StartupError> {
        let Self { key, socket, address } = self;
        let listener = socket.listen(BACKLOG).and_then(tokio::net::TcpListener::into_std);
        listener.map_err(|source| StartupError::Listen { key, address, source })
    }
}
