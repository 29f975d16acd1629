//! A write is judged by the authority that its caller has at that moment.

use chrono::TimeDelta;
use domain::actor::{Credential, PersonalAuthority};
use domain::audit::EventKind;
use domain::session::Session;
use domain::store::{Erasure, Handover, Update, WriteError};
use domain::testing::{account, api_key, customer, event, manager, password_hash, session};
use domain::{ApiKey, Authority, Clock, DisplayName, FreshProof, Role, Scope, StaffRole, User};
use futures_util::future::join_all;

use super::backends::{BY, Setting, never, tests};

tests! {
    every store:
    whoever_has_lost_their_authority_writes_nothing,
    whoever_has_their_authority_writes,
    a_key_that_is_dead_writes_nothing,
    a_key_that_is_good_writes,
    many_writes_beside_the_end_of_a_session_come_before_it_or_not_at_all;

    every database:;
}

/// An admin with a session, and somebody to do things to.
struct House {
    setting: Setting,
    eve: User,
    session: Session,
    credential: Credential,
    ann: User,
}

impl House {
    async fn new(setting: Setting) -> Self {
        let (eve, ann) = (setting.admin("eve@example.com").await, setting.manager("ann@example.com").await);
        setting.admin("root@example.com").await;
        let session = session(&setting.clock, eve.id);
        let started = event(&setting.clock, EventKind::SessionStarted, Some(eve.id));
        setting.store.start_session(&session, &started).await.unwrap();
        let credential = Credential::Session(session.id);
        Self { setting, eve, session, credential, ann }
    }

    fn authority(&self) -> Authority {
        let (credential, at) = (Some(self.credential), self.setting.clock.now());
        Authority::Person(PersonalAuthority { id: self.eve.id, role: Role::Admin, credential, at })
    }

    fn event(&self, kind: EventKind) -> domain::audit::Event {
        event(&self.setting.clock, kind, Some(self.ann.id))
    }

    fn changed(&self, user: &User, change: impl FnOnce(&mut User)) -> Update {
        let mut after = user.clone();
        change(&mut after);
        after.version += 1;
        let events = vec![self.event(EventKind::UserUpdated)];
        Update { before: user.clone(), after, ends_sessions: false, proof: None, events }
    }

    async fn enter(&self, phone: &str) -> Result<(), WriteError> {
        let customer = customer(&self.setting.clock, phone, None);
        let created = self.event(EventKind::UserCreated);
        self.setting.store.create_account(&self.authority(), &account(&customer), &[created]).await
    }

    /// The same person comes in by an API key of theirs.
    async fn by_key(&mut self) -> ApiKey {
        let key = api_key(&self.setting.clock, &self.eve);
        let since = self.session.proven_at - TimeDelta::minutes(5);
        let proof = FreshProof { session: self.session.id, user: self.eve.id, since };
        let created = event(&self.setting.clock, EventKind::KeyCreated, Some(self.eve.id));
        self.setting.store.create_api_key(BY, &proof, &key, 100, &created).await.unwrap();
        self.credential = Credential::ApiKey { id: key.id, scopes: key.scopes };
        key
    }

    async fn change_eve(&self, change: impl FnOnce(&mut User)) {
        let now = self.setting.store.find_user(Scope::All, self.eve.id).await.unwrap().unwrap();
        self.update(&now, change).await;
    }

    async fn has_authority(&self) -> bool {
        self.setting.store.has_authority(&self.authority()).await.unwrap()
    }

    async fn writes_nothing(&self, way: &str) {
        for (write, done) in self.write().await {
            assert!(matches!(done, Err(WriteError::Unauthorized)), "{write} by somebody {way}: {done:?}");
        }
        assert!(!self.has_authority().await, "{way}");
        let ann = self.setting.store.find_user(Scope::All, self.ann.id).await.unwrap();
        assert_eq!(ann.as_ref(), Some(&self.ann), "{way}");
    }

    /// What comes of each write, one after the other, by the name of its method.
    async fn write(&self) -> Vec<(&'static str, Result<(), WriteError>)> {
        let (store, by) = (&self.setting.store, self.authority());
        let newcomer = manager(&self.setting.clock, "new@example.com");
        let created = self.event(EventKind::UserCreated);
        let renamed = self.changed(&self.ann, |user| user.display_name = DisplayName::parse("Ann").ok());
        let ended = self.event(EventKind::SessionEnded);
        let handover = Handover {
            from: self.ann.id,
            shares: Vec::new(),
            is_complete: true,
            deactivates: false,
            at: self.setting.clock.now(),
            events: vec![self.event(EventKind::CustomerAssigned)],
        };
        let user = User { version: renamed.after.version, ..renamed.after.clone() };
        let erasure = Erasure { user, heir: None, event: self.event(EventKind::UserErased), is_of_version: false };
        let (old, new) = (password_hash("password"), password_hash("another"));
        let changed = self.event(EventKind::PasswordChanged);
        vec![
            ("create_account", store.create_account(&by, &account(&newcomer), &[created]).await),
            ("update_user", store.update_user(&by, &renamed, &never).await.map(drop)),
            ("end_sessions", store.end_sessions(&by, self.ann.id, None, &ended).await.map(drop)),
            ("hand_over", store.hand_over(&by, &handover, None).await.map(drop)),
            ("change_password", store.change_password(&by, self.ann.id, &old, &new, None, &changed).await),
            ("prepare_erasure", store.prepare_erasure(&by, &erasure).await),
            ("erase_user", store.erase_user(&by, &erasure).await),
        ]
    }

