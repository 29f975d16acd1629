//! Connections that read and belong to the threads that serve requests.
//!
//! Each of these threads has a tokio runtime of its own. A connection that was opened there wakes that thread when an
//! answer is in, and no other thread on the way. And it stays with the thread: a pool that is shared asks each
//! connection that comes back whether it is well, which is a second round trip for each query.
//!
//! Nobody depends on these connections. Whoever finds none in time takes one of the shared pool.
//!
//! On `SQLite` the thread has one more, which it asks by itself. On `PostgreSQL` one of them is a pipeline.

mod lent;
mod thread;

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use sea_orm::{SqlxError, Statement};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use self::lent::Held;
pub(crate) use self::lent::Reader;
use self::thread::{Idle, Thread};
use crate::callers::Callers;
use crate::cells::FromCells;
use crate::connection::Connector;
use crate::file_reader::{FileToRead, NotRead};
#[cfg(feature = "postgres")]
use crate::pipeline::{Pipeline, Slots};
use crate::pools::{MAX_AGE, TRIED_OUT_AFTER};

/// The connections of all threads.
pub(crate) struct Readers {
    connector: Connector,
    /// What threads read by themselves.
    file: Option<FileToRead>,
    /// How many connections each thread has for one query at a time.
    per_thread: usize,
    /// How many pipelines it has.
    #[cfg(feature = "postgres")]
    pipelines: usize,
    /// Of all threads that will join.
    max: usize,
    /// How long it may take to open one.
    time_to_open: Duration,
    threads: Mutex<Vec<Arc<Thread>>>,
    is_closed: AtomicBool,
}

thread_local! {
    static MINE: RefCell<Option<(Weak<Readers>, Arc<Thread>)>> = const { RefCell::new(None) };
}

impl Readers {
    /// So many connections for each of so many threads. None is opened before it is needed.
    pub(crate) fn new(connector: Connector, per_thread: usize, threads: usize, time_to_open: Duration) -> Arc<Self> {
        let file = connector.file().filter(|_| per_thread > 0);
        let max = (per_thread + usize::from(file.is_some())) * threads;
        #[cfg(feature = "postgres")]
        let pipelines = usize::from(connector.pipeline().is_some() && per_thread > 1);
        Arc::new(Self {
            connector,
            file,
            #[cfg(feature = "postgres")]
            per_thread: per_thread - pipelines,
            #[cfg(not(feature = "postgres"))]
            per_thread,
            #[cfg(feature = "postgres")]
            pipelines,
            max,
            time_to_open,
            threads: Mutex::default(),
            is_closed: AtomicBool::new(false),
        })
    }

    /// Gives the current thread connections of its own, which live in the runtime that is current.
    pub(crate) fn join(self: &Arc<Self>) {
        if self.per_thread > 0 {
            let places = Arc::new(Semaphore::new(self.per_thread));
            let thread = Arc::new(Thread {
                runtime: Handle::current(),
                places,
                idle: Mutex::default(),
                file: Mutex::default(),
                #[cfg(feature = "postgres")]
                pipelines: self
                    .connector
                    .pipeline()
                    .map(|server| Slots::new(server, self.pipelines, self.time_to_open)),
                answered: AtomicU64::new(0),
                callers: Arc::default(),
            });
            locked(&self.threads).push(Arc::clone(&thread));
            MINE.set(Some((Arc::downgrade(self), thread)));
        }
    }

    /// A connection of the current thread, if it has one that is free soon. One that has to be opened or tried out is
    /// there for those who ask later.
    pub(crate) async fn take(self: &Arc<Self>) -> Option<Reader> {
        let thread = self.mine().filter(|_| !self.is_closed())?;
        let place = thread.place().await?;
        let idle = locked(&thread.idle).pop();
        let held = Held { readers: Arc::clone(self), thread, _place: place };
        match idle {
            Some(idle) if idle.since.elapsed() < TRIED_OUT_AFTER && !self.is_old(&idle) => {
                Some(Reader { idle: Some(idle), held: Some(held), is_well: true })
            }
            idle => {
                tokio::spawn(held.prepare(idle));
                None
            }
        }
    }

    /// The look-ups of callers of the current thread, if it has connections of its own.
    pub(crate) fn callers(self: &Arc<Self>) -> Option<Arc<Callers>> {
        self.mine().map(|thread| Arc::clone(&thread.callers))
    }

