use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use chrono::TimeDelta;
use domain::challenge::{Purpose, Turn};
use domain::session::Digest;
use domain::store::ChallengeStore as _;
use domain::testing::{FixedClock, MemoryStore, challenge, message};
use domain::{Notice, VerificationMethod};
use secrecy::ExposeSecret;

use super::outcome::{SEND_LIMIT, back_off};
use super::*;
use crate::sender::{CodeMessage, CodeSender, SendError};

/// Keys that seal nothing. Their hashes are plain ones.
struct PlainKeys;

impl MessageKeys for PlainKeys {
    fn unseal(&self, message: &Message) -> Option<String> {
        String::from_utf8(message.sealed_code.clone()).ok()
    }

    fn hash(&self, parts: &[&[u8]]) -> Digest {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        parts.hash(&mut hasher);
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&hasher.finish().to_be_bytes());
        digest
    }
}

fn turn(network: &str, contact: &str) -> Turn {
    let contact = PlainKeys.contact(contact);
    let network = PlainKeys.hash(&[network.as_bytes()]);
    Turn { contact, asker: PlainKeys.hash(&[&contact, &network]), network, has_account: true }
}

/// A gateway that does as it is told.
#[derive(Default)]
struct Gateway {
    attempts: AtomicUsize,
    sent: Mutex<Vec<String>>,
    mood: Mutex<Mood>,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Mood {
    #[default]
    Working,
    Failing,
    Refusing,
    Hanging,
}

#[async_trait]
impl CodeSender for Gateway {
    async fn send(&self, message: &CodeMessage) -> Result<(), SendError> {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Working => self.sent.lock().unwrap().push(message.code.expose_secret().to_owned()),
            Mood::Failing => return Err(SendError::Failed("no".into())),
            Mood::Refusing => return Err(SendError::Refused("never".into())),
            Mood::Hanging => std::future::pending().await,
        }
        Ok(())
    }

    async fn send_notice(&self, notice: &Notice) -> Result<(), SendError> {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        if *self.mood.lock().unwrap() == Mood::Failing {
            return Err(SendError::Failed("no".into()));
        }
        self.sent.lock().unwrap().push(format!("{} to {}", notice.purpose, notice.recipient));
        Ok(())
    }
}

struct Post {
    store: MemoryStore,
    clock: FixedClock,
    gateway: Arc<Gateway>,
    signal: Arc<Notify>,
    outbox: Outbox,
}

impl Post {
    fn new() -> Self {
        let (store, clock) = (MemoryStore::new(), FixedClock::default());
        let (gateway, signal) = (Arc::new(Gateway::default()), Arc::new(Notify::new()));
        let senders = Senders::all(Arc::clone(&gateway) as _);
        let outbox = Outbox::new(
            Arc::new(store.clone()),
            Arc::new(clock.clone()),
            Arc::new(PlainKeys),
            senders,
            Arc::clone(&signal),
            Budgets::default(),
        );
        Self { store, clock, gateway, signal, outbox }
    }

    async fn write(&self, contact: Option<&str>) -> String {
        self.write_for(Purpose::CustomerSignIn, contact).await
    }

    async fn write_from(&self, network: &str, contact: &str) -> String {
        self.write_draft(Some(network), Purpose::CustomerSignIn, Some(contact)).await
    }

    async fn write_for(&self, purpose: Purpose, contact: Option<&str>) -> String {
        let network = Some("192.0.2.1").filter(|_| purpose != Purpose::Invitation);
        self.write_draft(network, purpose, contact).await
    }

    async fn write_draft(&self, network: Option<&str>, purpose: Purpose, contact: Option<&str>) -> String {
        let code = format!("{:06}", self.store.challenges().len());
        let subject = PlainKeys.hash(&[code.as_bytes()]);
        let mut challenge = challenge(&self.clock, purpose, subject);
        challenge.channel = VerificationMethod::Phone;
        challenge.contact = contact.unwrap_or_default().to_owned();
        challenge.expires_at = self.clock.now() + purpose.lifetime();
        let mut message = message(&self.clock, &challenge);
        message.sealed_code = code.clone().into_bytes();
        message.turn = network.zip(contact).map(|(network, contact)| turn(network, contact));
        self.store.open_challenge(&challenge, &message, self.clock.now(), &[]).await.unwrap();
        code
    }

    fn mood(&self, mood: Mood) {
        *self.gateway.mood.lock().unwrap() = mood;
    }

