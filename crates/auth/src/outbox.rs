//! Codes on their way: sent after the answer, tried again when a gateway
//! fails, and never twice at once.

mod budgets;
mod log_sender;
mod notices;
mod turns;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use domain::challenge::{Message, Purpose};
use domain::session::Digest;
use domain::store::{AttemptStore, ChallengeStore, NoticeStore, StoreError};
use domain::turn::TurnStore;
use domain::{ChallengeId, Clock, MessageId, Notice, Phone, Timestamp, VerificationMethod};
use secrecy::SecretString;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

pub(crate) use budgets::slot;
pub use budgets::{Budgets, PhonePrefix, WITHHELD_REASONS};
pub use log_sender::LogSender;

use self::budgets::Withheld;
use crate::challenge::unseal;
use crate::keys::KeyRing;

/// A code as a gateway sends it.
#[derive(Clone, Debug)]
pub struct CodeMessage {
    /// The same at every attempt, so that a gateway can tell a retry.
    pub id: MessageId,
    /// Over which channel.
    pub channel: VerificationMethod,
    /// An e-mail address or a phone number.
    pub to: String,
    /// The six digits.
    pub code: SecretString,
    /// What it is for.
    pub purpose: Purpose,
    /// What the code answers to. The invited learn it from the message alone.
    pub challenge_id: ChallengeId,
    /// When the code stops working.
    pub expires_at: Timestamp,
}

/// Why a gateway did not take a message. Its text must hold neither code nor recipient.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Another attempt may help.
    #[error("the gateway failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No attempt will help: the number is none, the account is closed.
    #[error("the gateway refused the message")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It did not answer in time.
    #[error("the gateway did not answer in time")]
    TimedOut,
}

/// A gateway for codes and notices.
#[async_trait]
pub trait CodeSender: Send + Sync {
    /// Hands one message over. Given up after ten seconds.
    async fn send(&self, message: &CodeMessage) -> Result<(), SendError>;

    /// Hands over a message that carries no code. Given up after ten seconds.
    async fn send_notice(&self, notice: &Notice) -> Result<(), SendError>;
}

/// One gateway for each channel.
#[derive(Clone)]
pub struct Senders {
    /// For `email`.
    pub email: Arc<dyn CodeSender>,
    /// For `phone`.
    pub phone: Arc<dyn CodeSender>,
    /// For `whatsapp`.
    pub whatsapp: Arc<dyn CodeSender>,
}

impl Senders {
    /// The same gateway for every channel.
    #[must_use]
    pub fn all(sender: Arc<dyn CodeSender>) -> Self {
        Self { email: Arc::clone(&sender), phone: Arc::clone(&sender), whatsapp: sender }
    }

    fn of(&self, channel: VerificationMethod) -> &dyn CodeSender {
        match channel {
            VerificationMethod::Email => &*self.email,
            VerificationMethod::Phone => &*self.phone,
            VerificationMethod::Whatsapp => &*self.whatsapp,
        }
    }
}

/// Wakes the outbox of this process. Clones ring the same bell.
#[derive(Clone, Default)]
pub struct OutboxBell(Arc<Notify>);

impl OutboxBell {
    /// A message was written.
    pub fn ring(&self) {
        self.0.notify_one();
    }
}

/// Takes messages out of the database and hands them to gateways. Any number
/// of instances may do so; a lease keeps them off each other's messages.
#[derive(Clone)]
pub struct Outbox {
    inner: Arc<Inner>,
}

/// What the outbox needs of a database.
pub trait OutboxStore: ChallengeStore + NoticeStore + TurnStore + AttemptStore {}

impl<S: ChallengeStore + NoticeStore + TurnStore + AttemptStore> OutboxStore for S {}

struct Inner {
    store: Arc<dyn OutboxStore>,
    clock: Arc<dyn Clock>,
    keys: Arc<KeyRing>,
    senders: Senders,
    bell: OutboxBell,
    budgets: Budgets,
    withheld: Withheld,
    /// When the next message that was put off is due, if this instance knows of one.
    wake_at: Mutex<Option<Timestamp>>,
}

/// How long a claimed message is hidden from other instances. Longer than one attempt may take.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// How long one attempt may take.
const SEND_LIMIT: Duration = Duration::from_secs(10);
/// How long a message waits for its next attempt at most, in seconds. It is given up with its code, not before:
/// an invitation outlives a gateway that is away for a night.
const LONGEST_BACK_OFF: i64 = 600;
/// How often the database is asked for messages that other instances left behind.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// Messages under way at once: enough that a gateway that hangs leaves room for the others.
const MAX_UNDER_WAY: usize = 64;

