//! A whole installation in memory, for the tests of this crate.

use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::audit::{Event, EventKind};
use domain::challenge::Message;
use domain::delivery::MessageKeys as _;
use domain::key::{KeyPurpose, StoredKey, TokenAlgorithm};
use domain::session::Session;
use domain::store::{
    Account, Credentials, Generation, MessageStore as _, PasswordStore, SessionOwner, SessionStore, StoreError,
    UserStore as _, WriteError,
};
use domain::testing::{self, FixedClock, MemoryStore};
use domain::{
    Actor, Authority, Clock, Email, FreshProof, Origin, PasswordHash, Phone, SessionId, Timestamp, User, UserId,
};
use secrecy::ExposeSecret;

use crate::key_material::ServerSecrets;
use crate::{
    Answer, AuthError, Caller, CodeSent, Env, Freshness, KeyRing, Password, PasswordHasher, Services, Settings,
    SignedIn, StaffSignUp, TokenSettings,
};

pub(crate) const PASSWORD: &str = "Manager-password-1";
pub(crate) const OTHER_PASSWORD: &str = "another fine passphrase";
pub(crate) const PHONE: &str = "+998901234567";

/// Keys that are always the same.
pub(crate) fn secrets(seed: u8) -> ServerSecrets {
    let at = FixedClock::default().now();
    let key = StoredKey {
        id: "codes".to_owned(),
        purpose: KeyPurpose::Codes,
        algorithm: None,
        secret: vec![seed; 32],
        is_sealed: false,
        created_at: at,
        active_from: at,
        retired_at: None,
    };
    ServerSecrets::new(&key, &key.secret.clone().into()).unwrap()
}

pub(crate) fn password(text: &str) -> Password {
    Password::parse(text).unwrap()
}

pub(crate) async fn hashed(hasher: &PasswordHasher, text: &str) -> PasswordHash {
    hasher.hash(&mut hasher.enter(None).unwrap(), &password(text)).await.unwrap()
}

pub(crate) fn email(text: &str) -> Email {
    testing::email(text)
}

pub(crate) fn phone(text: &str) -> Phone {
    testing::phone(text)
}

pub(crate) fn anyone() -> Actor {
    Actor::anonymous(Origin::default())
}

