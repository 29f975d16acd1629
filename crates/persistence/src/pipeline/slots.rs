//! The pipelines of a thread: opened when somebody wants one, replaced when they are old or lost.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{Pipeline, Target};
use crate::pools::{MAX_AGE, TRIED_OUT_AFTER};
use crate::readers::locked;

/// How long to wait after one could not be opened.
const PAUSE: Duration = Duration::from_secs(5);
/// How long a pipeline may take to end in good order.
const TIME_TO_END: Duration = Duration::from_secs(1);

/// Places for pipelines.
pub(crate) struct Slots {
    slots: Vec<Arc<Slot>>,
}

struct Slot {
    target: Arc<Target>,
    time_to_open: Duration,
    state: Mutex<State>,
    /// The task of the last one.
    task: Mutex<Option<JoinHandle<()>>>,
}

enum State {
    Closed {
        /// When opening failed last.
        failed: Option<Instant>,
    },
    /// It is being opened or tried out.
    Busy,
    Open(Arc<Pipeline>),
    /// None is opened any more.
    Ended,
}

/// What to do for those who come later.
enum Work {
    Open,
    TryOut(Arc<Pipeline>),
}

impl Slots {
    pub(crate) fn new(target: &Arc<Target>, count: usize, time_to_open: Duration) -> Self {
        let slot = || Slot {
            target: Arc::clone(target),
            time_to_open,
            state: Mutex::new(State::Closed { failed: None }),
            task: Mutex::default(),
        };
        Self { slots: (0..count).map(|_| Arc::new(slot())).collect() }
    }

    /// The pipeline with the fewest queries under way. One that has to be opened or tried out, in the current runtime,
    /// is there for those who ask later.
    pub(crate) fn take(&self) -> Option<Arc<Pipeline>> {
        self.slots.iter().filter_map(Slot::take).min_by_key(|pipeline| pipeline.under_way())
    }

    /// How many are open or being opened, and how many of them nobody uses.
    pub(crate) fn count(&self) -> (usize, usize) {
        let counts = self.slots.iter().map(|slot| match &*slot.state() {
            State::Closed { .. } | State::Ended => (0, 0),
            State::Busy => (1, 0),
            State::Open(pipeline) => (1, usize::from(pipeline.under_way() == 0)),
        });
        counts.fold((0, 0), |(size, idle), (open, free)| (size + open, idle + free))
    }

    /// Lends them no more. Each ends when the last query on it is over.
    pub(crate) fn end(&self) {
        self.slots.iter().for_each(|slot| *slot.state() = State::Ended);
    }

    /// Waits until they have ended, but not for long.
    pub(crate) async fn close(&self) {
        self.end();
        for slot in &self.slots {
            let task = locked(&slot.task).take();
            if let Some(task) = task {
                // What cannot be closed in good order is gone all the same.
                let _ = timeout(TIME_TO_END, task).await;
            }
        }
    }

    /// Waits until all are open, or cannot be opened.
    #[cfg(feature = "testing")]
    pub(crate) async fn ready(&self) {
        loop {
            self.take();
            if !self.slots.iter().any(|slot| matches!(&*slot.state(), State::Busy)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

impl Slot {
    fn take(self: &Arc<Self>) -> Option<Arc<Pipeline>> {
        let mut state = self.state();
        let work = match &*state {
            State::Closed { failed } if failed.is_none_or(|at| at.elapsed() >= PAUSE) => Work::Open,
            State::Closed { .. } | State::Busy | State::Ended => return None,
            State::Open(pipeline) if pipeline.is_lost() || pipeline.age() >= MAX_AGE => Work::Open,
            State::Open(pipeline) if pipeline.idle_for() >= TRIED_OUT_AFTER => Work::TryOut(Arc::clone(pipeline)),
            State::Open(pipeline) => return Some(Arc::clone(pipeline)),
        };
        *state = State::Busy;
        tokio::spawn(Arc::clone(self).prepare(work));
        None
    }

    async fn prepare(self: Arc<Self>, work: Work) {
        let ready = match work {
            Work::Open => self.open().await,
            Work::TryOut(pipeline) => {
                if let Ok(true) = timeout(self.time_to_open, pipeline.is_well()).await {
                    Some(pipeline)
                } else {
                    pipeline.give_up();
                    self.open().await
                }
            }
        };
        let mut state = self.state();
        if !matches!(*state, State::Ended) {
            *state = ready.map_or_else(|| State::Closed { failed: Some(Instant::now()) }, State::Open);
        }
    }

    async fn open(&self) -> Option<Arc<Pipeline>> {
        match timeout(self.time_to_open, self.target.open()).await {
            Ok(Ok((pipeline, task))) => {
                *locked(&self.task) = Some(task);
                Some(Arc::new(pipeline))
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "no pipeline to the database");
                None
            }
            Err(_) => None,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }
}
