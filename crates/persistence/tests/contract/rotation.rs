//! One signing key takes over from another, and keys are sealed where they lie.

use chrono::TimeDelta;
use domain::Clock;
use domain::audit::EventKind;
use domain::key::{KeyPurpose, StoredKey, TokenAlgorithm};
use domain::testing::event;

use super::backends::{Ground, Setting, tests};

tests! {
    every store:
    a_new_key_retires_those_of_its_purpose_that_have_no_end,
    a_key_is_stored_once,
    a_plain_key_is_sealed_and_a_sealed_one_left_alone;

    every database:
    a_rotation_is_recorded_with_it;
}

fn key(setting: &Setting, id: &str, purpose: KeyPurpose) -> StoredKey {
    let now = setting.clock.now();
    setting.clock.advance(TimeDelta::microseconds(1));
    StoredKey {
        id: id.to_owned(),
        purpose,
        algorithm: (purpose == KeyPurpose::AccessToken).then_some(TokenAlgorithm::Es256),
        secret: id.as_bytes().to_vec(),
        is_sealed: false,
        created_at: now,
        active_from: now,
        retired_at: None,
    }
}

async fn stored(setting: &Setting) -> Vec<StoredKey> {
    setting.store.list_keys(setting.clock.now()).await.unwrap()
}

async fn rotate(setting: &Setting, key: &StoredKey, after: TimeDelta) -> Result<(), domain::store::StoreError> {
    let rotated = event(&setting.clock, EventKind::KeyRotated, None);
    setting.store.rotate_key(key, setting.clock.now() + after, &rotated).await
}

async fn a_new_key_retires_those_of_its_purpose_that_have_no_end(setting: Setting) {
    let (first, codes) = (key(&setting, "a", KeyPurpose::AccessToken), key(&setting, "b", KeyPurpose::Codes));
    setting.store.add_missing_keys(&[first.clone(), codes.clone()]).await.unwrap();
    let (second, third) = (key(&setting, "c", KeyPurpose::AccessToken), key(&setting, "d", KeyPurpose::AccessToken));
    let now = setting.clock.now();
    rotate(&setting, &second, TimeDelta::minutes(1)).await.unwrap();
    rotate(&setting, &third, TimeDelta::minutes(2)).await.unwrap();
    let first = StoredKey { retired_at: Some(now + TimeDelta::minutes(1)), ..first };
    let second = StoredKey { retired_at: Some(now + TimeDelta::minutes(2)), ..second };
    assert_eq!(stored(&setting).await, [first, codes.clone(), second.clone(), third.clone()]);
    setting.clock.advance(TimeDelta::minutes(1));
    assert_eq!(stored(&setting).await, [codes, second, third]);
}

async fn a_key_is_stored_once(setting: Setting) {
    let first = key(&setting, "a", KeyPurpose::AccessToken);
    rotate(&setting, &first, TimeDelta::minutes(1)).await.unwrap();
    assert!(rotate(&setting, &first, TimeDelta::minutes(1)).await.is_err());
    assert_eq!(stored(&setting).await, [first], "and what failed retired nothing");
}

async fn a_plain_key_is_sealed_and_a_sealed_one_left_alone(setting: Setting) {
    let plain = [key(&setting, "a", KeyPurpose::AccessToken), key(&setting, "b", KeyPurpose::Codes)];
    setting.store.add_missing_keys(&plain).await.unwrap();
    let sealed = |secret: u8| plain.clone().map(|key| StoredKey { secret: vec![secret; 70], is_sealed: true, ..key });
    setting.store.seal_keys(&sealed(1)[..1]).await.unwrap();
    setting.store.seal_keys(&sealed(2)).await.unwrap();
    assert_eq!(stored(&setting).await, [sealed(1)[0].clone(), sealed(2)[1].clone()]);
    setting.store.seal_keys(&[]).await.unwrap();
}

async fn a_rotation_is_recorded_with_it(ground: Ground) {
    let setting = ground.setting();
    let first = key(&setting, "a", KeyPurpose::AccessToken);
    rotate(&setting, &first, TimeDelta::minutes(1)).await.unwrap();
    assert!(rotate(&setting, &first, TimeDelta::minutes(1)).await.is_err());
    assert_eq!(ground.count("audit_events").await, 1);
}
