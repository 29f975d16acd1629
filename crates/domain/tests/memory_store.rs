//! What the store in memory promises beyond what the use-cases on people show.
//! The contract tests of `persistence` hold it and the databases to the same.
#![expect(clippy::unwrap_used, reason = "what fails here is to fail the test")]

use chrono::TimeDelta;
use clientele_domain::audit::EventKind;
use clientele_domain::challenge::{Challenge, MAX_TRIES, Purpose};
use clientele_domain::key::{KeyPurpose, StoredKey, TokenAlgorithm};
use clientele_domain::session::Session;
use clientele_domain::store::{
    ChallengeStore, KeyStore, MessageStore, Outcome, PasswordStore, SessionStore, SetupStore, UserStore, WriteError,
};
use clientele_domain::testing::{self, FixedClock, MemoryStore, any_code, password_hash};
use clientele_domain::{Authority, Clock, DisplayName, Filter, PageSize, Scope, Sort, User, UserQuery};

struct Stage {
    store: MemoryStore,
    clock: FixedClock,
}

impl Stage {
    fn new() -> Self {
        Self { store: MemoryStore::new(), clock: FixedClock::default() }
    }

    fn event(&self) -> clientele_domain::audit::Event {
        testing::event(&self.clock, EventKind::UserUpdated, None)
    }

    async fn enter(&self, user: User) -> User {
        self.store.create_account(&Authority::Unconditional, &testing::account(&user), &[self.event()]).await.unwrap();
        user
    }

    async fn sign_in(&self, user: &User) -> Session {
        let session = testing::session(&self.clock, user.id);
        self.store.start_session(&session, &self.event()).await.unwrap();
        session
    }

    async fn open(&self, quiet: TimeDelta) -> Challenge {
        let challenge = testing::challenge(&self.clock, Purpose::StaffSignUp, [7; 32]);
        let message = testing::message(&self.clock, &challenge);
        self.store.open_challenge(&challenge, &message, self.clock.now() - quiet, &[]).await.unwrap()
    }

    async fn is_signed_in(&self, session: &Session) -> bool {
        self.store.find_caller(session.id, self.clock.now()).await.unwrap().is_some()
    }
}

#[tokio::test]
async fn pages_neither_repeat_nor_hide_anybody() {
    let stage = Stage::new();
    for number in 0..23 {
        let mut user = testing::customer(&stage.clock, &format!("+9989000000{number:02}"), None);
        user.display_name = ["Ann", "ann", "Bob"].get(number % 4).map(|name| DisplayName::parse(name).unwrap());
        stage.enter(user).await;
        stage.clock.advance(TimeDelta::seconds((number % 3 == 0).into()));
    }
    for &sort in Sort::ALL {
        let whole = pages(&stage.store, sort, 200).await;
        assert_eq!(whole.len(), 23);
        for size in [1, 2, 7, 22, 23] {
            assert_eq!(pages(&stage.store, sort, size).await, whole, "{sort} by {size}");
        }
    }
    let names = pages(&stage.store, Sort::NameAscending, 200).await;
    assert!(names.is_sorted_by_key(clientele_domain::page::name_key));
    let newest = pages(&stage.store, Sort::NewestFirst, 200).await;
    assert!(newest.is_sorted_by(|a, b| (a.created_at, a.id) > (b.created_at, b.id)));
}

async fn pages(store: &MemoryStore, sort: Sort, size: u64) -> Vec<User> {
    let size = PageSize::new(size).unwrap();
    let mut query = UserQuery { filter: Filter::default(), sort, after: None, size, include_total: true };
    let mut everyone = Vec::new();
    loop {
        let page = store.list_users(Scope::All, &query).await.unwrap();
        assert_eq!(page.total, Some(23));
        everyone.extend(page.items);
        match page.next {
            Some(next) => query.after = Some(next),
            None => return everyone,
        }
    }
}

#[tokio::test]
async fn the_first_admin_spends_every_setup_token() {
    let stage = Stage::new();
    let (store, clock) = (&stage.store, &stage.clock);
    let admin = testing::admin(clock, "admin@example.com");
    let (account, session) = (testing::account(&admin), testing::session(clock, admin.id));
    let create = |token| {
        let (account, session) = (account.clone(), session.clone());
        async move { store.create_first_admin(&account, &token, &session, &[]).await }
    };
    assert!(matches!(create([1; 32]).await, Err(WriteError::SetupTokenRefused)));
    assert!(store.add_setup_token(&[1; 32], clock.now()).await.unwrap());
    assert!(store.add_setup_token(&[2; 32], clock.now()).await.unwrap());
    assert!(matches!(create([3; 32]).await, Err(WriteError::SetupTokenRefused)));
    create([2; 32]).await.unwrap();
    assert!(stage.is_signed_in(&session).await);
    assert!(matches!(create([1; 32]).await, Err(WriteError::SetupTokenRefused)));
    assert!(!store.add_setup_token(&[4; 32], clock.now()).await.unwrap());
}

