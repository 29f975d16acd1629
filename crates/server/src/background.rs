//! Work that goes on beside the requests.

use std::pin::Pin;
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

mod housekeeping;

/// How often keys that another instance made are looked for: several times within [`KeyRing::NOTICE`],
/// so that one reading may fail.
const KEY_RELOAD: TimeDelta = TimeDelta::seconds(20);

/// How long a task that broke waits before it begins anew.
const PAUSE: Duration = Duration::from_secs(1);

/// Work that goes on beside the requests.
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
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let told = stopped.clone();
        tasks.spawn(kept_going("delivery", move || {
            let (outbox, told) = (outbox.clone(), wait(told.clone()));
            async move { outbox.run(told).await }
        }));
        let mut until_stopped = |name, work: Work| {
            let stopped = stopped.clone();
            tasks.spawn(async move {
                tokio::select! {
                    () = wait(stopped) => {}
                    () = kept_going(name, work) => {}
                }
            });
        };
        until_stopped("reading keys again", Box::new(move || Box::pin(reload(keys.clone(), clock.clone()))));
        until_stopped("housekeeping", Box::new(move || Box::pin(housekeeping::run(housekeeping.clone()))));
        until_stopped("upkeep of metrics", Box::new(|| Box::pin(metrics::run_upkeep())));
        until_stopped("watch on connections", Box::new(move || Box::pin(connections.clone().watch())));
        Self { tasks, stop }
    }

    pub(crate) async fn stop(mut self) {
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Makes the future of a task, any number of times.
type Work = Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// Does the work until it is done. Where it panics, which the log tells, the others go on, and so does it after a
/// while.
async fn kept_going<F>(name: &'static str, work: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        // A set, so that the task ends with this future.
        let mut task = JoinSet::new();
        task.spawn(work());
        match task.join_next().await {
            Some(Err(error)) if error.is_panic() => tracing::error!("{name} broke, and begins anew"),
            _ => return,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn wait(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop too.
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn reload(keys: Arc<KeyRing>, clock: Arc<dyn Clock>) {
    let mut last = clock.now();
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = clock.now();
        // A clock that was set back is no reason to wait.
        if (now - last).abs() < KEY_RELOAD {
            continue;
        }
        last = now;
        if let Err(error) = keys.reload().await {
            tracing::warn!(error = %ErrorChain(&error), "the keys were not read again");
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
        kept_going("a test", move || {
            let nth = count.fetch_add(1, Ordering::SeqCst);
            async move { assert!(nth >= 2, "this panic is part of the test") }
        })
        .await;
        assert_eq!(begun.load(Ordering::SeqCst), 3);
    }
}
