//! What a load gave.

use std::time::Duration;

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

    pub(super) fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.refused += other.refused;
    }
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
