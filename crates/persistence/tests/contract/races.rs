//! Two at once: one wins, the other is told, and nothing is half done.

use std::collections::HashSet;

use chrono::TimeDelta;
use clientele_persistence::{Database, Options, Store};
use domain::Field;
use domain::audit::EventKind;
use domain::challenge::{Challenge, Purpose};
use domain::key::{KeyPurpose, StoredKey, TokenAlgorithm};
use domain::store::Outcome;
use domain::store::{
    ChallengeStore, KeyStore, MessageStore, PasswordStore, SessionStore, SetupStore, Update, UserStore, WriteError,
};
use domain::testing::{
    FixedClock, account, admin, any_code, challenge, customer, event, manager, message, password_hash, session,
};
use domain::{Clock, Scope, User};
use futures_util::future::join_all;

use super::backends::{BY, Ground, never, tests};

tests! {
    every store:;

    every database:
    one_email_is_taken_by_one_of_many,
    one_phone_is_taken_by_one_of_many,
    there_is_one_first_admin,
    a_code_is_redeemed_by_one_of_many,
    a_token_is_renewed_by_one_of_many,
    whoever_is_deactivated_while_they_sign_in_has_no_session,
    a_password_changes_beside_other_changes_of_the_person,
    many_askers_get_one_challenge,
    more_codes_than_allowed_are_not_tried,
    a_message_is_claimed_by_one_instance,
    instances_that_start_at_once_have_the_same_keys,
    a_manager_is_held_while_a_customer_is_entered,
    writes_in_a_crowd_all_succeed;
}

const CROWD: usize = 8;

/// Instances of the program on one database.
async fn instances(ground: &Ground, number: usize) -> Vec<Database> {
    let options = Options { max_connections: 4, ..Options::default() };
    join_all((0..number).map(async |_| Database::connect(ground.test.url(), &options).await.unwrap())).await
}

async fn create(store: &Store, clock: &FixedClock, user: &User) -> Result<(), WriteError> {
    store.create_account(BY, &account(user), &[event(clock, EventKind::UserCreated, Some(user.id))]).await
}

fn successes<T, E>(results: &[Result<T, E>]) -> usize {
    results.iter().filter(|result| result.is_ok()).count()
}

async fn one_email_is_taken_by_one_of_many(ground: Ground) {
    let clock = FixedClock::default();
    let stores = instances(&ground, 2).await;
    let people: Vec<_> = (0..CROWD).map(|_| manager(&clock, "ann@example.com")).collect();
    let results = join_all(
        people.iter().enumerate().map(async |(number, user)| create(&stores[number % 2].store(), &clock, user).await),
    )
    .await;
    assert_eq!(successes(&results), 1, "{results:?}");
    let refused = |result: &&Result<_, _>| matches!(result, Err(WriteError::Taken(Field::Email)));
    assert_eq!(results.iter().filter(refused).count(), CROWD - 1, "{results:?}");
    for table in ["users", "admin_managers", "audit_events"] {
        assert_eq!(ground.count(table).await, 1, "{table}");
    }
}

async fn one_phone_is_taken_by_one_of_many(ground: Ground) {
    let clock = FixedClock::default();
    let store = ground.store();
    let people: Vec<_> = (0..CROWD).map(|_| customer(&clock, "+998901234567", None)).collect();
    let results = join_all(people.iter().map(async |user| create(&store, &clock, user).await)).await;
    assert_eq!(successes(&results), 1, "{results:?}");
    let refused = |result: &&Result<_, _>| matches!(result, Err(WriteError::Taken(Field::Phone)));
    assert_eq!(results.iter().filter(refused).count(), CROWD - 1, "{results:?}");
    assert_eq!(ground.count("users").await, 1);
}

async fn there_is_one_first_admin(ground: Ground) {
    let clock = FixedClock::default();
    let stores = instances(&ground, 2).await;
    for token in [[1; 32], [2; 32]] {
        assert!(ground.store().add_setup_token(&token, clock.now()).await.unwrap());
    }
    let people: Vec<_> = (0..4).map(|number| admin(&clock, &format!("admin{number}@example.com"))).collect();
    let results = join_all(people.iter().enumerate().map(async |(number, user)| {
        let token = [u8::try_from(number % 2).unwrap() + 1; 32];
        let store = stores[number % 2].store();
        store.create_first_admin(&account(user), &token, &session(&clock, user.id), &[]).await
    }))
    .await;
    assert_eq!(successes(&results), 1, "{results:?}");
    let refused = |result: &&Result<_, _>| matches!(result, Err(WriteError::SetupTokenRefused));
    assert_eq!(results.iter().filter(refused).count(), 3, "{results:?}");
    for (table, rows) in [("users", 1), ("sessions", 1), ("setup_tokens", 0)] {
        assert_eq!(ground.count(table).await, rows, "{table}");
    }
}