    /// What the current thread reads by itself; `None` where it cannot, or not at once.
    pub(crate) fn read_at_once<T: FromCells>(self: &Arc<Self>, query: &Statement) -> Option<Vec<T>> {
        let file = self.file.as_ref()?;
        let thread = self.mine()?;
        let mut reader = thread.file.try_lock().ok()?;
        // Asked under the lock: from then on whoever closes waits for us, and finds what we open.
        if self.is_closed() {
            return None;
        }
        let reading = match &mut *reader {
            Some(open) => open.all(query),
            none => file.open().and_then(|open| none.insert(open).all(query)),
        };
        match reading {
            Ok(rows) => Some(rows),
            Err(NotRead::Now) => None,
            Err(NotRead::Broken) => {
                *reader = None;
                None
            }
        }
    }

    /// The pipeline of the current thread, if one is open.
    #[cfg(feature = "postgres")]
    pub(crate) fn pipeline(self: &Arc<Self>) -> Option<Arc<Pipeline>> {
        self.mine().filter(|_| !self.is_closed())?.pipelines.as_ref()?.take()
    }

    /// Waits until the current thread has its pipelines, so that tests know which way they go.
    #[cfg(feature = "testing")]
    pub(crate) async fn ready(self: &Arc<Self>) {
        #[cfg(feature = "postgres")]
        if let Some(pipelines) = self.mine().as_ref().and_then(|thread| thread.pipelines.as_ref()) {
            pipelines.ready().await;
        }
    }

    /// How many connections are open or being opened, how many of them nobody uses, and how many there can be.
    pub(crate) fn count(&self) -> (usize, usize, usize) {
        let threads = locked(&self.threads);
        let (mut size, mut idle) = (0, 0);
        for thread in &*threads {
            let in_use = self.per_thread.saturating_sub(thread.places.available_permits());
            let (free, (others, others_idle)) = (locked(&thread.idle).len(), thread.others());
            size += in_use + free + others;
            idle += free + others_idle;
        }
        (size, idle, self.max)
    }

    /// Lends no more connections, and closes those to a server while the threads that they belong to are there.
    pub(crate) fn end(&self) {
        self.is_closed.store(true, Ordering::Release);
        if self.connector.is_of_a_runtime() {
            for thread in &*locked(&self.threads) {
                #[cfg(feature = "postgres")]
                thread.end_pipelines();
                let idle = std::mem::take(&mut *locked(&thread.idle));
                thread.runtime.spawn(close_all(idle));
            }
        }
    }

    /// Closes what is left when nobody reads any more.
    pub(crate) async fn close(&self) {
        self.end();
        let threads = std::mem::take(&mut *locked(&self.threads));
        for thread in threads {
            let (idle, file) = (std::mem::take(&mut *locked(&thread.idle)), locked(&thread.file).take());
            drop(file);
            close_all(idle).await;
            #[cfg(feature = "postgres")]
            if let Some(pipelines) = &thread.pipelines {
                pipelines.close().await;
            }
        }
    }

    fn mine(self: &Arc<Self>) -> Option<Arc<Thread>> {
        MINE.with_borrow(|mine| {
            let (readers, thread) = mine.as_ref()?;
            std::ptr::eq(readers.as_ptr(), Arc::as_ptr(self)).then(|| Arc::clone(thread))
        })
    }

    fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    fn is_old(&self, idle: &Idle) -> bool {
        self.connector.is_of_a_runtime() && idle.opened.elapsed() >= MAX_AGE
    }

    async fn open(&self) -> Result<Idle, SqlxError> {
        let connection = self.connector.connect().await?;
        Ok(Idle { connection, opened: Instant::now(), since: Instant::now() })
    }

    /// The same connection if it answers, or a new one.
    async fn renewed(&self, idle: Option<Idle>) -> Result<Idle, SqlxError> {
        match idle {
            Some(mut idle) if !self.is_old(&idle) => {
                idle.connection.ping().await?;
                Ok(idle)
            }
            Some(idle) => {
                idle.connection.close().await?;
                self.open().await
            }
            None => self.open().await,
        }
    }
}

async fn close_all(idle: Vec<Idle>) {
    for idle in idle {
        // What cannot be closed in good order is gone all the same.
        let _ = idle.connection.close().await;
    }
}

/// What a mutex guards here stays whole when its holder panics.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
