//! Tasks that run beside the requests.

use std::sync::Arc;
use std::time::Duration;

use auth::KeyRing;
use chrono::TimeDelta;
use delivery::Outbox;
use domain::{Clock, ErrorChain, Housekeeping};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::connections::Connections;
use crate::observability::metrics;

/// How often keys are read again, since another instance may have made one. It is several times within
/// [`KeyRing::NOTICE`], so one reading may fail.
const KEY_RELOAD: TimeDelta = TimeDelta::seconds(20);

/// How often this instance asks whether it is its turn.
const HOUSEKEEPING_INTERVAL: Duration = Duration::from_mins(1);
/// The first time comes soon, since the service may have been stopped for long.
const FIRST_HOUSEKEEPING: Duration = Duration::from_secs(5);
/// How long a task waits after a panic before it starts again.
const PAUSE: Duration = Duration::from_secs(1);

/// Tasks that run until [`Self::stop`].
pub(crate) struct Background {
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
}

impl Background {
    pub(crate) fn start(
        outbox: Outbox,
        keys: Arc<KeyRing>,
        housekeeping: Housekeeping,
        clock: Arc<dyn Clock>,
        connections: Connections,
    ) -> Self {
        let mut background = Self { tasks: JoinSet::new(), stop: watch::Sender::new(false) };
        let stopped = background.stop.subscribe();
        background.tasks.spawn(restarting("delivery", move || {
            let (outbox, stopped) = (outbox.clone(), wait(stopped.clone()));
            async move { outbox.run(stopped).await }
        }));
        background.until_stopped("reading keys again", move || reload(keys.clone(), clock.clone()));
        background.until_stopped("housekeeping", move || housekeep(housekeeping.clone()));
        background.until_stopped("upkeep of metrics", metrics::run_upkeep);
        background.until_stopped("watch on connections", move || connections.clone().watch());
        background
    }

    /// Begins a task that [`Self::stop`] breaks off.
    fn until_stopped<F>(&mut self, name: &'static str, work: impl Fn() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stopped = wait(self.stop.subscribe());
        self.tasks.spawn(async move {
            tokio::select! {
                () = stopped => {}
                () = restarting(name, work) => {}
            }
        });
    }

    pub(crate) async fn stop(mut self) {
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Runs the task that `work` makes until it is done. A panic is logged, and the task starts again after a pause.
async fn restarting<F>(name: &'static str, work: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        // A JoinSet aborts the task when this future is dropped.
        let mut task = JoinSet::new();
        task.spawn(work());
        match task.join_next().await {
            Some(Err(error)) if error.is_panic() => tracing::error!("{name} panicked, and starts again"),
            _ => return,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn wait(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is also a stop.
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn reload(keys: Arc<KeyRing>, clock: Arc<dyn Clock>) {
    let mut last = clock.now();
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = clock.now();
        // `abs`, since somebody may set the clock back.
        if (now - last).abs() < KEY_RELOAD {
            continue;
        }
        last = now;
        if let Err(error) = keys.reload().await {
            tracing::warn!(error = %ErrorChain(&error), "the keys could not be read again");
        }
    }
}

/// Removes expired rows, about every minute.
async fn housekeep(housekeeping: Housekeeping) {
    let mut pause = FIRST_HOUSEKEEPING;
    loop {
        tokio::time::sleep(pause).await;
        pause = HOUSEKEEPING_INTERVAL;
        match housekeeping.run().await {
            Ok(0) => {}
            Ok(removed) => {
                ::metrics::counter!("clientele_expired_rows_removed_total").increment(removed);
                tracing::debug!(removed, "removed expired rows");
            }
            Err(error) => tracing::warn!(error = %ErrorChain(&error), "expired rows could not be removed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_that_breaks_begins_anew_until_it_is_done() {
        let begun = Arc::new(AtomicU32::new(0));
        let count = begun.clone();
        restarting("a test", move || {
            let nth = count.fetch_add(1, Ordering::SeqCst);
            async move { assert!(nth >= 2, "this panic is part of the test") }
        })
        .await;
        assert_eq!(begun.load(Ordering::SeqCst), 3);
    }
}