#[tokio::test]
async fn a_session_is_good_while_it_lasts_and_its_owner_is_active() {
    let stage = Stage::new();
    let mia = stage.enter(testing::manager(&stage.clock, "mia@example.com")).await;
    let session = stage.sign_in(&mia).await;
    assert!(stage.is_signed_in(&session).await);

    stage.store.overwrite_user(&User { is_active: false, ..mia.clone() });
    assert!(!stage.is_signed_in(&session).await);
    let renewed = Session { renewals: 1, ..session.clone() };
    assert!(matches!(stage.store.renew_session(&renewed).await, Err(WriteError::Stale)));
    stage.store.overwrite_user(&mia);

    stage.store.renew_session(&renewed).await.unwrap();
    assert!(matches!(stage.store.renew_session(&renewed).await, Err(WriteError::Stale)));

    stage.clock.advance(TimeDelta::hours(1));
    assert!(!stage.is_signed_in(&session).await);
    assert_eq!(stage.store.find_session(session.id).await.unwrap(), Some(renewed.clone()));
    assert_eq!(stage.store.list_sessions(mia.id, stage.clock.now()).await.unwrap(), []);
    let late = Session { renewals: 2, last_used_at: stage.clock.now(), ..renewed };
    assert!(matches!(stage.store.renew_session(&late).await, Err(WriteError::Stale)));
}

#[tokio::test]
async fn sessions_end_for_their_owner_alone_and_are_recorded_once() {
    let stage = Stage::new();
    let mia = stage.enter(testing::manager(&stage.clock, "mia@example.com")).await;
    let max = stage.enter(testing::manager(&stage.clock, "max@example.com")).await;
    let (first, second, other) = (stage.sign_in(&mia).await, stage.sign_in(&mia).await, stage.sign_in(&max).await);
    let listed = stage.store.list_sessions(mia.id, stage.clock.now()).await.unwrap();
    assert_eq!(listed, [second.clone(), first.clone()]);
    let events = stage.store.events().len();

    assert!(!stage.store.end_session(&Authority::Unconditional, mia.id, other.id, &stage.event()).await.unwrap());
    assert_eq!(stage.store.events().len(), events);
    assert!(stage.store.end_session(&Authority::Unconditional, mia.id, first.id, &stage.event()).await.unwrap());
    assert_eq!(stage.store.events().len(), events + 1);
    assert_eq!(
        stage.store.end_sessions(&Authority::Unconditional, mia.id, Some(second.id), &stage.event()).await.unwrap(),
        0
    );
    assert_eq!(stage.store.events().len(), events + 1);
    assert_eq!(stage.store.end_sessions(&Authority::Unconditional, mia.id, None, &stage.event()).await.unwrap(), 1);
    assert!(stage.is_signed_in(&other).await);
}

#[tokio::test]
async fn a_password_changes_once_and_ends_the_other_sessions() {
    let stage = Stage::new();
    let mia = stage.enter(testing::manager(&stage.clock, "mia@example.com")).await;
    let (kept, ended) = (stage.sign_in(&mia).await, stage.sign_in(&mia).await);
    let (old, new) = (password_hash("password"), password_hash("another"));
    let change = || async {
        stage.store.change_password(&Authority::Unconditional, mia.id, &old, &new, Some(kept.id), &stage.event()).await
    };
    change().await.unwrap();
    assert!(matches!(change().await, Err(WriteError::Stale)));
    assert!(stage.is_signed_in(&kept).await);
    assert!(!stage.is_signed_in(&ended).await);
    stage.store.renew_password_hash(mia.id, &old, &password_hash("stale")).await.unwrap();
    assert_eq!(stage.store.password_hash(mia.id), Some(new));
}