    fn attempts(&self) -> usize {
        self.gateway.attempts.load(Ordering::Relaxed)
    }

    fn sent(&self) -> Vec<String> {
        self.gateway.sent.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn a_message_is_sent_once() {
    let post = Post::new();
    let code = post.write(Some("+998901234567")).await;
    assert_eq!(post.outbox.deliver_due().await.unwrap(), 1);
    assert_eq!(post.outbox.deliver_due().await.unwrap(), 0);
    assert_eq!(post.sent(), [code]);
    assert!(post.store.messages().is_empty());
}

#[tokio::test]
async fn a_decoy_is_dropped_without_a_word() {
    let post = Post::new();
    post.write(None).await;
    assert_eq!(post.outbox.deliver_due().await.unwrap(), 1);
    assert_eq!(post.attempts(), 0);
    assert!(post.store.messages().is_empty());
}

#[tokio::test]
async fn a_failing_gateway_is_tried_again_later_and_later() {
    let post = Post::new();
    let code = post.write(Some("+998901234567")).await;
    post.mood(Mood::Failing);
    for wait in [2, 4, 8] {
        assert_eq!(post.outbox.deliver_due().await.unwrap(), 1);
        post.clock.advance(TimeDelta::seconds(wait - 1));
        assert_eq!(post.outbox.deliver_due().await.unwrap(), 0);
        post.clock.advance(TimeDelta::seconds(1));
    }
    post.mood(Mood::Working);
    assert_eq!(post.outbox.deliver_due().await.unwrap(), 1);
    assert_eq!(post.sent(), [code]);
}

#[tokio::test]
async fn a_code_of_minutes_is_given_up_with_its_minutes() {
    let post = Post::new();
    post.write(Some("+998901234567")).await;
    post.mood(Mood::Failing);
    for _ in 0..20 {
        post.outbox.deliver_due().await.unwrap();
        post.clock.advance(TimeDelta::seconds(15));
    }
    assert!((5..=8).contains(&post.attempts()), "{}", post.attempts());
    assert!(post.store.messages().is_empty());
}

#[tokio::test]
async fn an_invitation_outlives_a_gateway_that_is_away_for_two_days() {
    assert_eq!([1, 9, 10, i32::MAX].map(|attempts| back_off(attempts).num_seconds()), [2, 512, 600, 600]);
    let post = Post::new();
    let code = post.write_for(Purpose::Invitation, Some("+998901234567")).await;
    post.mood(Mood::Failing);
    for _ in 0..48 * 6 {
        post.outbox.deliver_due().await.unwrap();
        post.clock.advance(TimeDelta::minutes(10));
    }
    assert!((250..=300).contains(&post.attempts()), "{}", post.attempts());
    post.mood(Mood::Working);
    post.outbox.deliver_due().await.unwrap();
    assert_eq!(post.sent(), [code]);
}

#[tokio::test]
async fn a_refused_message_and_an_expired_one_are_given_up_at_once() {
    let post = Post::new();
    post.write(Some("+998901234567")).await;
    post.mood(Mood::Refusing);
    post.outbox.deliver_due().await.unwrap();
    assert!(post.store.messages().is_empty());
    post.write(Some("+998901234567")).await;
    post.clock.advance(TimeDelta::minutes(5));
    post.outbox.deliver_due().await.unwrap();
    assert_eq!(post.attempts(), 1);
    assert!(post.store.messages().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_hangs_is_left_after_ten_seconds() {
    let post = Post::new();
    post.write(Some("+998901234567")).await;
    post.mood(Mood::Hanging);
    let started = tokio::time::Instant::now();
    post.outbox.deliver_due().await.unwrap();
    assert_eq!(started.elapsed(), SEND_LIMIT);
    assert_eq!(post.store.messages().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_signal_has_it_sent_at_once_and_a_hanging_message_holds_up_none() {
    let post = Post::new();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let outbox = post.outbox.clone();
    let running = tokio::spawn(async move {
        outbox.run(async { drop(stopped.await) }).await;
    });
    tokio::task::yield_now().await;
    post.mood(Mood::Hanging);
    post.write(Some("+998901234567")).await;
    post.signal.notify_one();
    while post.attempts() < 1 {
        tokio::task::yield_now().await;
    }
    post.mood(Mood::Working);
    let started = tokio::time::Instant::now();
    let code = post.write(Some("+998901234568")).await;
    post.signal.notify_one();
    while post.sent().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!((post.sent(), started.elapsed()), (vec![code], Duration::ZERO));
    stop.send(()).unwrap();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn messages_of_other_instances_are_found_by_asking() {
    let post = Post::new();
    let outbox = post.outbox.clone();
    let running = tokio::spawn(async move { outbox.run(std::future::pending()).await });
    tokio::task::yield_now().await;
    post.write(Some("+998901234567")).await;
    tokio::time::sleep(POLL_INTERVAL * 2).await;
    assert_eq!(post.sent().len(), 1);
    running.abort();
}

const CONTACT: &str = "+998901234567";

#[tokio::test]
async fn one_contact_gets_one_message_a_minute_and_the_networks_take_turns() {
    let post = Post::new();
    let mut codes = Vec::new();
    // The first network asks for three, before the others ask for one each.
    for network in ["a", "a", "a", "b", "c"] {
        codes.push(post.write_from(network, CONTACT).await);
        post.outbox.deliver_due().await.unwrap();
    }
    for sent in 1..=5 {
        assert_eq!(post.sent().len(), sent);
        assert_eq!(post.outbox.deliver_due().await.unwrap(), 0);
        post.clock.advance(TimeDelta::milliseconds(59_999));
        assert_eq!(post.outbox.deliver_due().await.unwrap(), 0);
        post.clock.advance(TimeDelta::milliseconds(1));
        if sent < 5 {
            assert_eq!(post.outbox.deliver_due().await.unwrap(), 1);
        }
    }
    let order = [0, 3, 4, 1, 2].map(|n: usize| codes[n].clone());
    assert_eq!(post.sent()[..4], order[..4]);
}

#[tokio::test]
async fn a_message_that_no_gateway_took_leaves_the_next_one_its_slot() {
    let post = Post::new();
    for mood in [Mood::Failing, Mood::Refusing] {
        post.mood(mood);
        post.write_from("a", CONTACT).await;
        assert_eq!(post.outbox.deliver_due().await.unwrap(), 1);
        post.mood(Mood::Working);
        let code = post.write_from("b", CONTACT).await;
        assert_eq!(post.outbox.deliver_due().await.unwrap(), 1);
        assert_eq!(post.sent().last(), Some(&code));
        post.clock.advance(TimeDelta::minutes(6));
        post.outbox.deliver_due().await.unwrap();
    }
}

#[tokio::test]
async fn so_many_messages_wait_for_one_contact_and_each_network_has_its_place() {
    let post = Post::new();
    for _ in 0..30 {
        post.write_from("a", CONTACT).await;
    }
    let code = post.write_from("b", CONTACT).await;
    post.outbox.deliver_due().await.unwrap();
    assert_eq!(post.store.messages().len(), 15, "one was sent, and what waits beyond sixteen was withheld");
    assert_eq!(post.store.challenges().iter().filter(|challenge| challenge.contact.is_empty()).count(), 15);
    post.clock.advance(TimeDelta::seconds(60));
    post.outbox.deliver_due().await.unwrap();
    assert_eq!(post.sent().last(), Some(&code));
}

#[tokio::test]
async fn a_contact_gets_so_many_codes_an_hour_whoever_asks() {
    let post = Post::new();
    for minute in 0..59 {
        post.write_from(&minute.to_string(), CONTACT).await;
        post.outbox.deliver_due().await.unwrap();
        post.clock.advance(TimeDelta::seconds(60));
    }
    assert_eq!(post.sent().len(), 20);
    post.clock.advance(TimeDelta::seconds(60));
    post.write_from("late", CONTACT).await;
    post.outbox.deliver_due().await.unwrap();
    assert_eq!(post.sent().len(), 21);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_was_put_off_leaves_at_its_moment() {
    let post = Post::new();
    post.write_from("a", CONTACT).await;
    post.write_from("b", CONTACT).await;
    post.outbox.deliver_due().await.unwrap();
    post.clock.advance(TimeDelta::milliseconds(59_500));
    assert_eq!(post.outbox.deliver_due().await.unwrap(), 0);
    assert_eq!(post.outbox.courier.pause(POLL_INTERVAL), Duration::from_millis(500), "sooner than it asks anyway");
    post.clock.advance(TimeDelta::milliseconds(500));
    assert_eq!(post.outbox.courier.pause(POLL_INTERVAL), Duration::ZERO);
    assert_eq!(post.outbox.courier.pause(POLL_INTERVAL), POLL_INTERVAL, "and once only");
    assert_eq!(post.outbox.deliver_due().await.unwrap(), 1);
}
