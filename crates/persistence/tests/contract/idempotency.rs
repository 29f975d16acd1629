//! Requests that are carried out once.

use chrono::TimeDelta;
use domain::Field;
use domain::audit::EventKind;
use domain::idempotency::{AnswerToStore, IdempotentRequest, StoredAnswer};
use domain::store::{Account, Expirable, WriteError};
use domain::testing::{account, customer, event};
use domain::{Clock, Scope, User};

use super::backends::{BY, Ground, Setting, tests};

tests! {
    every store:
    a_first_answer_is_remembered_for_a_day,
    a_key_that_is_remembered_enters_nobody,
    a_refused_account_is_not_remembered,
    what_has_expired_is_removed;

    every database:
    an_answer_goes_with_the_person_it_tells_of,
    an_answer_goes_with_its_caller;
}

const ANSWER: &str = "{\"ў\": \"🦊\"}";

fn request(caller: &User, key: u8, request: u8) -> IdempotentRequest {
    IdempotentRequest { caller: caller.id, key: [key; 32], request: [request; 32] }
}

fn keyed(setting: &Setting, number: &str, request: IdempotentRequest) -> Account {
    let mut account = account(&customer(&setting.clock, number, None));
    let remember = AnswerToStore { request, answer: |_| ANSWER.to_owned() };
    account.stored_answer = Some(remember.stored_answer(&account.user));
    account
}

async fn enter(setting: &Setting, account: &Account) -> Result<(), WriteError> {
    let event = event(&setting.clock, EventKind::UserCreated, Some(account.user.id));
    setting.store.create_account(BY, account, &[event]).await
}

async fn find(setting: &Setting, request: &IdempotentRequest) -> Option<StoredAnswer> {
    setting.store.find_stored_answer(request, setting.clock.now()).await.unwrap()
}

async fn a_first_answer_is_remembered_for_a_day(setting: Setting) {
    let (ann, ben) = (setting.manager("ann@example.com").await, setting.manager("ben@example.com").await);
    let (mine, other_request) = (request(&ann, 1, 1), request(&ann, 1, 2));
    let entered = keyed(&setting, "+998900000001", mine);
    enter(&setting, &entered).await.unwrap();
    assert_eq!(find(&setting, &mine).await, entered.stored_answer);
    assert_eq!(find(&setting, &other_request).await, entered.stored_answer, "whose request it was is told");
    assert_eq!(find(&setting, &request(&ann, 2, 1)).await, None);
    assert_eq!(find(&setting, &request(&ben, 1, 1)).await, None);
    setting.clock.advance(TimeDelta::hours(24) - TimeDelta::microseconds(1));
    assert_eq!(find(&setting, &mine).await, entered.stored_answer);
    setting.clock.advance(TimeDelta::microseconds(1));
    assert_eq!(find(&setting, &mine).await, None);
    // Nobody has removed it yet, and still the key is free.
    let second = keyed(&setting, "+998900000002", other_request);
    enter(&setting, &second).await.unwrap();
    assert_eq!(find(&setting, &mine).await, second.stored_answer);
}

async fn a_key_that_is_remembered_enters_nobody(setting: Setting) {
    let ann = setting.manager("ann@example.com").await;
    let first = keyed(&setting, "+998900000001", request(&ann, 1, 1));
    enter(&setting, &first).await.unwrap();
    let second = keyed(&setting, "+998900000002", request(&ann, 1, 2));
    assert!(matches!(enter(&setting, &second).await, Err(WriteError::Stale)));
    assert_eq!(setting.store.find_user(Scope::All, second.user.id).await.unwrap(), None);
    assert_eq!(find(&setting, &request(&ann, 1, 2)).await, first.stored_answer);
}

async fn a_refused_account_is_not_remembered(setting: Setting) {
    let ann = setting.manager("ann@example.com").await;
    setting.customer("+998900000001", None).await;
    let refused = keyed(&setting, "+998900000001", request(&ann, 1, 1));
    assert!(matches!(enter(&setting, &refused).await, Err(WriteError::Taken(Field::Phone))));
    assert_eq!(find(&setting, &request(&ann, 1, 1)).await, None);
}

async fn what_has_expired_is_removed(setting: Setting) {
    let ann = setting.manager("ann@example.com").await;
    for n in 0..5 {
        enter(&setting, &keyed(&setting, &format!("+99890000000{n}"), request(&ann, n, 1))).await.unwrap();
        setting.clock.advance(TimeDelta::hours(1));
    }
    let noon = setting.clock.now();
    let expired = Expirable::StoredAnswers;
    let remove = async |before, limit| setting.store.remove_expired(expired, before, limit).await.unwrap();
    assert_eq!(remove(noon, 100).await, 0);
    assert_eq!(remove(noon + TimeDelta::hours(22), 2).await, 2);
    assert_eq!(remove(noon + TimeDelta::hours(22), 2).await, 1);
    assert_eq!(remove(noon + TimeDelta::hours(22), 2).await, 0);
    for (n, is_there) in [(0, false), (2, false), (3, true), (4, true)] {
        assert_eq!(find(&setting, &request(&ann, n, 1)).await.is_some(), is_there, "{n}");
    }
}

async fn an_answer_goes_with_the_person_it_tells_of(ground: Ground) {
    let setting = ground.setting();
    let ann = setting.manager("ann@example.com").await;
    enter(&setting, &keyed(&setting, "+998900000001", request(&ann, 1, 1))).await.unwrap();
    // Profile first: the customer counts as entered by themselves.
    ground.run("DELETE FROM customers").await.unwrap();
    ground.run("DELETE FROM users WHERE role = 'customer'").await.unwrap();
    assert_eq!(ground.count("idempotency_keys").await, 0);
    assert_eq!(find(&setting, &request(&ann, 1, 1)).await, None);
}

async fn an_answer_goes_with_its_caller(ground: Ground) {
    let setting = ground.setting();
    let ann = setting.manager("ann@example.com").await;
    enter(&setting, &keyed(&setting, "+998900000001", request(&ann, 1, 1))).await.unwrap();
    ground.run("DELETE FROM users WHERE role = 'manager'").await.unwrap();
    assert_eq!((ground.count("idempotency_keys").await, ground.count("customers").await), (0, 1));
}
