//! Ends connections on which a client takes its time where the server has no timer of its own: with the head of a
//! second request, or with a body that nobody reads any more.

use std::any::Any;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream as ServedStream;
use api::Connection;

/// How often all connections are looked at.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long the end of an answer may take that its reader is slow to take.
const READING: Duration = Duration::from_mins(1);

/// The connections of all clients. Clones are the same ones.
#[derive(Clone)]
pub(crate) struct Connections {
    all: Arc<Mutex<Vec<Weak<Watched>>>>,
    patience: Duration,
}

/// Lives as long as the server has the connection. Costs a file descriptor, since the one of the server can't be lent.
struct Watched {
    connection: Connection,
    stream: TcpStream,
}

impl Connections {
    /// Which may wait so long for their next request (the server ends those itself that are silent), and take so long
    /// to send its head.
    pub(crate) fn new(keep_alive: Duration, head_time: Duration) -> Self {
        Self { all: Arc::default(), patience: keep_alive + head_time }
    }

    /// Takes note of a new one.
    pub(crate) fn add(&self, stream: &dyn Any, data: &mut Extensions) {
        let stream = stream.downcast_ref::<ServedStream>().map(|stream| stream.as_fd().try_clone_to_owned());
        // Where there are no more descriptors, the next client is not accepted either.
        let Some(Ok(stream)) = stream else { return };
        let watched = Arc::new(Watched { connection: Connection::default(), stream: stream.into() });
        self.all.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&watched));
        data.insert(watched.connection.clone());
        data.insert(watched);
    }

    /// Goes on until it is dropped.
    pub(crate) async fn watch(self) {
        loop {
            tokio::time::sleep(INTERVAL).await;
            self.end_idle();
        }
    }

    fn end_idle(&self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|watched| watched.upgrade().is_some_and(|watched| watched.end_if_idle(self.patience)));
    }
}

impl Watched {
    /// Answers whether there is still something to watch. An error means that the client was faster.
    fn end_if_idle(&self, patience: Duration) -> bool {
        let idle = self.connection.idle_for().unwrap_or_default();
        if idle > patience + READING {
            let _ = self.stream.shutdown(Shutdown::Both);
            return false;
        }
        if idle > patience {
            // To the server, the client has nothing more to say; what it is still to hear is sent.
            let _ = self.stream.shutdown(Shutdown::Read);
        }
        true
    }
}