#[tokio::test]
async fn a_challenge_is_opened_anew_only_after_the_quiet_time() {
    let stage = Stage::new();
    let first = stage.open(TimeDelta::seconds(60)).await;
    stage.clock.advance(TimeDelta::seconds(59));
    assert_eq!(stage.open(TimeDelta::seconds(60)).await, first);
    assert_eq!(stage.store.messages().len(), 1);
    stage.clock.advance(TimeDelta::seconds(1));
    let second = stage.open(TimeDelta::seconds(60)).await;
    assert_ne!(second.id, first.id);
    let carried: Vec<_> = stage.store.messages().iter().map(|message| message.challenge_id).collect();
    assert_eq!(carried, [second.id], "the message of a code that is no good goes too");
    assert_eq!(stage.store.challenges(), [second]);
    assert!(stage.store.take_try(first.id, stage.clock.now(), &any_code()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_code_can_be_tried_five_times() {
    let stage = Stage::new();
    let challenge = stage.open(TimeDelta::zero()).await;
    for tries in 1..=MAX_TRIES {
        let taken = stage.store.take_try(challenge.id, stage.clock.now(), &any_code()).await.unwrap();
        assert_eq!(taken.unwrap().challenge.tries, tries);
    }
    assert!(stage.store.take_try(challenge.id, stage.clock.now(), &any_code()).await.unwrap().is_none());
    let next = stage.open(TimeDelta::seconds(60)).await;
    assert_ne!(next.id, challenge.id, "a spent challenge is not open, however young");
    stage.clock.advance(TimeDelta::minutes(10));
    assert!(stage.store.take_try(next.id, stage.clock.now(), &any_code()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_code_is_redeemed_whole_once_or_not_at_all() {
    let stage = Stage::new();
    let mia = stage.enter(testing::manager(&stage.clock, "mia@example.com")).await;
    let old = stage.sign_in(&mia).await;
    let challenge = stage.open(TimeDelta::zero()).await;
    stage.clock.advance(TimeDelta::seconds(5));
    let now = stage.clock.now();

    let twin = testing::account(&testing::manager(&stage.clock, "mia@example.com"));
    let taken = Outcome { account: Some(twin), events: vec![stage.event()], ..Outcome::default() };
    let events = stage.store.events().len();
    let refused = stage.store.redeem(challenge.id, now, &taken).await;
    assert!(matches!(refused, Err(WriteError::Taken(clientele_domain::Field::Email))));
    assert_eq!((stage.store.events().len(), stage.store.challenges()[0].used_at), (events, None));

    let session = testing::session(&stage.clock, mia.id);
    let outcome = Outcome {
        account: None,
        verified: Some(mia.id),
        password: Some((mia.id, password_hash("another"))),
        session: Some(session.clone()),
        events: vec![stage.event()],
    };
    stage.store.redeem(challenge.id, now, &outcome).await.unwrap();
    assert!(!stage.is_signed_in(&old).await);
    assert!(stage.is_signed_in(&session).await);
    assert_eq!(stage.store.password_hash(mia.id), Some(password_hash("another")));
    let user = stage.store.find_user(Scope::All, mia.id).await.unwrap().unwrap();
    assert_eq!((user.verified_at, user.updated_at, user.version), (Some(now), now, 2));
    assert!(matches!(stage.store.redeem(challenge.id, now, &outcome).await, Err(WriteError::Stale)));
    assert!(stage.store.take_try(challenge.id, now, &any_code()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_claimed_message_comes_back_after_its_lease() {
    let stage = Stage::new();
    stage.open(TimeDelta::zero()).await;
    let claim = || async {
        let now = stage.clock.now();
        stage.store.claim_messages(now, now + TimeDelta::seconds(30), 10).await.unwrap()
    };
    let first = claim().await;
    assert_eq!(first.iter().map(|message| message.attempts).collect::<Vec<_>>(), [1]);
    assert_eq!(claim().await, []);
    stage.clock.advance(TimeDelta::seconds(30));
    assert_eq!(claim().await[0].attempts, 2);
    stage.store.postpone_message(first[0].id, stage.clock.now() + TimeDelta::seconds(90)).await.unwrap();
    stage.clock.advance(TimeDelta::seconds(60));
    assert_eq!(claim().await, []);
    stage.clock.advance(TimeDelta::seconds(30));
    assert_eq!(claim().await[0].attempts, 3);
    stage.store.remove_message(first[0].id).await.unwrap();
    assert_eq!(stage.store.messages(), []);
}

#[tokio::test]
async fn instances_that_start_at_once_share_one_key_for_each_purpose() {
    let stage = Stage::new();
    let key = |id: &str, purpose| StoredKey {
        id: id.to_owned(),
        purpose,
        algorithm: (purpose == KeyPurpose::AccessToken).then_some(TokenAlgorithm::Es256),
        secret: vec![1],
        is_sealed: false,
        created_at: stage.clock.now(),
        active_from: stage.clock.now(),
        retired_at: None,
    };
    let keys = |name: &str| {
        KeyPurpose::ALL.iter().map(|&purpose| key(&format!("{name}-{purpose}"), purpose)).collect::<Vec<_>>()
    };
    stage.store.add_missing_keys(&keys("mine")).await.unwrap();
    stage.store.add_missing_keys(&keys("yours")).await.unwrap();
    assert_eq!(stage.store.list_keys(stage.clock.now()).await.unwrap(), keys("mine"));
}
