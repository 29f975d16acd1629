//! What one request is made of: the check of its token, the policy, a cursor, and a page of people as JSON.
//!
//! `cargo bench -p clientele-bench`
#![expect(clippy::unwrap_used, reason = "a benchmark that can't begin has nothing to say")]

use std::hint::black_box;
use std::sync::Arc;

use auth::{AccessTokens, KeyRing, TokenSettings};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use criterion::{Criterion, criterion_group, criterion_main};
use domain::key::TokenAlgorithm;
use domain::page::Sort;
use domain::testing::{MemoryStore, admin, new_customer, new_manager};
use domain::{Accounts, Action, Actor, Clock, Cursor, Origin, SystemClock, User, UserId, policy};
use secrecy::ExposeSecret;
use tokio::runtime::{Builder, Runtime};

criterion_group!(pieces, token, rules, cursor, page);
criterion_main!(pieces);

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// The signature (Ed25519) and claims of an access token, without the session that it names.
fn token(criterion: &mut Criterion) {
    let runtime = runtime();
    let clock = Arc::new(SystemClock);
    let keys = runtime
        .block_on(KeyRing::open(Arc::new(MemoryStore::new()), clock.clone(), None, TokenAlgorithm::Es256))
        .unwrap();
    let tokens = AccessTokens::new(Arc::new(keys), clock.clone(), TokenSettings::default());
    let (token, _) = tokens.issue(&admin(&*clock, "admin@example.com"), clock.new_id().into()).unwrap();
    criterion.bench_function("check of an access token", |bencher| {
        bencher.iter(|| runtime.block_on(tokens.verify(black_box(token.expose_secret()))).unwrap());
    });
}

fn rules(criterion: &mut Criterion) {
    let (manager, customers) = people(50);
    let manager = Actor::user(&manager, Origin::default());
    criterion.bench_function("policy: 50 people in a manager's scope", |bencher| {
        bencher.iter(|| {
            let scope = policy::scope(black_box(&manager), Action::ListUsers);
            assert!(customers.iter().all(|customer| scope.contains(customer)));
        });
    });
}

/// As `next_cursor` is written and `cursor` is read.
fn cursor(criterion: &mut Criterion) {
    let (manager, _) = people(0);
    criterion.bench_function("a cursor, written and read", |bencher| {
        bencher.iter(|| {
            let cursor = Cursor::at(black_box(&manager), Sort::NewestFirst);
            let text = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&cursor).unwrap());
            serde_json::from_slice::<Cursor>(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
        });
    });
}

fn page(criterion: &mut Criterion) {
    let (_, customers) = people(50);
    criterion.bench_function("50 customers as JSON", |bencher| {
        bencher.iter(|| {
            let mut json = Vec::with_capacity(32 * 1024);
            for customer in black_box(&customers) {
                api::write_json(&mut json, customer).unwrap();
            }
            json
        });
    });
}

/// A manager, and so many customers of theirs.
fn people(count: usize) -> (User, Vec<User>) {
    runtime().block_on(async {
        let accounts = Accounts::new(Arc::new(MemoryStore::new()), Arc::new(SystemClock));
        let system = Actor::system("bench");
        let manager = accounts.create(&system, new_manager("manager@example.com")).await.unwrap();
        let mut customers = Vec::new();
        for number in 0..count {
            customers.push(customer(&accounts, &system, number, manager.id).await);
        }
        (manager, customers)
    })
}

async fn customer(accounts: &Accounts, system: &Actor, number: usize, manager: UserId) -> User {
    accounts.create(system, new_customer(&format!("+1555{number:08}"), Some(manager))).await.unwrap()
}
