//! The load generator: HTTP/1.1 over connections that stay open, each of which asks again when it has its answer. It is
//! cheap, so that it leaves the processor to what is measured: requests are made beforehand, and of an answer only the
//! status and the length are read.

pub(crate) mod answer;
mod connection;
pub(crate) mod conversation;

use std::net::SocketAddr;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Builder;
use tokio::task::LocalSet;

use crate::outcome::Outcome;
use conversation::Conversation;

/// What a load gave.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    /// Microseconds of each answer that counts, sorted.
    pub(crate) latencies: Vec<u32>,
    /// How many were asked to come back later, by a conversation that allows it.
    pub(crate) refused: u64,
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
}

impl Measured {
    pub(crate) fn rate(&self) -> f64 {
        self.count() / self.elapsed.as_secs_f64().max(1e-9)
    }

    #[expect(clippy::cast_precision_loss, reason = "a count far below 2^52")]
    pub(crate) fn count(&self) -> f64 {
        self.latencies.len() as f64
    }

    /// Milliseconds below which this many in a hundred answers stayed.
    pub(crate) fn percentile(&self, hundredths: usize) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let at = (self.latencies.len() * hundredths / 100).min(last);
        self.latencies.get(at).map_or(f64::NAN, |&micros| f64::from(micros) / 1000.0)
    }

    fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.refused += other.refused;
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_sorted_answers() {
        let measured = Measured { latencies: (1..=200).map(|n| n * 1000).collect(), ..Measured::default() };
        assert!((measured.percentile(50) - 101.0).abs() < f64::EPSILON);
        assert!((measured.percentile(99) - 199.0).abs() < f64::EPSILON);
        assert!(Measured::default().percentile(50).is_nan());
    }
}
