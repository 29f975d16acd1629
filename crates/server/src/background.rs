//! Work that goes on beside the requests.

use std::sync::Arc;
use std::time::Duration;

use auth::{KeyRing, Outbox};
use chrono::TimeDelta;
use domain::{Clock, Housekeeping};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::connections::Connections;
use crate::{housekeeping, monitoring};

/// How often keys that another instance made are looked for: several times within [`KeyRing::NOTICE`],
/// so that one reading may fail.
const KEY_RELOAD: TimeDelta = TimeDelta::seconds(20);

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
        let told = wait(stopped.clone());
        tasks.spawn(async move { outbox.run(told).await });
        tasks.spawn(async move {
            tokio::select! {
                () = wait(stopped) => {}
                () = reload(&keys, &*clock) => {}
                () = housekeeping::run(&housekeeping) => {}
                () = monitoring::keep_up() => {}
                () = connections.watch() => {}
            }
        });
        Self { tasks, stop }
    }

    pub(crate) async fn stop(mut self) {
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn wait(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop too.
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn reload(keys: &KeyRing, clock: &dyn Clock) {
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
            tracing::warn!(%error, "the keys were not read again");
        }
    }
}
