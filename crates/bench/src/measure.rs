//! Rounds of two sides in turn, and what they come to.

use std::time::Duration;

use crate::load;
use crate::load::conversation::{Conversation, Rotation};
use crate::load::measured::Measured;
use crate::outcome::Outcome;
use crate::process;
use crate::service::Service;

/// One side of a row: what it does for a while.
pub(crate) struct Side<'a> {
    run: Box<dyn FnMut(Duration) -> Outcome<Figures> + 'a>,
}

/// What one round gave, or the median of several.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// Answers a second.
    pub(crate) rate: f64,
    /// Milliseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// Microseconds of processor time for each answer.
    pub(crate) cpu: Option<f64>,
    /// The same of all processes of the database server.
    pub(crate) database_cpu: Option<f64>,
    /// Answers a second that asked to come back later.
    pub(crate) refused: f64,
}

impl<'a> Side<'a> {
    pub(crate) fn new(run: impl FnMut(Duration) -> Outcome<Figures> + 'a) -> Self {
        Self { run: Box::new(run) }
    }

    /// So many connections that take these requests in turn. `database` is what the processes of its server are called.
    pub(crate) fn load(
        service: &'a Service,
        database: &'static [&'static str],
        requests: Vec<Vec<u8>>,
        connections: usize,
    ) -> Self {
        let rotation = Rotation::new(requests);
        Self::talk(service, database, move || rotation.shared(connections))
    }

    /// The same with conversations of any kind, made anew for each round.
    pub(crate) fn talk(
        service: &'a Service,
        database: &'static [&'static str],
        mut conversations: impl FnMut() -> Vec<Box<dyn Conversation>> + 'a,
    ) -> Self {
        Self::new(move |time| {
            let processor = Processor::watch(service.pid(), database)?;
            let measured = load::run(service.address, conversations(), time)?;
            processor.figures(&measured)
        })
    }

    pub(crate) fn round(&mut self, time: Duration) -> Outcome<Figures> {
        (self.run)(time)
    }
}

/// Processor time since a moment.
pub(crate) struct Processor {
    pid: u32,
    database: &'static [&'static str],
    before: (u64, u64),
}

impl Processor {
    pub(crate) fn watch(pid: u32, database: &'static [&'static str]) -> Outcome<Self> {
        Ok(Self { pid, database, before: (process::cpu(pid)?, process::cpu_of_all(database)) })
    }

    /// Fails when nothing was answered.
    #[expect(clippy::cast_precision_loss, reason = "microseconds far below 2^52")]
    pub(crate) fn figures(&self, measured: &Measured) -> Outcome<Figures> {
        if measured.latencies.is_empty() {
            return Err("nothing was answered".into());
        }
        let service = process::cpu(self.pid)?.saturating_sub(self.before.0) as f64;
        let database = process::cpu_of_all(self.database).saturating_sub(self.before.1) as f64;
        Ok(Figures {
            cpu: Some(service / measured.count()),
            database_cpu: process::is_here(self.database).then(|| database / measured.count()),
            ..Figures::of(measured)
        })
    }
}

impl Figures {
    #[expect(clippy::cast_precision_loss, reason = "a count far below 2^52")]
    pub(crate) fn of(measured: &Measured) -> Self {
        Self {
            rate: measured.rate(),
            p50: measured.percentile(50),
            p99: measured.percentile(99),
            cpu: None,
            database_cpu: None,
            refused: measured.refused as f64 / measured.elapsed.as_secs_f64().max(1e-9),
        }
    }

    /// The median of each figure by itself.
    pub(crate) fn median(rounds: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(rounds.iter().map(figure).collect());
        let some = |figure: fn(&Self) -> Option<f64>| {
            let all: Option<Vec<_>> = rounds.iter().map(figure).collect();
            all.map(median)
        };
        Self {
            rate: of(|round| round.rate),
            p50: of(|round| round.p50),
            p99: of(|round| round.p99),
            cpu: some(|round| round.cpu),
            database_cpu: some(|round| round.database_cpu),
            refused: of(|round| round.refused),
        }
    }
}

/// Lets the sides run in turn, round by round, after a short round of each that does not count.
pub(crate) fn alternate<const N: usize>(
    mut sides: [Side<'_>; N],
    rounds: usize,
    time: Duration,
) -> Outcome<[Figures; N]> {
    for side in &mut sides {
        side.round(time / 4)?;
    }
    let mut all: [Vec<Figures>; N] = std::array::from_fn(|_| Vec::new());
    for _ in 0..rounds {
        for (side, figures) in sides.iter_mut().zip(&mut all) {
            figures.push(side.round(time)?);
        }
    }
    Ok(all.map(|figures| Figures::median(&figures)))
}

/// The middle one; of two, the mean.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        count if count.is_multiple_of(2) => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((median(vec![9.0, 1.0, 5.0]) - 5.0).abs() < f64::EPSILON);
        assert!((median(vec![4.0, 1.0]) - 2.5).abs() < f64::EPSILON);
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn sides_run_in_turn_and_the_first_round_does_not_count() {
        let order = std::cell::RefCell::new(String::new());
        let side = |name: &'static str| {
            let order = &order;
            let mut rate = 100.0;
            Side::new(move |_| {
                order.borrow_mut().push_str(name);
                rate -= 1.0;
                Ok(Figures { rate, ..Figures::of(&Measured::default()) })
            })
        };
        let [a, _] = alternate([side("a"), side("b")], 3, Duration::ZERO).unwrap();
        assert_eq!(*order.borrow(), "abababab");
        assert!((a.rate - 97.0).abs() < f64::EPSILON);
    }
}