pub(crate) struct World {
    pub(crate) store: MemoryStore,
    pub(crate) clock: FixedClock,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) hasher: PasswordHasher,
    pub(crate) auth: Services,
    settings: Settings,
    /// Messages that were delivered, the newest last.
    sent: Mutex<Vec<Message>>,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let (store, clock) = (MemoryStore::new(), FixedClock::default());
        let keys =
            KeyRing::open(Arc::new(store.clone()), Arc::new(clock.clone()), None, TokenAlgorithm::EdDsa).await.unwrap();
        let keys = Arc::new(keys);
        let hasher = PasswordHasher::new(4, NonZeroUsize::MIN, crate::BcryptEngine::default()).unwrap();
        let env = env(&clock, &keys, &hasher, settings.clone());
        let auth = Services::new(&Arc::new(store.clone()), env);
        Self { store, clock, keys, hasher, auth, settings, sent: Mutex::default() }
    }

    /// What an instance on this database needs beside it.
    pub(crate) fn env(&self) -> Env {
        env(&self.clock, &self.keys, &self.hasher, self.settings.clone())
    }

    /// Another instance on the same database, whose session store is hooked.
    pub(crate) fn hooked(&self, hook: Hook) -> Services {
        let hooked = Arc::new(HookedSessions { inner: self.store.clone(), hook });
        let mut auth = Services::new(&Arc::new(self.store.clone()), self.env());
        auth.tokens.sessions = hooked.clone();
        auth.sessions.store = hooked.clone();
        auth.sign_in.sessions = hooked.clone();
        auth.passwords.store = hooked;
        auth
    }

    /// Enters an active manager with [`PASSWORD`].
    pub(crate) async fn manager(&self, address: &str) -> User {
        self.staff(testing::manager(&self.clock, address)).await
    }

    /// Enters an active admin with [`PASSWORD`].
    pub(crate) async fn admin(&self, address: &str) -> User {
        self.staff(testing::admin(&self.clock, address)).await
    }

    async fn staff(&self, user: User) -> User {
        let password_hash = hashed(&self.hasher, PASSWORD).await;
        self.enter(user, password_hash).await
    }

    /// Enters an active customer.
    pub(crate) async fn customer(&self, number: &str) -> User {
        self.enter(testing::customer(&self.clock, number, None), PasswordHash::unusable()).await
    }

    async fn enter(&self, user: User, password_hash: PasswordHash) -> User {
        let event = testing::event(&self.clock, EventKind::UserCreated, Some(user.id));
        self.store
            .create_account(&Authority::Unconditional, &Account::new(user.clone(), password_hash), &[event])
            .await
            .unwrap();
        user
    }

    pub(crate) fn deactivate(&self, user: &User) {
        self.store.overwrite_user(&User { is_active: false, ..user.clone() });
    }

    pub(crate) async fn sign_in(&self, address: &str) -> SignedIn {
        let answer = self.auth.sign_in.by_password(&anyone(), &email(address), &password(PASSWORD)).await;
        signed_in(answer.unwrap())
    }

    pub(crate) async fn caller(&self, signed_in: &SignedIn) -> Caller {
        self.authenticate(signed_in).await.unwrap()
    }

    pub(crate) async fn is_alive(&self, signed_in: &SignedIn) -> bool {
        self.authenticate(signed_in).await.is_ok()
    }

    pub(crate) async fn authenticate(&self, signed_in: &SignedIn) -> Result<Caller, AuthError> {
        authenticate(&self.auth, signed_in.access_token.expose_secret()).await
    }

    /// Delivers every message that waits. Answers the code for this challenge, if it was sent.
    pub(crate) async fn code(&self, sent: &CodeSent) -> Option<String> {
        for message in self.store.messages() {
            self.store.remove_message(message.id).await.unwrap();
            if !message.recipient.is_empty() {
                self.sent.lock().unwrap().push(message);
            }
        }
        let messages = self.sent.lock().unwrap();
        let message = messages.iter().find(|message| message.challenge_id == sent.challenge_id)?;
        self.keys.unseal(message)
    }

    /// The open invitation of this person, which its message alone tells of.
    pub(crate) fn invitation(&self, user: &User) -> CodeSent {
        let challenges = self.store.challenges();
        let challenge = challenges.iter().find(|challenge| challenge.user_id == Some(user.id)).unwrap();
        let expires_in = (challenge.expires_at - self.clock.now()).num_seconds();
        CodeSent { challenge_id: challenge.id, channel: challenge.channel, expires_in }
    }

    pub(crate) fn sent(&self) -> Vec<Message> {
        self.sent.lock().unwrap().clone()
    }

    /// What happened, by name.
    pub(crate) fn history(&self) -> Vec<&'static str> {
        self.store.events().iter().map(|event| event.kind.as_str()).collect()
    }
}

fn env(clock: &FixedClock, keys: &Arc<KeyRing>, hasher: &PasswordHasher, settings: Settings) -> Env {
    Env {
        clock: Arc::new(clock.clone()),
        keys: Arc::clone(keys),
        tokens: TokenSettings::default(),
        hasher: hasher.clone(),
        outbox_signal: Arc::default(),
        settings,
    }
}

pub(crate) async fn authenticate(auth: &Services, token: &str) -> Result<Caller, AuthError> {
    auth.tokens.authenticate(token, Origin::default(), Freshness::Recent).await
}

pub(crate) fn staff_form(address: &str) -> StaffSignUp {
    StaffSignUp { staff: testing::staff(address), password: password(PASSWORD), display_name: None }
}

