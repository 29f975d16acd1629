//! Counts what was recorded, when its transaction is committed and not before.

use std::cell::RefCell;

use domain::audit::{Event, EventKind};

tokio::task_local! {
    /// What the transaction of this task has recorded so far.
    static NOTED: RefCell<Vec<EventKind>>;
}

/// Runs a transaction to its end, and counts what it recorded if it was committed.
pub(crate) async fn committed<T, E>(transaction: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let counted = async {
        let done = transaction.await?;
        for kind in NOTED.with(RefCell::take) {
            metrics::counter!("clientele_audit_events_total", "action" => kind.as_str()).increment(1);
        }
        Ok(done)
    };
    NOTED.scope(RefCell::default(), counted).await
}

/// Notes what was recorded.
pub(super) fn note(events: &[Event]) {
    // Outside a transaction there is nothing to wait for, and nothing records there.
    let _ = NOTED.try_with(|noted| noted.borrow_mut().extend(events.iter().map(|event| event.kind)));
}