impl Outbox {
    /// An outbox that `bell` wakes.
    #[must_use]
    pub fn new(
        store: Arc<dyn OutboxStore>,
        clock: Arc<dyn Clock>,
        keys: Arc<KeyRing>,
        senders: Senders,
        bell: OutboxBell,
        budgets: Budgets,
    ) -> Self {
        let (withheld, wake_at) = (Withheld::default(), Mutex::default());
        Self { inner: Arc::new(Inner { store, clock, keys, senders, bell, budgets, withheld, wake_at }) }
    }

    /// Has everything that is due sent, and waits for it. Answers how many messages were due.
    ///
    /// # Errors
    /// [`StoreError`] when the messages can't be had.
    pub async fn deliver_due(&self) -> Result<usize, StoreError> {
        let mut under_way = JoinSet::new();
        let due = self.begin_due(&mut under_way).await?;
        while under_way.join_next().await.is_some() {}
        Ok(due)
    }

    /// Delivers until `shutdown`, then finishes what is under way.
    pub async fn run(&self, shutdown: impl Future<Output = ()> + Send) {
        let mut under_way = JoinSet::new();
        let mut is_failing = false;
        tokio::pin!(shutdown);
        loop {
            self.begin_due_or_complain(&mut under_way, &mut is_failing).await;
            tokio::select! {
                () = &mut shutdown => break,
                () = self.inner.bell.0.notified() => {}
                () = sleep(self.inner.pause()) => {}
                _ = under_way.join_next(), if under_way.len() >= MAX_UNDER_WAY => {}
            }
        }
        while under_way.join_next().await.is_some() {}
    }

    /// Begins to send what is due, as far as there is room.
    async fn begin_due(&self, under_way: &mut JoinSet<()>) -> Result<usize, StoreError> {
        while under_way.try_join_next().is_some() {}
        let room = MAX_UNDER_WAY.saturating_sub(under_way.len());
        if room == 0 {
            return Ok(0);
        }
        let now = self.inner.clock.now();
        let due = self.inner.store.claim_messages(now, now + LEASE, room as u64).await?;
        let mut count = due.len();
        for message in due {
            self.begin(under_way, message);
        }
        let room = room.saturating_sub(count);
        for contact in self.inner.store.contacts_due(now, room as u64).await? {
            if let Some(message) = self.inner.next_to(&contact).await? {
                count += 1;
                self.begin(under_way, message);
            }
        }
        // Nobody waits for a notice as they do for a code.
        match room.saturating_sub(count) {
            0 => Ok(count),
            room => Ok(count + self.begin_notices(room as u64, under_way).await?),
        }
    }

    fn begin(&self, under_way: &mut JoinSet<()>, message: Message) {
        let inner = Arc::clone(&self.inner);
        under_way.spawn(async move { inner.deliver(&message).await });
    }

    /// Complains once each time that the database goes away, not at every poll.
    async fn begin_due_or_complain(&self, under_way: &mut JoinSet<()>, is_failing: &mut bool) {
        match self.begin_due(under_way).await {
            Ok(_) => *is_failing = false,
            Err(error) => {
                if !std::mem::replace(is_failing, true) {
                    tracing::warn!(error = &error as &dyn std::error::Error, "messages cannot be read, still trying");
                }
            }
        }
    }
}

/// What an attempt came to.
enum Attempt {
    /// Taken by the gateway, or a decoy. Whether it reaches anybody only the gateway knows.
    Done,
    /// Not to be sent at all.
    Withheld,
    /// To be tried again then.
    Later(Timestamp),
    /// No use trying, and why.
    Hopeless(String),
}

