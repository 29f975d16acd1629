//! API keys.

use chrono::TimeDelta;
use domain::actor::PersonalAuthority;
use domain::audit::EventKind;
use domain::session::Session;
use domain::store::{Erasure, Expirable, Update, WriteError};
use domain::testing::{api_key, event, session};
use domain::{Action, ApiKey, Authority, Clock, Credential, DisplayName, FreshProof, Role, Scope, StaffRole, User};
use futures_util::future::join_all;

use super::backends::{BY, Ground, Setting, never, tests};

tests! {
    every store:
    a_key_is_found_again,
    a_key_calls_for_its_owner_while_it_is_good,
    a_key_is_made_in_a_fresh_session_alone,
    nobody_has_more_keys_than_they_may,
    keys_are_listed_newest_first,
    a_key_is_revoked_once,
    a_use_is_noted_once_in_a_while,
    a_key_goes_with_its_owner,
    an_expired_key_is_cleared_away;

    every database:
    every_write_moves_the_generation_of_the_keys_it_concerns,
    what_a_key_does_is_recorded_with_it;
}

/// Somebody with a session in which they have just given their password.
struct House {
    setting: Setting,
    owner: User,
    session: Session,
}

impl House {
    async fn new(setting: Setting) -> Self {
        let owner = setting.manager("ann@example.com").await;
        let session = session(&setting.clock, owner.id);
        let started = event(&setting.clock, EventKind::SessionStarted, Some(owner.id));
        setting.store.start_session(&session, &started).await.unwrap();
        Self { setting, owner, session }
    }

    fn proof(&self) -> FreshProof {
        let since = self.session.proven_at - TimeDelta::minutes(5);
        FreshProof { session: self.session.id, user: self.owner.id, since }
    }

    async fn try_make(&self, by: &Authority, key: &ApiKey, most: u64) -> Result<(), WriteError> {
        let created = event(&self.setting.clock, EventKind::KeyCreated, Some(self.owner.id));
        self.setting.store.create_api_key(by, &self.proof(), key, most, &created).await
    }

    async fn make(&self) -> ApiKey {
        let key = api_key(&self.setting.clock, &self.owner);
        self.try_make(BY, &key, 100).await.unwrap();
        key
    }

    async fn change_owner(&self, change: impl FnOnce(&mut User)) -> User {
        let before = self.setting.store.find_user(Scope::All, self.owner.id).await.unwrap().unwrap();
        let mut after = User { version: before.version + 1, ..before.clone() };
        change(&mut after);
        let events = vec![event(&self.setting.clock, EventKind::UserUpdated, Some(before.id))];
        let update = Update { before, after, ends_sessions: false, proof: None, events };
        self.setting.store.update_user(BY, &update, &never).await.unwrap()
    }

    async fn caller(&self, key: &ApiKey) -> Option<(User, ApiKey)> {
        self.setting.store.find_key_caller(key.id, self.setting.clock.now()).await.unwrap()
    }
}

async fn a_key_is_found_again(setting: Setting) {
    let house = House::new(setting).await;
    let key = ApiKey {
        name: DisplayName::parse(&"ў".repeat(120)).unwrap(),
        scopes: Action::ALL.iter().copied().collect(),
        networks: (0..50).map(|n| format!("2001:db8:1111:2222:3333:4444:5555:{n:x}").parse().unwrap()).collect(),
        digest: [255; 32],
        last_used_at: Some(house.setting.clock.now() + TimeDelta::microseconds(1)),
        ..api_key(&house.setting.clock, &house.owner)
    };
    house.try_make(BY, &key, 1).await.unwrap();
    assert_eq!(house.setting.store.find_api_key(key.id).await.unwrap().as_ref(), Some(&key));
    assert_eq!(house.caller(&key).await, Some((house.owner.clone(), key)));
    let unknown = house.setting.clock.new_id().into();
    assert_eq!(house.setting.store.find_api_key(unknown).await.unwrap(), None);
    assert_eq!(house.setting.store.find_key_caller(unknown, house.setting.clock.now()).await.unwrap(), None);
}

