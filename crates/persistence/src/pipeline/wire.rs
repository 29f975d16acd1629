//! What carries a connection: TCP, with TLS or without, or a socket of the system.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

/// The message that asks for TLS (protocol of `PostgreSQL`, `SSLRequest`).
const ASKS_FOR_TLS: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// Where the server is.
pub(super) enum Address {
    Tcp {
        host: String,
        port: u16,
    },
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no such sockets here"))]
    Socket(PathBuf),
}

/// Whether the server has to speak TLS, and by which rules.
pub(super) struct Tls {
    pub(super) config: Arc<ClientConfig>,
    pub(super) is_required: bool,
}

pub(super) enum Wire {
    Plain(TcpStream),
    Encrypted(Box<TlsStream<TcpStream>>),
    #[cfg(unix)]
    Socket(UnixStream),
}

impl Wire {
    pub(super) async fn open(address: &Address, tls: Option<Tls>) -> io::Result<Self> {
        match address {
            Address::Tcp { host, port } => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                stream.set_nodelay(true)?;
                match tls {
                    Some(tls) => Self::encrypted(stream, host, tls).await,
                    None => Ok(Self::Plain(stream)),
                }
            }
            #[cfg(unix)]
            Address::Socket(path) => Ok(Self::Socket(UnixStream::connect(path).await?)),
            #[cfg(not(unix))]
            Address::Socket(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// With TLS, if the server has it. Only one byte is read before, so nothing that came without TLS is taken for more.
    async fn encrypted(mut stream: TcpStream, host: &str, tls: Tls) -> io::Result<Self> {
        stream.write_all(&ASKS_FOR_TLS).await?;
        match stream.read_u8().await? {
            b'S' => {
                let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
                let stream = TlsConnector::from(tls.config).connect(name, stream).await?;
                Ok(Self::Encrypted(Box::new(stream)))
            }
            b'N' if !tls.is_required => Ok(Self::Plain(stream)),
            _ => Err(io::Error::other("the server has no TLS")),
        }
    }
}

/// Does the same with whichever it is.
macro_rules! with {
    ($wire:expr, $stream:ident => $act:expr) => {
        match $wire.get_mut() {
            Wire::Plain($stream) => $act,
            Wire::Encrypted($stream) => $act,
            #[cfg(unix)]
            Wire::Socket($stream) => $act,
        }
    };
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        with!(self, stream => Pin::new(stream).poll_read(cx, buffer))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        with!(self, stream => Pin::new(stream).poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        with!(self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        with!(self, stream => Pin::new(stream).poll_shutdown(cx))
    }
}