impl Inner {
    async fn deliver(&self, message: &Message) {
        // Before it is sent: whoever has it may ask for the next one at once.
        let slot = self.take_slot(message).await.unwrap_or_else(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, "an invitation did not take its slot");
            None
        });
        let attempt = self.attempt(message).await;
        if !message.recipient.is_empty() {
            count(message.channel, &attempt);
        }
        if let Err(error) = self.settle(message, attempt, slot).await {
            tracing::warn!(message_id = %message.id, error = &error as &dyn std::error::Error, "a message was not settled");
        }
    }

    async fn settle(&self, message: &Message, attempt: Attempt, slot: Option<Digest>) -> Result<(), StoreError> {
        match attempt {
            Attempt::Done => self.store.remove_message(message.id).await,
            Attempt::Withheld => {
                self.give_slot_back(slot).await?;
                self.store.remove_message(message.id).await
            }
            Attempt::Later(until) => {
                self.give_slot_back(slot.or(message.turn.map(|turn| turn.contact))).await?;
                self.store.postpone_message(message.id, until).await
            }
            Attempt::Hopeless(reason) => {
                warn_of(message, &reason);
                self.give_slot_back(slot.or(message.turn.map(|turn| turn.contact))).await?;
                self.store.remove_message(message.id).await
            }
        }
    }

    /// How long to wait before the database is asked again.
    fn pause(&self) -> Duration {
        let mut wake_at = self.wake_at.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(at) = *wake_at else { return POLL_INTERVAL };
        match (at - self.clock.now()).to_std() {
            Ok(pause) if !pause.is_zero() => pause.min(POLL_INTERVAL),
            _ => {
                *wake_at = None;
                Duration::ZERO
            }
        }
    }

    /// Has the outbox look again at this moment, unless it is to look sooner.
    fn wake_at(&self, at: Timestamp) {
        let mut wake_at = self.wake_at.lock().unwrap_or_else(PoisonError::into_inner);
        let sooner = wake_at.filter(|other| *other > self.clock.now() && *other < at);
        *wake_at = Some(sooner.unwrap_or(at));
    }

    async fn attempt(&self, message: &Message) -> Attempt {
        if message.recipient.is_empty() {
            return Attempt::Done;
        }
        if !self.budgets.allow_recipient(message.channel, &message.recipient) {
            self.withheld.tell(message, "phone_prefixes", &*self.clock);
            return Attempt::Withheld;
        }
        if self.clock.now() >= message.expires_at {
            return Attempt::Hopeless("its code has expired".to_owned());
        }
        let Some(code) = unseal(message, &self.keys.secrets()) else {
            return Attempt::Hopeless("its code cannot be opened with the keys of this installation".to_owned());
        };
        let message_with_code = code_message(message, code);
        let sending = self.senders.of(message.channel).send(&message_with_code);
        self.hand_over(sending, message.attempts, message.expires_at).await
    }

    /// Lets a gateway take a message, and says what comes of it.
    async fn hand_over(
        &self,
        sending: impl Future<Output = Result<(), SendError>>,
        attempts: i32,
        expires_at: Timestamp,
    ) -> Attempt {
        match timeout(SEND_LIMIT, sending).await.unwrap_or(Err(SendError::TimedOut)) {
            Ok(()) => Attempt::Done,
            Err(error @ SendError::Refused(_)) => Attempt::Hopeless(with_sources(&error)),
            Err(error) => match self.clock.now() + back_off(attempts) {
                until if until < expires_at => Attempt::Later(until),
                _ => Attempt::Hopeless(with_sources(&error)),
            },
        }
    }
}

/// Counts what was handed to a gateway. What is withheld is counted where that is decided.
fn count(channel: VerificationMethod, attempt: &Attempt) {
    let outcome = match attempt {
        Attempt::Withheld => return,
        Attempt::Done => "accepted",
        Attempt::Later(_) => "failed",
        Attempt::Hopeless(_) => "given_up",
    };
    let labels = [("channel", channel.as_str()), ("outcome", outcome)];
    metrics::counter!("clientele_outbox_attempts_total", &labels).increment(1);
}

fn code_message(message: &Message, code: SecretString) -> CodeMessage {
    CodeMessage {
        id: message.id,
        channel: message.channel,
        to: message.recipient.clone(),
        code,
        purpose: message.purpose,
        challenge_id: message.challenge_id,
        expires_at: message.expires_at,
    }
}

/// 2, 4, 8 … seconds after the first, second, third … attempt, and from the tenth on ten minutes.
fn back_off(attempts: i32) -> TimeDelta {
    TimeDelta::seconds((1 << attempts.clamp(0, 10)).min(LONGEST_BACK_OFF))
}

fn warn_of(message: &Message, reason: &str) {
    tracing::warn!(
        message_id = %message.id,
        channel = %message.channel,
        purpose = %message.purpose,
        recipient = masked(&message.recipient),
        attempts = message.attempts,
        reason,
        "a code was given up",
    );
}

/// As much of a contact as a log may show.
fn masked(recipient: &str) -> String {
    match Phone::parse(recipient) {
        Ok(phone) => phone.masked(),
        Err(_) => format!("{}…", recipient.chars().next().unwrap_or('?')),
    }
}

fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests;