    async fn update(&self, user: &User, change: impl FnOnce(&mut User)) {
        self.setting.store.update_user(BY, &self.changed(user, change), &never).await.unwrap();
    }
}

async fn whoever_has_lost_their_authority_writes_nothing(setting: Setting) {
    let house = House::new(setting).await;
    let store = &house.setting.store;
    let ways = ["expired", "deactivated", "of another role", "signed out", "erased"];
    for way in ways {
        match way {
            "expired" => house.setting.clock.advance(TimeDelta::hours(1)),
            "deactivated" => house.update(&house.eve, |user| user.is_active = false).await,
            "of another role" => {
                let now = store.find_user(Scope::All, house.eve.id).await.unwrap().unwrap();
                house.update(&now, |user| user.is_active = true).await;
                let now = store.find_user(Scope::All, house.eve.id).await.unwrap().unwrap();
                house
                    .update(&now, |user| {
                        user.profile = domain::StaffRole::Manager.profile(now.staff().unwrap().clone());
                    })
                    .await;
            }
            "signed out" => {
                let ended = house.event(EventKind::SessionEnded);
                store.end_sessions(BY, house.eve.id, None, &ended).await.unwrap();
            }
            _ => {
                let user = store.find_user(Scope::All, house.eve.id).await.unwrap().unwrap();
                let event = event(&house.setting.clock, EventKind::UserErased, Some(user.id));
                store.erase_user(BY, &Erasure { user, heir: None, event, is_of_version: true }).await.unwrap();
            }
        }
        house.writes_nothing(way).await;
    }
}

async fn a_key_that_is_dead_writes_nothing(setting: Setting) {
    let mut house = House::new(setting).await;
    house.by_key().await;
    house.change_eve(|user| user.is_active = false).await;
    house.writes_nothing("deactivated").await;
    house.change_eve(|user| user.is_active = true).await;
    assert!(house.has_authority().await);
    let staff = house.eve.staff().unwrap().clone();
    house.change_eve(|user| user.profile = StaffRole::Manager.profile(staff.clone())).await;
    house.writes_nothing("of another role").await;
    house.change_eve(|user| user.profile = StaffRole::Admin.profile(staff.clone())).await;
    assert!(house.has_authority().await);
    house.setting.clock.advance(TimeDelta::days(1));
    house.writes_nothing("whose key has expired").await;
    let key = house.by_key().await;
    assert!(house.has_authority().await);
    let revoked = event(&house.setting.clock, EventKind::KeyRevoked, Some(house.eve.id));
    assert!(house.setting.store.revoke_api_key(BY, key.id, &revoked).await.unwrap());
    house.writes_nothing("whose key is revoked").await;
}

async fn a_key_that_is_good_writes(setting: Setting) {
    let mut house = House::new(setting).await;
    house.by_key().await;
    for (write, done) in house.write().await {
        assert!(done.is_ok(), "{write}: {done:?}");
    }
}

async fn whoever_has_their_authority_writes(setting: Setting) {
    let house = House::new(setting).await;
    assert!(house.setting.store.has_authority(&house.authority()).await.unwrap());
    for (write, done) in house.write().await {
        assert!(done.is_ok(), "{write}: {done:?}");
    }
}

async fn many_writes_beside_the_end_of_a_session_come_before_it_or_not_at_all(setting: Setting) {
    let house = House::new(setting).await;
    let phones: Vec<_> = (0..20).map(|n| format!("+9989000000{n:02}")).collect();
    let ended = house.event(EventKind::SessionEnded);
    let (written, ended) = tokio::join!(
        join_all(phones.iter().map(|phone| house.enter(phone))),
        house.setting.store.end_sessions(BY, house.eve.id, None, &ended),
    );
    assert_eq!(ended.unwrap(), 1);
    assert!(written.iter().all(|done| matches!(done, Ok(()) | Err(WriteError::Unauthorized))), "{written:?}");
    assert!(matches!(house.enter("+998900000099").await, Err(WriteError::Unauthorized)));
    let mut entered = 0;
    for phone in &phones {
        let phone = domain::testing::phone(phone);
        entered += usize::from(house.setting.store.find_customer_by_phone(&phone).await.unwrap().is_some());
    }
    assert_eq!(entered, written.iter().filter(|done| done.is_ok()).count());
}