pub(crate) fn signed_in(answer: Answer) -> SignedIn {
    match answer {
        Answer::SignedIn(signed_in) => *signed_in,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn code_sent(answer: Answer) -> CodeSent {
    match answer {
        Answer::CodeSent(sent) => sent,
        other => panic!("{other:?}"),
    }
}

/// A code that is not this one.
pub(crate) fn wrong(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

type Answered = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>>;

/// Runs before each call of a store, by the name of the method; what it fails with, the call does. Runs as `caller_found`
/// when a caller was read and nobody was told yet.
pub(crate) type Hook = Box<dyn Fn(&'static str) -> Answered + Send + Sync>;

pub(crate) fn hook<F: Future<Output = Result<(), StoreError>> + Send + 'static>(
    f: impl Fn(&'static str) -> F + Send + Sync + 'static,
) -> Hook {
    Box::new(move |method| Box::pin(f(method)))
}

pub(crate) fn unavailable() -> StoreError {
    StoreError::Unavailable("stopped".into())
}

struct HookedSessions {
    inner: MemoryStore,
    hook: Hook,
}

#[async_trait]
impl SessionStore for HookedSessions {
    async fn start_session(&self, session: &Session, event: &Event) -> Result<(), WriteError> {
        (self.hook)("start_session").await?;
        self.inner.start_session(session, event).await
    }

    async fn find_caller(&self, id: SessionId, now: Timestamp) -> Result<Option<SessionOwner>, StoreError> {
        (self.hook)("find_caller").await?;
        let found = self.inner.find_caller(id, now).await;
        (self.hook)("caller_found").await?;
        found
    }

    fn generation(&self, session: SessionId, owner: UserId) -> Option<Generation> {
        self.inner.generation(session, owner)
    }

    async fn find_session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        (self.hook)("find_session").await?;
        self.inner.find_session(id).await
    }

    async fn renew_session(&self, renewed: &Session) -> Result<(), WriteError> {
        (self.hook)("renew_session").await?;
        self.inner.renew_session(renewed).await
    }

    async fn list_sessions(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        (self.hook)("list_sessions").await?;
        self.inner.list_sessions(user, now).await
    }

    async fn end_session(
        &self,
        by: &Authority,
        user: UserId,
        id: SessionId,
        event: &Event,
    ) -> Result<bool, WriteError> {
        (self.hook)("end_session").await?;
        self.inner.end_session(by, user, id, event).await
    }

    async fn end_sessions(
        &self,
        by: &Authority,
        user: UserId,
        except: Option<SessionId>,
        event: &Event,
    ) -> Result<u64, WriteError> {
        (self.hook)("end_sessions").await?;
        self.inner.end_sessions(by, user, except, event).await
    }

    async fn end_other_sessions(&self, proof: &FreshProof, event: &Event) -> Result<u64, WriteError> {
        (self.hook)("end_other_sessions").await?;
        self.inner.end_other_sessions(proof, event).await
    }
}

#[async_trait]
impl PasswordStore for HookedSessions {
    async fn find_credentials(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        self.inner.find_credentials(email).await
    }

    async fn renew_password_hash(&self, id: UserId, old: &PasswordHash, new: &PasswordHash) -> Result<(), StoreError> {
        self.inner.renew_password_hash(id, old, new).await
    }

    async fn prove_session(
        &self,
        session: SessionId,
        user: UserId,
        password: &PasswordHash,
        event: &Event,
    ) -> Result<(), WriteError> {
        (self.hook)("prove_session").await?;
        self.inner.prove_session(session, user, password, event).await
    }

    async fn change_password(
        &self,
        by: &Authority,
        user: UserId,
        old: &PasswordHash,
        new: &PasswordHash,
        keep: Option<SessionId>,
        event: &Event,
    ) -> Result<(), WriteError> {
        (self.hook)("change_password").await?;
        self.inner.change_password(by, user, old, new, keep, event).await
    }
}
