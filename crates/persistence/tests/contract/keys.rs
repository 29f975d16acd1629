//! Keys that all instances share.

use chrono::TimeDelta;
use domain::Clock;
use domain::key::{KeyPurpose, StoredKey, TokenAlgorithm};

use super::backends::{Setting, tests};

tests! {
    every store:
    each_purpose_gets_one_key,
    a_retired_key_is_not_listed;

    every database:;
}

fn key(setting: &Setting, id: &str, purpose: KeyPurpose) -> StoredKey {
    let now = setting.clock.now();
    StoredKey {
        id: id.to_owned(),
        purpose,
        algorithm: (purpose == KeyPurpose::AccessToken).then_some(TokenAlgorithm::Es256),
        secret: (0..=255).collect(),
        is_sealed: true,
        created_at: now,
        active_from: now + TimeDelta::microseconds(1),
        retired_at: None,
    }
}

async fn each_purpose_gets_one_key(setting: Setting) {
    let first = key(&setting, "b", KeyPurpose::AccessToken);
    setting.store.add_missing_keys(std::slice::from_ref(&first)).await.unwrap();
    setting.clock.advance(TimeDelta::seconds(1));
    let second = [
        key(&setting, "a", KeyPurpose::AccessToken),
        key(&setting, "c", KeyPurpose::Codes),
        key(&setting, "d", KeyPurpose::Codes),
    ];
    setting.store.add_missing_keys(&second).await.unwrap();
    setting.store.add_missing_keys(&second).await.unwrap();
    assert_eq!(setting.store.list_keys(setting.clock.now()).await.unwrap(), [first, second[1].clone()]);
}

async fn a_retired_key_is_not_listed(setting: Setting) {
    let now = setting.clock.now();
    let mut retired = key(&setting, "a", KeyPurpose::AccessToken);
    retired.retired_at = Some(now + TimeDelta::seconds(1));
    setting.store.add_missing_keys(std::slice::from_ref(&retired)).await.unwrap();
    assert_eq!(setting.store.list_keys(now).await.unwrap(), [retired]);
    assert_eq!(setting.store.list_keys(now + TimeDelta::seconds(1)).await.unwrap(), []);
}