async fn a_key_calls_for_its_owner_while_it_is_good(setting: Setting) {
    let house = House::new(setting).await;
    // Without another admin, the owner could not stop being one.
    house.setting.admin("root@example.com").await;
    let (key, clock) = (house.make().await, &house.setting.clock);
    house.change_owner(|user| user.is_active = false).await;
    assert_eq!(house.caller(&key).await, None, "of somebody inactive");
    let staff = house.owner.staff().unwrap().clone();
    house.change_owner(|user| (user.is_active, user.profile) = (true, StaffRole::Admin.profile(staff.clone()))).await;
    assert_eq!(house.caller(&key).await, None, "of somebody in another role");
    let again = house.change_owner(|user| user.profile = StaffRole::Manager.profile(staff)).await;
    clock.advance(key.expires_at - clock.now() - TimeDelta::microseconds(1));
    assert_eq!(house.caller(&key).await, Some((again, key.clone())));
    clock.advance(TimeDelta::microseconds(1));
    assert_eq!(house.caller(&key).await, None, "expired");
    assert_eq!(house.setting.store.find_api_key(key.id).await.unwrap(), Some(key));
}

async fn a_key_is_made_in_a_fresh_session_alone(setting: Setting) {
    let house = House::new(setting).await;
    let (store, clock) = (&house.setting.store, &house.setting.clock);
    let key = api_key(clock, &house.owner);
    let created = event(clock, EventKind::KeyCreated, Some(house.owner.id));
    let stale = FreshProof { since: house.session.proven_at, ..house.proof() };
    let foreign = FreshProof { user: house.setting.admin("root@example.com").await.id, ..house.proof() };
    for proof in [stale, foreign] {
        let refused = store.create_api_key(BY, &proof, &key, 100, &created).await;
        assert!(matches!(refused, Err(WriteError::NotFresh)), "{refused:?}");
    }
    let by = |role| {
        let (credential, at) = (Some(Credential::Session(house.session.id)), clock.now());
        Authority::Person(PersonalAuthority { id: house.owner.id, role, credential, at })
    };
    let refused = house.try_make(&by(Role::Admin), &key, 100).await;
    assert!(matches!(refused, Err(WriteError::Unauthorized)), "{refused:?}");
    assert_eq!(store.list_api_keys(None).await.unwrap(), []);
    house.try_make(&by(Role::Manager), &key, 100).await.unwrap();
    assert_eq!(store.list_api_keys(None).await.unwrap(), [key]);
}

async fn nobody_has_more_keys_than_they_may(setting: Setting) {
    let house = House::new(setting).await;
    let keys: Vec<_> = (0..6).map(|_| api_key(&house.setting.clock, &house.owner)).collect();
    let made = join_all(keys.iter().map(|key| house.try_make(BY, key, 3))).await;
    let refused = made.iter().filter(|done| matches!(done, Err(WriteError::TooManyKeys))).count();
    assert_eq!((made.iter().filter(|done| done.is_ok()).count(), refused), (3, 3), "{made:?}");
    assert_eq!(house.setting.store.list_api_keys(Some(house.owner.id)).await.unwrap().len(), 3);
}

async fn keys_are_listed_newest_first(setting: Setting) {
    let house = House::new(setting).await;
    let mut keys = vec![house.make().await, house.make().await];
    house.setting.clock.advance(TimeDelta::days(2));
    keys.push(house.make().await);
    keys.reverse();
    let nobody = house.setting.clock.new_id().into();
    for (owner, expected) in [(Some(house.owner.id), &keys[..]), (None, &keys[..]), (Some(nobody), &[])] {
        assert_eq!(house.setting.store.list_api_keys(owner).await.unwrap(), expected);
    }
}

async fn a_key_is_revoked_once(setting: Setting) {
    let house = House::new(setting).await;
    let (key, other) = (house.make().await, house.make().await);
    let revoked = || event(&house.setting.clock, EventKind::KeyRevoked, Some(house.owner.id));
    assert!(house.setting.store.revoke_api_key(BY, key.id, &revoked()).await.unwrap());
    assert!(!house.setting.store.revoke_api_key(BY, key.id, &revoked()).await.unwrap());
    assert_eq!(house.caller(&key).await, None);
    assert_eq!(house.setting.store.list_api_keys(None).await.unwrap(), [other]);
}

