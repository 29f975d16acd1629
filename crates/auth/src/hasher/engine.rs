//! The threads that compute bcrypt: one for each core, at a lower priority than the threads that answer requests.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clientele_bcrypt::{Digest, Input, LANES, SALT_BYTES};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::crypto::CryptoError;

/// How much lower the priority is (nice(2)): a thread that answers requests gets three times as much of a core.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 5;

/// How long a thread that has just computed several hashes waits for as many again. The places of those it computed go to
/// others, who are there within a moment. Without this it would begin with the first of them alone.
const GATHERING: Duration = Duration::from_millis(3);

/// Which implementation computes bcrypt. Both give the same hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BcryptEngine {
    /// Computes up to four hashes at a time in one thread, if so many wait. One alone is computed by the crate `bcrypt`.
    #[default]
    Interleaved,
    /// Uses the crate `bcrypt`, which computes one hash at a time in a thread.
    Crate,
}

impl BcryptEngine {
    /// How many hashes one thread computes at a time.
    pub(super) fn lanes(self) -> NonZeroUsize {
        match self {
            Self::Interleaved => NonZeroUsize::new(LANES).unwrap_or(NonZeroUsize::MIN),
            Self::Crate => NonZeroUsize::MIN,
        }
    }

    fn digests(self, cost: u32, inputs: &[Input<'_>]) -> Vec<Digest> {
        match (self, inputs) {
            // The crate is faster at one.
            (Self::Interleaved, [_, _, ..]) => clientele_bcrypt::digests(cost, inputs),
            _ => inputs.iter().map(|input| digest_of_crate(cost, input)).collect(),
        }
    }
}

fn digest_of_crate(cost: u32, input: &Input<'_>) -> Digest {
    let terminated = [input.password, b"\0"].concat();
    let digest = bcrypt::bcrypt(cost, input.salt, &terminated);
    std::array::from_fn(|byte| digest[byte])
}

/// The threads. They end when this is dropped.
pub(super) struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    kind: BcryptEngine,
    gathering: Duration,
    jobs: Mutex<Jobs>,
    changed: Condvar,
}

struct Jobs {
    waiting: VecDeque<Job>,
    /// The number of threads without a job.
    idle: usize,
    is_closed: bool,
}

struct Job {
    cost: u32,
    /// At most 71 bytes, none of them NUL.
    password: SecretString,
    salt: [u8; SALT_BYTES],
    done: oneshot::Sender<Digest>,
}

impl Engine {
    pub(super) fn start(kind: BcryptEngine, threads: NonZeroUsize) -> std::io::Result<Self> {
        let jobs = Jobs { waiting: VecDeque::new(), idle: threads.get(), is_closed: false };
        let shared = Arc::new(Shared { kind, gathering: GATHERING, jobs: Mutex::new(jobs), changed: Condvar::new() });
        for number in 0..threads.get() {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new().name(format!("bcrypt-{number}")).spawn(move || shared.serve())?;
        }
        Ok(Self { shared })
    }

    /// The digest of a password. The work is done even when the caller goes away meanwhile.
    pub(super) async fn digest(
        &self,
        cost: u32,
        password: &SecretString,
        salt: [u8; SALT_BYTES],
    ) -> Result<Digest, CryptoError> {
        let (done, digest) = oneshot::channel();
        let job = Job { cost, password: password.clone(), salt, done };
        self.shared.jobs().waiting.push_back(job);
        // All of them, since one that gathers does not take it at once.
        self.shared.changed.notify_all();
        digest.await.map_err(|_| CryptoError)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.shared.jobs().is_closed = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self) {
        lower_priority();
        let mut before = 0;
        while let Some(batch) = self.next_batch(before) {
            before = batch.len();
            let inputs: Vec<_> = batch.iter().map(Job::input).collect();
            let digests = self.kind.digests(batch[0].cost, &inputs);
            for (job, digest) in batch.into_iter().zip(digests) {
                // A caller who went away needs no answer.
                let _ = job.done.send(digest);
            }
        }
    }