async fn a_code_is_redeemed_by_one_of_many(ground: Ground) {
    let clock = FixedClock::default();
    let store = ground.store();
    let asked = challenge(&clock, Purpose::CustomerSignUp, [1; 32]);
    store.open_challenge(&asked, &message(&clock, &asked), clock.now(), &[]).await.unwrap();
    let outcomes: Vec<_> = (0..CROWD)
        .map(|number| {
            let user = customer(&clock, &format!("+99890123456{number}"), None);
            let begun = session(&clock, user.id);
            Outcome { account: Some(account(&user)), session: Some(begun), ..Outcome::default() }
        })
        .collect();
    let results = join_all(outcomes.iter().map(|outcome| store.redeem(asked.id, clock.now(), outcome))).await;
    assert_eq!(successes(&results), 1, "{results:?}");
    let stale = |result: &&Result<_, _>| matches!(result, Err(WriteError::Stale));
    assert_eq!(results.iter().filter(stale).count(), CROWD - 1, "{results:?}");
    assert_eq!((ground.count("users").await, ground.count("sessions").await), (1, 1));
}

async fn a_token_is_renewed_by_one_of_many(ground: Ground) {
    let clock = FixedClock::default();
    let store = ground.store();
    let user = manager(&clock, "ann@example.com");
    create(&store, &clock, &user).await.unwrap();
    let begun = session(&clock, user.id);
    store.start_session(&begun, &event(&clock, EventKind::SessionStarted, None)).await.unwrap();
    let renewed = domain::session::Session { renewals: 1, ..begun };
    let results = join_all((0..CROWD).map(|_| store.renew_session(&renewed))).await;
    assert_eq!(successes(&results), 1, "{results:?}");
}

async fn whoever_is_deactivated_while_they_sign_in_has_no_session(ground: Ground) {
    let clock = FixedClock::default();
    let stores = instances(&ground, 2).await;
    let (one, two) = (stores[0].store(), stores[1].store());
    for number in 0..CROWD {
        let user = manager(&clock, &format!("ann{number}@example.com"));
        create(&one, &clock, &user).await.unwrap();
        let begun = session(&clock, user.id);
        let after = User { is_active: false, version: user.version + 1, ..user.clone() };
        let events = vec![event(&clock, EventKind::UserUpdated, Some(user.id))];
        let deactivation = Update { before: user, after, ends_sessions: true, proof: None, events };
        let started = event(&clock, EventKind::SessionStarted, None);
        let (started, deactivated) =
            tokio::join!(one.start_session(&begun, &started), two.update_user(BY, &deactivation, &never));
        deactivated.unwrap();
        assert!(matches!(started, Ok(()) | Err(WriteError::Stale)), "{started:?}");
        assert_eq!(one.find_session(begun.id).await.unwrap(), None, "none that would live on");
    }
}

async fn a_password_changes_beside_other_changes_of_the_person(ground: Ground) {
    let clock = FixedClock::default();
    let stores = instances(&ground, 2).await;
    let (one, two) = (stores[0].store(), stores[1].store());
    let user = manager(&clock, "ann@example.com");
    create(&one, &clock, &user).await.unwrap();
    let mut old = account(&user).password_hash;
    for number in 0..4 * CROWD {
        let asked = Challenge { user_id: Some(user.id), ..challenge(&clock, Purpose::SecondFactor, [1; 32]) };
        one.open_challenge(&asked, &message(&clock, &asked), asked.created_at, &[]).await.unwrap();
        let before = one.find_user(Scope::All, user.id).await.unwrap().unwrap();
        let after = User { version: before.version + 1, ..before.clone() };
        let update = Update { before, after, ends_sessions: false, proof: None, events: Vec::new() };
        let (new, changed) = (password_hash(&number.to_string()), event(&clock, EventKind::PasswordChanged, None));
        let verified = Outcome { verified: Some(user.id), ..Outcome::default() };
        let (change, update, redeemed) = tokio::join!(
            one.change_password(BY, user.id, &old, &new, None, &changed),
            two.update_user(BY, &update, &never),
            two.redeem(asked.id, clock.now(), &verified)
        );
        change.unwrap();
        assert!(matches!(update, Ok(_) | Err(WriteError::Stale)), "{update:?}");
        assert!(matches!(redeemed, Ok(()) | Err(WriteError::Stale)), "{redeemed:?}");
        old = new;
    }
}

async fn many_askers_get_one_challenge(ground: Ground) {
    let clock = FixedClock::default();
    let stores = instances(&ground, 2).await;
    for round in 1..4 {
        let asked: Vec<_> = (0..4).map(|_| challenge(&clock, Purpose::SecondFactor, [1; 32])).collect();
        let quiet_since = clock.now() - TimeDelta::seconds(60);
        let answers = join_all(asked.iter().enumerate().map(async |(number, asked)| {
            let store = stores[number % 2].store();
            store.open_challenge(asked, &message(&clock, asked), quiet_since, &[]).await.unwrap().id
        }))
        .await;
        assert_eq!(answers.iter().collect::<HashSet<_>>().len(), 1, "round {round}");
        assert_eq!((ground.count("challenges").await, ground.count("outbox").await), (1, 1));
        clock.advance(TimeDelta::minutes(5));
    }
}

