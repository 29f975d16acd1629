//! The use-cases on API keys, but for their texts, which are secrets.

use std::sync::Arc;

use crate::action::Action;
use crate::actor::Actor;
use crate::actor::FreshProof;
use crate::api_key::{ApiKey, MAX_KEYS, NewApiKey, expiry};
use crate::audit::{Change, Changes, Event, EventKind};
use crate::clock::Clock;
use crate::error::{Error, Member};
use crate::id::{ApiKeyId, UserId};
use crate::policy::{self, Scope};
use crate::session::Digest;
use crate::store::{ApiKeyStore, UserStore};
use crate::user::User;
use crate::value::ValueError;

/// The use-cases on API keys. The caller is the first argument of each.
#[derive(Clone)]
pub struct ApiKeys {
    store: Arc<dyn ApiKeyPorts>,
    clock: Arc<dyn Clock>,
}

/// The ports that [`ApiKeys`] uses.
pub trait ApiKeyPorts: ApiKeyStore + UserStore {}

impl<S: ApiKeyStore + UserStore> ApiKeyPorts for S {}

impl ApiKeys {
    /// Use-cases over a store.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use clientele_domain::{ApiKeys, SystemClock, testing::MemoryStore};
    ///
    /// let keys = ApiKeys::new(Arc::new(MemoryStore::new()), Arc::new(SystemClock));
    /// # let _ = keys;
    /// ```
    #[must_use]
    pub fn new(store: Arc<dyn ApiKeyPorts>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Makes a key of the caller, who must have proven a moment ago who they are. It gets this id, and is known by
    /// this keyed hash of its text.
    ///
    /// ```
    /// use clientele_domain::{Action, Actor, ApiKeyId, ApiKeys, DisplayName, NewApiKey, given};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), clientele_domain::Error> {
    /// # use std::sync::Arc;
    /// # use clientele_domain::{Authority, Clock, Origin, audit::EventKind, store::{SessionStore, UserStore}, testing::{self, FixedClock, MemoryStore}};
    /// # let (store, clock) = (Arc::new(MemoryStore::new()), FixedClock::default());
    /// # let ann = testing::admin(&clock, "ann@example.com");
    /// # let event = testing::event(&clock, EventKind::UserCreated, Some(ann.id));
    /// # store.create_account(&Authority::Unconditional, &testing::account(&ann), &[event.clone()]).await.unwrap();
    /// # let session = testing::session(&clock, ann.id);
    /// # store.start_session(&session, &event).await.unwrap();
    /// # let by_ann = Actor::signed_in(&ann, session.id, Origin::default());
    /// # let keys = ApiKeys::new(store, Arc::new(clock.clone()));
    /// let report = NewApiKey {
    ///     name: DisplayName::parse("report").unwrap(),
    ///     scopes: vec![Action::ListUsers],
    ///     expires_at: None,
    ///     networks: Vec::new(),
    /// };
    /// // The program that makes keys makes their text, and gives the digest of it.
    /// let identity = (ApiKeyId::from(clock.new_id()), [1; 32]);
    /// let key = keys.create(&by_ann, &ann, given(report), identity).await?;
    /// assert_eq!(key.owner_id, ann.id);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Forbidden`] for customers and for API keys; those of the reading; [`Error::InvalidKey`] for scopes
    /// that the caller does not have and for a wrong time of expiry; [`Error::Unauthorized`];
    /// [`Error::ReauthenticationRequired`]; [`Error::TooManyKeys`].
    pub async fn create<E: From<Error>>(
        &self,
        actor: &Actor,
        owner: &User,
        new: impl AsyncFnOnce() -> Result<NewApiKey, E>,
        identity: (ApiKeyId, Digest),
    ) -> Result<ApiKey, E> {
        policy::allowed(actor, Action::ManageKeys)?;
        let key = self.draft(actor, owner, new().await?, identity)?;
        let now = self.clock.now();
        let proof = FreshProof::of(actor, now)?;
        let event = self.event(actor, EventKind::KeyCreated, &key);
        let stored = self.store.create_api_key(&actor.authority(now), &proof, &key, MAX_KEYS, &event).await;
        Ok(stored.map(|()| key).map_err(Error::from)?)
    }

    fn draft(
        &self,
        actor: &Actor,
        owner: &User,
        new: NewApiKey,
        (id, digest): (ApiKeyId, Digest),
    ) -> Result<ApiKey, Error> {
        let now = self.clock.now();
        let expires_at = expiry(new.expires_at, now);
        let refused = not_granted(actor, &new.scopes);
        let (Ok(expires_at), true) = (&expires_at, refused.is_empty()) else {
            return Err(Error::InvalidKey { scopes: refused, expires_at: expires_at.err() });
        };
        Ok(ApiKey {
            id,
            owner_id: owner.id,
            owner_role: owner.role(),
            scopes: new.scopes.into_iter().collect(),
            name: new.name,
            networks: new.networks,
            digest,
            created_at: now,
            expires_at: *expires_at,
            last_used_at: None,
        })
    }

    /// The keys of a person, the caller unless another is named, newest first.
    ///
    /// ```
    /// use clientele_domain::{Actor, ApiKeys, given};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), clientele_domain::Error> {
    /// # use std::sync::Arc;
    /// # use clientele_domain::{Authority, Clock, Origin, audit::EventKind, store::{SessionStore, UserStore}, testing::{self, FixedClock, MemoryStore}};
    /// # let (store, clock) = (Arc::new(MemoryStore::new()), FixedClock::default());
    /// # let ann = testing::admin(&clock, "ann@example.com");
    /// # let event = testing::event(&clock, EventKind::UserCreated, Some(ann.id));
    /// # store.create_account(&Authority::Unconditional, &testing::account(&ann), &[event.clone()]).await.unwrap();
    /// # let session = testing::session(&clock, ann.id);
    /// # store.start_session(&session, &event).await.unwrap();
    /// # let by_ann = Actor::signed_in(&ann, session.id, Origin::default());
    /// # let keys = ApiKeys::new(store, Arc::new(clock.clone()));
    /// assert!(keys.list(&by_ann, given(None)).await?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Forbidden`] for customers and for API keys; those of the reading; [`Error::NotFound`] for nobody, and
    /// for all but oneself unless the caller is an admin.
    pub async fn list<E: From<Error>>(
        &self,
        actor: &Actor,
        owner: impl AsyncFnOnce() -> Result<Option<UserId>, E>,
    ) -> Result<Vec<ApiKey>, E> {
        let scope = policy::allowed(actor, Action::ManageKeys)?;
        let owner = owner().await?.or(actor.id()).ok_or(Error::NotFound)?;
        self.check_owner(scope, owner).await?;
        Ok(self.store.list_api_keys(Some(owner)).await.map_err(Error::from)?)
    }

    /// Every key, newest first.
    ///
    /// ```
    /// use clientele_domain::{Actor, ApiKeys, Error};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), clientele_domain::Error> {
    /// # use std::sync::Arc;
    /// # use clientele_domain::{Authority, Clock, Origin, audit::EventKind, store::{SessionStore, UserStore}, testing::{self, FixedClock, MemoryStore}};
    /// # let (store, clock) = (Arc::new(MemoryStore::new()), FixedClock::default());
    /// # let ann = testing::admin(&clock, "ann@example.com");
    /// # let event = testing::event(&clock, EventKind::UserCreated, Some(ann.id));
    /// # store.create_account(&Authority::Unconditional, &testing::account(&ann), &[event.clone()]).await.unwrap();
    /// # let session = testing::session(&clock, ann.id);
    /// # store.start_session(&session, &event).await.unwrap();
    /// # let by_ann = Actor::signed_in(&ann, session.id, Origin::default());
    /// # let keys = ApiKeys::new(store, Arc::new(clock.clone()));
    /// assert!(keys.list_all(&by_ann).await?.is_empty());
    /// let manager = testing::manager(&clock, "mia@example.com");
    /// let refused = keys.list_all(&testing::signed_in(&manager)).await;
    /// assert!(matches!(refused, Err(Error::Forbidden)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but admins.
    pub async fn list_all(&self, actor: &Actor) -> Result<Vec<ApiKey>, Error> {
        match policy::scope(actor, Action::ManageKeys) {
            Scope::All => Ok(self.store.list_api_keys(None).await?),
            _ => Err(Error::Forbidden),
        }
    }

    /// Revokes a key of the caller; for an admin, anybody's.
    ///
    /// ```
    /// use clientele_domain::{Action, Actor, ApiKeyId, ApiKeys, DisplayName, Error, NewApiKey, given};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), clientele_domain::Error> {
    /// # use std::sync::Arc;
    /// # use clientele_domain::{Authority, Clock, Origin, audit::EventKind, store::{SessionStore, UserStore}, testing::{self, FixedClock, MemoryStore}};
    /// # let (store, clock) = (Arc::new(MemoryStore::new()), FixedClock::default());
    /// # let ann = testing::admin(&clock, "ann@example.com");
    /// # let event = testing::event(&clock, EventKind::UserCreated, Some(ann.id));
    /// # store.create_account(&Authority::Unconditional, &testing::account(&ann), &[event.clone()]).await.unwrap();
    /// # let session = testing::session(&clock, ann.id);
    /// # store.start_session(&session, &event).await.unwrap();
    /// # let by_ann = Actor::signed_in(&ann, session.id, Origin::default());
    /// # let keys = ApiKeys::new(store, Arc::new(clock.clone()));
    /// # let identity = (ApiKeyId::from(clock.new_id()), [1; 32]);
    /// # let report = NewApiKey {
    /// #     name: DisplayName::parse("report").unwrap(),
    /// #     scopes: vec![Action::ListUsers],
    /// #     expires_at: None,
    /// #     networks: Vec::new(),
    /// # };
    /// let key = keys.create(&by_ann, &ann, given(report), identity).await?;
    /// keys.revoke(&by_ann, || Ok::<_, Error>(key.id)).await?;
    /// assert!(keys.list(&by_ann, given(None)).await?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Forbidden`] for customers and for API keys; those of reading which; [`Error::NotFound`] for one that
    /// is not there or not theirs; [`Error::Unauthorized`].
    pub async fn revoke<E: From<Error>>(
        &self,
        actor: &Actor,
        which: impl FnOnce() -> Result<ApiKeyId, E>,
    ) -> Result<(), E> {
        let scope = policy::allowed(actor, Action::ManageKeys)?;
        let key = self.store.find_api_key(which()?).await.map_err(Error::from)?.ok_or(Error::NotFound)?;
        self.check_owner(scope, key.owner_id).await?;
        let event = self.event(actor, EventKind::KeyRevoked, &key);
        let by = actor.authority(self.clock.now());
        let is_revoked = self.store.revoke_api_key(&by, key.id, &event).await.map_err(Error::from)?;
        if is_revoked { Ok(()) } else { Err(Error::NotFound.into()) }
    }

    async fn check_owner(&self, scope: Scope, owner: UserId) -> Result<(), Error> {
        self.store.find_user(scope, owner).await?.map(drop).ok_or(Error::NotFound)
    }

    fn event(&self, actor: &Actor, kind: EventKind, key: &ApiKey) -> Event {
        Event::new(&*self.clock, actor, kind, Some(key.owner_id)).with_changes(changes(kind, key))
    }
}

/// What the audit trail says of a key that was made or revoked.
fn changes(kind: EventKind, key: &ApiKey) -> Changes {
    let networks: Vec<_> = key.networks.iter().map(ToString::to_string).collect();
    let facts: [(&str, serde_json::Value); 5] = [
        ("key", key.id.to_string().into()),
        ("name", key.name.as_str().into()),
        ("scopes", key.scopes.names().collect::<Vec<_>>().into()),
        ("networks", networks.into()),
        ("expires_at", key.expires_at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true).into()),
    ];
    let change = |value| match kind {
        EventKind::KeyRevoked => Change { from: value, to: serde_json::Value::Null },
        _ => Change { from: serde_json::Value::Null, to: value },
    };
    facts.into_iter().map(|(name, value)| (name.to_owned(), change(value))).collect()
}

/// The scopes that the caller may do to nobody.
fn not_granted(actor: &Actor, wanted: &[Action]) -> Vec<Member> {
    let is_refused = |(_, action): &(usize, Action)| policy::scope(actor, *action) == Scope::Nothing;
    let error = || ValueError::new("not_granted", "you may not do this yourself");
    let refused = wanted.iter().copied().enumerate().filter(is_refused);
    refused.map(|(index, _)| Member { list: "scopes", index, error: error() }).collect()
}