    /// Waits for jobs of one cost, as many as this thread should compute at a time. `before` is how many it has just
    /// computed. `None` ends the thread.
    fn next_batch(&self, before: usize) -> Option<Vec<Job>> {
        let mut jobs = self.jobs();
        if before > 0 {
            jobs.idle += 1;
        }
        if before > 1 {
            let are_few = |jobs: &mut Jobs| !jobs.is_closed && jobs.waiting.len() < before * jobs.idle;
            let gathered = self.changed.wait_timeout_while(jobs, self.gathering, are_few);
            (jobs, _) = gathered.unwrap_or_else(PoisonError::into_inner);
        }
        loop {
            if let Some(batch) = jobs.take_batch(self.kind.lanes().get()) {
                return Some(batch);
            }
            if jobs.is_closed {
                return None;
            }
            jobs = self.changed.wait(jobs).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Jobs {
    /// The oldest job, and the jobs of the same cost that follow it. The idle threads share the waiting jobs, since two
    /// cores are faster than two jobs interleaved on one core.
    fn take_batch(&mut self, lanes: usize) -> Option<Vec<Job>> {
        let cost = self.waiting.front()?.cost;
        let share = self.waiting.len().div_ceil(self.idle.max(1)).clamp(1, lanes);
        let count = self.waiting.iter().take(share).take_while(|job| job.cost == cost).count();
        self.idle -= 1;
        Some(self.waiting.drain(..count).collect())
    }
}

impl Job {
    fn input(&self) -> Input<'_> {
        Input { password: self.password.expose_secret().as_bytes(), salt: self.salt }
    }
}

/// Lowers the priority of this thread. On Linux, other threads keep theirs.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "password hashes are computed at the priority of everything else");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(cost: u32) -> Job {
        Job { cost, password: SecretString::from("x"), salt: [0; SALT_BYTES], done: oneshot::channel().0 }
    }

    #[test]
    fn a_batch_is_of_one_cost_and_leaves_a_share_to_idle_threads() {
        for (costs, idle, lanes, expected) in [
            (&[4][..], 2, 4, &[4][..]),
            (&[4, 4, 4, 4], 2, 4, &[4, 4]),
            (&[4, 4, 4, 4, 4], 2, 4, &[4, 4, 4]),
            (&[4; 9], 1, 4, &[4; 4]),
            (&[4; 9], 1, 1, &[4]),
            (&[4, 4, 5, 4], 1, 4, &[4, 4]),
            (&[], 2, 4, &[]),
        ] {
            let waiting = costs.iter().map(|cost| job(*cost)).collect();
            let mut jobs = Jobs { waiting, idle, is_closed: false };
            let batch: Vec<_> = jobs.take_batch(lanes).unwrap_or_default().iter().map(|job| job.cost).collect();
            assert_eq!(batch, expected, "{costs:?}");
            assert_eq!(jobs.waiting.len(), costs.len() - expected.len());
        }
    }

    /// A thread that gathers for as long as it takes.
    fn shared(waiting: usize) -> Arc<Shared> {
        let waiting = (0..waiting).map(|_| job(4)).collect();
        let jobs = Mutex::new(Jobs { waiting, idle: 0, is_closed: false });
        let (kind, gathering) = (BcryptEngine::Interleaved, Duration::MAX);
        Arc::new(Shared { kind, gathering, jobs, changed: Condvar::new() })
    }

    #[test]
    fn a_thread_that_has_computed_several_waits_for_as_many() {
        let shared = shared(1);
        let thread = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.next_batch(4).unwrap().len()
        });
        while shared.jobs().idle == 0 {
            std::thread::yield_now();
        }
        for _ in 0..3 {
            shared.jobs().waiting.push_back(job(4));
            shared.changed.notify_all();
        }
        assert_eq!(thread.join().unwrap(), 4);
    }

    #[test]
    fn one_alone_is_computed_at_once() {
        assert_eq!(shared(1).next_batch(1).unwrap().len(), 1);
    }

    #[test]
    fn a_thread_that_gathers_ends_with_the_engine() {
        let shared = shared(0);
        shared.jobs().is_closed = true;
        assert!(shared.next_batch(4).is_none());
    }

    #[tokio::test]
    async fn both_engines_give_the_same_digests_however_many_wait() {
        let threads = NonZeroUsize::new(2).unwrap();
        let engines =
            [BcryptEngine::Interleaved, BcryptEngine::Crate].map(|kind| Engine::start(kind, threads).unwrap());
        let digests = async |engine: &Engine| {
            let passwords: Vec<_> = (0..11).map(|n| SecretString::from("p".repeat(n * 7 % 72))).collect();
            let jobs = passwords
                .iter()
                .zip(0..)
                .map(|(password, n)| engine.digest(4 + u32::from(n % 2), password, [n; SALT_BYTES]));
            futures_util::future::join_all(jobs).await
        };
        assert_eq!(digests(&engines[0]).await, digests(&engines[1]).await);
    }

    #[tokio::test]
    async fn the_threads_end_with_the_engine() {
        let engine = Engine::start(BcryptEngine::Interleaved, NonZeroUsize::MIN).unwrap();
        engine.digest(4, &SecretString::from("x"), [0; SALT_BYTES]).await.unwrap();
        let shared = Arc::downgrade(&engine.shared);
        drop(engine);
        while shared.strong_count() > 0 {
            tokio::task::yield_now().await;
        }
    }
}