async fn more_codes_than_allowed_are_not_tried(ground: Ground) {
    let clock = FixedClock::default();
    let store = ground.store();
    let asked = challenge(&clock, Purpose::SecondFactor, [1; 32]);
    store.open_challenge(&asked, &message(&clock, &asked), clock.now(), &[]).await.unwrap();
    let guess = any_code();
    let tries = join_all((0..12).map(|_| store.take_try(asked.id, clock.now(), &guess))).await;
    let mut counted: Vec<_> =
        tries.into_iter().filter_map(|tried| tried.unwrap()).map(|tried| tried.challenge.tries).collect();
    counted.sort_unstable();
    assert_eq!(counted, [1, 2, 3, 4, 5]);
}

async fn a_message_is_claimed_by_one_instance(ground: Ground) {
    let clock = FixedClock::default();
    let stores = instances(&ground, 3).await;
    let mut written = HashSet::new();
    for subject in 0..12 {
        let asked = challenge(&clock, Purpose::SecondFactor, [subject; 32]);
        let message = message(&clock, &asked);
        ground.store().open_challenge(&asked, &message, clock.now(), &[]).await.unwrap();
        written.insert(message.id);
    }
    let (now, lease) = (clock.now(), clock.now() + TimeDelta::minutes(1));
    let claimed = join_all(stores.iter().map(async |database| {
        let store = database.store();
        let mut claimed = Vec::new();
        for _ in 0..6 {
            claimed.extend(store.claim_messages(now, lease, 5).await.unwrap());
        }
        claimed
    }))
    .await;
    let ids: Vec<_> = claimed.iter().flatten().map(|message| message.id).collect();
    assert_eq!(ids.len(), written.len());
    assert_eq!(ids.into_iter().collect::<HashSet<_>>(), written);
    assert!(claimed.iter().flatten().all(|message| message.attempts == 1));
}

async fn instances_that_start_at_once_have_the_same_keys(ground: Ground) {
    let clock = FixedClock::default();
    let stores = instances(&ground, 4).await;
    let added = join_all(stores.iter().enumerate().map(async |(number, database)| {
        let keys = KeyPurpose::ALL.iter().map(|&purpose| StoredKey {
            id: format!("{purpose}-{number}"),
            purpose,
            algorithm: (purpose == KeyPurpose::AccessToken).then_some(TokenAlgorithm::Es256),
            secret: vec![1],
            is_sealed: false,
            created_at: clock.now(),
            active_from: clock.now(),
            retired_at: None,
        });
        database.store().add_missing_keys(&keys.collect::<Vec<_>>()).await
    }))
    .await;
    assert_eq!(successes(&added), 4, "{added:?}");
    let keys = ground.store().list_keys(clock.now()).await.unwrap();
    assert_eq!(keys.len(), KeyPurpose::ALL.len(), "{keys:?}");
}

/// Deactivates the manager while customers are entered: nobody entered
/// afterwards may have them, and nobody waits for ever.
async fn a_manager_is_held_while_a_customer_is_entered(ground: Ground) {
    let clock = FixedClock::default();
    let store = ground.store();
    let manager = manager(&clock, "ann@example.com");
    create(&store, &clock, &manager).await.unwrap();
    let customers: Vec<_> =
        (0..20).map(|number| customer(&clock, &format!("+9989012345{number:02}"), Some(manager.id))).collect();
    let deactivate = async {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        let update = "UPDATE users SET is_active = FALSE WHERE role = 'manager'";
        // MariaDB ends one of two transactions that wait for each other. This one is no method of the store, which tries again.
        while let Err(error) = ground.run(update).await {
            assert!(error.to_string().contains("Deadlock"), "{error}");
        }
        ground.count("customers").await
    };
    let enter = async {
        let mut entered = 0;
        for customer in &customers {
            match create(&store, &clock, customer).await {
                Ok(()) => entered += 1,
                Err(error) => assert!(matches!(error, WriteError::NotAnActiveManager), "{error:?}"),
            }
        }
        entered
    };
    let (before, entered) = tokio::join!(deactivate, enter);
    assert_eq!(before, entered);
}

async fn writes_in_a_crowd_all_succeed(ground: Ground) {
    let clock = FixedClock::default();
    let stores = instances(&ground, 2).await;
    let manager = manager(&clock, "ann@example.com");
    create(&ground.store(), &clock, &manager).await.unwrap();
    let customers: Vec<_> =
        (0..40).map(|number| customer(&clock, &format!("+9989012345{number:02}"), Some(manager.id))).collect();
    let results = join_all(
        customers
            .iter()
            .enumerate()
            .map(async |(number, user)| create(&stores[number % 2].store(), &clock, user).await),
    )
    .await;
    assert_eq!(successes(&results), 40, "{results:?}");
    let query = domain::UserQuery { include_total: true, ..domain::UserQuery::default() };
    let page = ground.store().list_users(Scope::AssignedTo(manager.id), &query).await.unwrap();
    assert_eq!(page.total, Some(40));
}
