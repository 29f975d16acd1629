//! Futures that are polled inside one runtime, whoever asks for them.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

/// A future that opens its sockets and sets its timers in the runtime `runtime`. Each thread that serves requests has a
/// runtime of its own: what were opened there would die with it, in a pool that the other threads share.
pub(crate) struct OnRuntime<F> {
    runtime: Handle,
    /// Empty from the moment it is dropped.
    inner: Option<Pin<Box<F>>>,
}

impl<F: Future> OnRuntime<F> {
    pub(crate) fn new(runtime: &Handle, inner: F) -> Self {
        Self { runtime: runtime.clone(), inner: Some(Box::pin(inner)) }
    }
}

impl<F: Future> Future for OnRuntime<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let runtime = self.runtime.clone();
        let _entered = runtime.enter();
        self.inner.as_mut().map_or(Poll::Pending, |inner| inner.as_mut().poll(cx))
    }
}

impl<F> Drop for OnRuntime<F> {
    /// A connection that goes back to its pool does so in a task.
    fn drop(&mut self) {
        let _entered = self.runtime.enter();
        self.inner = None;
    }
}
