//! Passwords checked on all cores, by the crate `bcrypt` and by ours, which computes several at a time.

use std::thread;
use std::time::{Duration, Instant};

use clientele_bcrypt::{Input, LANES, digests};

use crate::fill::COST;
use crate::load::measured::Measured;
use crate::machine::cores;
use crate::outcome::Outcome;
use crate::people::PASSWORD;

/// The crate `bcrypt` on so many threads.
pub(crate) fn plain(threads: usize, time: Duration) -> Outcome<Measured> {
    let hash = bcrypt::hash(PASSWORD, COST)?;
    compute(threads, time, 1, || bcrypt::verify(PASSWORD, &hash).unwrap_or(false))
}

/// Ours on all cores, with all lanes in use.
pub(crate) fn interleaved(time: Duration) -> Outcome<Measured> {
    let salts: [u8; LANES] = std::array::from_fn(|lane| u8::try_from(lane).unwrap_or(0));
    let inputs = salts.map(|salt| Input { password: PASSWORD.as_bytes(), salt: [salt; 16] });
    compute(cores(), time, LANES, || digests(COST, &inputs).len() == LANES)
}

/// Runs `work`, which gives `each` hashes, on every thread until the time is over, and at least once.
fn compute(threads: usize, time: Duration, each: usize, work: impl Fn() -> bool + Sync) -> Outcome<Measured> {
    let began = Instant::now();
    let run = || {
        let mut latencies = Vec::new();
        loop {
            let start = Instant::now();
            if !work() {
                return Err("a password that is right was not found so");
            }
            let micros = u32::try_from(start.elapsed().as_micros()).unwrap_or(u32::MAX);
            latencies.extend(std::iter::repeat_n(micros, each));
            if began.elapsed() >= time {
                return Ok(latencies);
            }
        }
    };
    let all: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        running.into_iter().map(thread::ScopedJoinHandle::join).collect()
    });
    let mut measured = Measured { elapsed: began.elapsed(), ..Measured::default() };
    for latencies in all {
        measured.latencies.extend(latencies.map_err(|_| "a thread ended")??);
    }
    measured.latencies.sort_unstable();
    Ok(measured)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_counted_and_wrong_work_is_an_error() {
        let count = compute(2, Duration::from_millis(20), 4, || true).unwrap().latencies.len();
        assert!(count >= 8 && count.is_multiple_of(4));
        assert!(compute(1, Duration::from_mins(1), 1, || false).is_err());
    }
}
