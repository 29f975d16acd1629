//! Every store in one, without a database.

mod api_keys;
mod audit;
mod challenges;
mod customers;
mod erasure;
mod keys;
mod outbox;
mod sessions;
mod setup;
mod users;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::api_key::ApiKey;
use crate::audit::Event;
use crate::challenge::{Challenge, Message};
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::idempotency::StoredAnswer;
use crate::key::StoredKey;
use crate::limit::Counter;
use crate::notice::Notice;
use crate::session::{Digest, Session};
use crate::store::{Account, Generation, StoreError};
use crate::user::{PasswordHash, User};

/// Every store of [`crate::store`] in memory. Clones share what they hold.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Mutex<State>>);

/// What the tables of a database would hold.
#[derive(Clone, Debug, Default)]
struct State {
    people: BTreeMap<UserId, Account>,
    setup_tokens: Vec<Digest>,
    sessions: Vec<Session>,
    api_keys: Vec<ApiKey>,
    challenges: Vec<Challenge>,
    outbox: Vec<Queued<Message>>,
    keys: Vec<StoredKey>,
    housekeeping_until: Option<Timestamp>,
    attempts: BTreeMap<Digest, Counter>,
    networks: BTreeMap<(UserId, Digest), Timestamp>,
    events: Vec<Event>,
    stored_answers: Vec<(UserId, StoredAnswer)>,
    notices: Vec<Queued<Notice>>,
    /// Who signed up, when, and was not approved yet.
    signups: BTreeMap<UserId, Timestamp>,
    /// How often something was written, or was not.
    writes: u64,
}

/// A message or a notice, and the moment from which it may be taken.
#[derive(Clone, Debug)]
struct Queued<T> {
    item: T,
    due_at: Timestamp,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Everyone, by id.
    #[must_use]
    pub fn users(&self) -> Vec<User> {
        self.read(|state| state.people.values().map(|account| account.user.clone()).collect())
    }

    /// What a person's password is checked against.
    #[must_use]
    pub fn password_hash(&self, id: UserId) -> Option<PasswordHash> {
        self.read(|state| state.people.get(&id).map(|account| account.password_hash.clone()))
    }

    /// Writes a person over themselves without any check, for states that no
    /// use-case leads to yet, such as a deactivated manager.
    pub fn overwrite_user(&self, user: &User) {
        self.change(|state| {
            if let Some(account) = state.people.get_mut(&user.id) {
                account.user = user.clone();
            }
        });
    }

    /// The audit trail, in the order of writing.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.read(|state| state.events.clone())
    }

    /// The sessions that have not ended, expired ones included.
    #[must_use]
    pub fn sessions(&self) -> Vec<Session> {
        self.read(|state| state.sessions.clone())
    }

    /// Every challenge, used ones included.
    #[must_use]
    pub fn challenges(&self) -> Vec<Challenge> {
        self.read(|state| state.challenges.clone())
    }

    /// The outbox, claimed messages included.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        self.read(|state| state.outbox.iter().map(|queued| queued.item.clone()).collect())
    }

    /// Notices that wait, claimed ones included.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        self.read(|state| state.notices.iter().map(|queued| queued.item.clone()).collect())
    }

    /// A generation of everybody.
    fn generation_of_all(&self) -> Generation {
        Generation([self.read(|state| state.writes), 0, 0])
    }

    fn read<T>(&self, f: impl FnOnce(&State) -> T) -> T {
        f(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A change that nothing refuses.
    fn change<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.writes += 1;
        f(&mut state)
    }

    /// A transaction: what `f` did is kept when it succeeds, and undone when it fails.
    fn write<T, E>(&self, f: impl FnOnce(&mut State) -> Result<T, E>) -> Result<T, E> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.writes += 1;
        let mut draft = state.clone();
        let answer = f(&mut draft)?;
        *state = draft;
        Ok(answer)
    }
}

/// A limit of rows as a length.
fn length(limit: u64) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// The error of a database whose key was violated. A caller cannot mend it.
fn broken_key(constraint: &'static str) -> StoreError {
    StoreError::Failed(constraint.into())
}
