//! Futures that are polled inside one runtime, whoever asks for them.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

/// A future that opens its sockets and sets its timers in the runtime `home`. Each thread that serves requests has a
/// runtime of its own: what were opened there would die with it, in a pool that the other threads share.
pub(crate) struct AtHome<F> {
    home: Handle,
    /// Empty from the moment it is dropped.
    inner: Option<Pin<Box<F>>>,
}

impl<F: Future> AtHome<F> {
    pub(crate) fn new(home: &Handle, inner: F) -> Self {
        Self { home: home.clone(), inner: Some(Box::pin(inner)) }
    }
}

impl<F: Future> Future for AtHome<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let home = self.home.clone();
        let _entered = home.enter();
        self.inner.as_mut().map_or(Poll::Pending, |inner| inner.as_mut().poll(cx))
    }
}

impl<F> Drop for AtHome<F> {
    /// A connection that goes back to its pool does so in a task.
    fn drop(&mut self) {
        let _entered = self.home.enter();
        self.inner = None;
    }
}
