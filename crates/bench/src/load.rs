//! The load generator: HTTP/1.1 over connections that stay open, each of which asks again when it has its answer. It is
//! cheap, so that it leaves the processor to what is measured: requests are made beforehand, and of an answer only the
//! status and the length are read.

pub(crate) mod answer;
mod connection;
pub(crate) mod conversation;
pub(crate) mod measured;

use std::net::SocketAddr;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Builder;
use tokio::task::LocalSet;

use crate::outcome::Outcome;
use conversation::Conversation;
use measured::Measured;

/// Lets each conversation ask over a connection of its own until the time is over.
///
/// # Errors
/// The first answer that the conversation does not take, or connection that broke.
pub(crate) fn run(address: SocketAddr, conversations: Vec<Box<dyn Conversation>>, time: Duration) -> Outcome<Measured> {
    let shares = shares(conversations, threads());
    let all = Mutex::new(Measured::default());
    let (began, failures) = (Instant::now(), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for share in shares {
            scope.spawn(|| match run_share(address, share, began + time) {
                Ok(measured) => lock(&all).add(measured),
                Err(error) => lock(&failures).push(error),
            });
        }
    });
    if let Some(failure) = lock(&failures).pop() {
        return Err(failure);
    }
    let mut measured = std::mem::take(&mut *lock(&all));
    measured.elapsed = began.elapsed();
    measured.latencies.sort_unstable();
    Ok(measured)
}

/// A quarter of the cores drives the load; the rest is for what is measured.
fn threads() -> usize {
    (crate::machine::cores() / 4).max(1)
}

fn shares(conversations: Vec<Box<dyn Conversation>>, threads: usize) -> Vec<Vec<Box<dyn Conversation>>> {
    let mut shares: Vec<Vec<_>> = (0..threads.min(conversations.len()).max(1)).map(|_| Vec::new()).collect();
    let count = shares.len();
    for (number, conversation) in conversations.into_iter().enumerate() {
        shares[number % count].push(conversation);
    }
    shares
}

fn run_share(address: SocketAddr, share: Vec<Box<dyn Conversation>>, end: Instant) -> Outcome<Measured> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let tasks: Vec<_> =
            share.into_iter().map(|one| tokio::task::spawn_local(connection::converse(address, one, end))).collect();
        let mut measured = Measured::default();
        for task in tasks {
            measured.add(task.await??);
        }
        Ok(measured)
    })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