async fn a_use_is_noted_once_in_a_while(setting: Setting) {
    let house = House::new(setting).await;
    let (key, other, clock) = (house.make().await, house.make().await, &house.setting.clock);
    for (wait, noted) in [(0, true), (59, false), (1, true), (3600, true)] {
        let before = house.setting.store.find_api_key(key.id).await.unwrap().unwrap().last_used_at;
        clock.advance(TimeDelta::seconds(wait));
        let now = clock.now();
        house.setting.store.note_key_use(key.id, now, now - TimeDelta::minutes(1)).await.unwrap();
        let after = house.setting.store.find_api_key(key.id).await.unwrap().unwrap().last_used_at;
        assert_eq!(after, if noted { Some(now) } else { before }, "after {wait} s");
    }
    assert_eq!(house.setting.store.find_api_key(other.id).await.unwrap(), Some(other));
    let (unknown, now) = (clock.new_id().into(), clock.now());
    house.setting.store.note_key_use(unknown, now, now).await.unwrap();
}

async fn a_key_goes_with_its_owner(setting: Setting) {
    let house = House::new(setting).await;
    house.setting.admin("root@example.com").await;
    let key = house.make().await;
    let data = house.setting.store.find_personal_data(Scope::All, house.owner.id).await.unwrap().unwrap();
    assert_eq!(data.api_keys, std::slice::from_ref(&key));
    let erased = event(&house.setting.clock, EventKind::UserErased, Some(house.owner.id));
    let erasure = Erasure { user: house.owner.clone(), heir: None, event: erased, is_of_version: true };
    house.setting.store.erase_user(BY, &erasure).await.unwrap();
    assert_eq!(house.caller(&key).await, None);
    assert_eq!(house.setting.store.list_api_keys(None).await.unwrap(), []);
}

async fn an_expired_key_is_cleared_away(setting: Setting) {
    let house = House::new(setting).await;
    let key = house.make().await;
    let remove = async |before| house.setting.store.remove_expired(Expirable::ApiKeys, before, 10).await.unwrap();
    assert_eq!(remove(key.expires_at).await, 0);
    assert_eq!(remove(key.expires_at + TimeDelta::microseconds(1)).await, 1);
    assert_eq!(house.setting.store.find_api_key(key.id).await.unwrap(), None);
}

async fn what_a_key_does_is_recorded_with_it(ground: Ground) {
    let house = House::new(ground.setting()).await;
    let key = house.make().await;
    let actor = domain::Actor::by_key(&house.owner, &key, domain::Origin::default());
    let event = domain::audit::Event::new(&house.setting.clock, &actor, EventKind::UsersExported, None);
    house.setting.store.record_event(&event).await.unwrap();
    let query = domain::audit::EventQuery::default();
    let found = house.setting.store.list_events(Scope::All, &query).await.unwrap().items;
    let by_key: Vec<_> = found.iter().filter(|event| event.key_id == Some(key.id)).collect();
    assert_eq!(by_key, [&event]);
    assert!(found.len() > 1, "{found:?}");
}

/// Whether a write moves the generation of a key and its owner, and that of nobody else.
async fn every_write_moves_the_generation_of_the_keys_it_concerns(ground: Ground) {
    let house = House::new(ground.setting()).await;
    let (store, clock) = (&house.setting.store, &house.setting.clock);
    house.setting.admin("root@example.com").await;
    let (key, other) = (house.make().await, house.setting.manager("bob@example.com").await);
    let foreign = clock.new_id().into();
    let generations = || (store.key_generation(key.id, house.owner.id), store.key_generation(foreign, other.id));
    let mut last = generations();
    let mut moved = |what: &str| {
        let now = generations();
        assert_ne!(now.0, last.0, "{what}");
        assert_eq!(now.1, last.1, "{what} of somebody else");
        last = now;
    };
    let now = clock.now();
    store.note_key_use(key.id, now, now - TimeDelta::minutes(1)).await.unwrap();
    moved("a use");
    house.change_owner(|user| user.is_active = false).await;
    moved("a deactivation");
    let expired = store.remove_expired(Expirable::ApiKeys, key.expires_at + TimeDelta::microseconds(1), 10).await;
    assert_eq!(expired.unwrap(), 1);
    moved("the end of its time");
    let revoked = event(clock, EventKind::KeyRevoked, Some(house.owner.id));
    store.revoke_api_key(BY, key.id, &revoked).await.unwrap();
    moved("a revocation");
}
