use std::num::NonZeroUsize;

use domain::store::{Erasure, ErasureStore, PasswordStore, UserStore};
use domain::testing;
use domain::{Authority, PasswordHash, Profile, VerificationMethod};

use super::*;

async fn attempt(world: &World, address: &str, text: &str) -> Result<Answer, AuthError> {
    world.auth.sign_in.by_password(&anyone(), &email(address), &password(text)).await
}

#[tokio::test]
async fn the_right_password_signs_in() {
    let world = World::new().await;
    let manager = world.manager("ann@example.com").await;
    let signed_in = world.sign_in("ann@example.com").await;
    assert_eq!(signed_in.user.id, manager.id);
    assert_eq!(world.caller(&signed_in).await.user.id, manager.id);
    let event = world.store.events().pop().unwrap();
    assert_eq!((event.kind, event.actor_id), (EventKind::SessionStarted, Some(manager.id)));
}

#[tokio::test]
async fn nobody_learns_which_of_the_two_was_wrong() {
    let world = World::new().await;
    let manager = world.manager("ann@example.com").await;
    for (address, subject) in [("ann@example.com", Some(manager.id)), ("nobody@example.com", None)] {
        let before = world.hasher.stats().computed;
        let refused = attempt(&world, address, "not the password").await;
        assert!(matches!(refused, Err(AuthError::InvalidCredentials)));
        assert_eq!(world.hasher.stats().computed - before, 1);
        let event = world.store.events().pop().unwrap();
        assert_eq!((event.kind, event.subject_id), (EventKind::SigninFailed, subject));
    }
}

#[tokio::test]
async fn only_the_right_password_learns_that_the_account_is_inactive() {
    let world = World::new().await;
    let manager = world.manager("ann@example.com").await;
    world.deactivate(&manager);
    assert!(matches!(attempt(&world, "ann@example.com", PASSWORD).await, Err(AuthError::AccountInactive)));
    assert!(matches!(attempt(&world, "ann@example.com", "wrong").await, Err(AuthError::InvalidCredentials)));
}

#[tokio::test]
async fn the_invited_have_no_password_to_guess() {
    let world = World::new().await;
    let user = testing::manager(&world.clock, "ann@example.com");
    let account = domain::store::Account::new(user, PasswordHash::unusable());
    let event = testing::event(&world.clock, EventKind::UserCreated, None);
    world.store.create_account(&Authority::Unconditional, &account, &[event]).await.unwrap();
    assert!(matches!(attempt(&world, "ann@example.com", "!").await, Err(AuthError::InvalidCredentials)));
}

#[tokio::test]
async fn a_cheap_hash_is_renewed_and_stays_right() {
    let world = World::new().await;
    let manager = world.manager("ann@example.com").await;
    let old = world.store.password_hash(manager.id).unwrap();
    let dear = PasswordHasher::new(5, NonZeroUsize::MIN, crate::BcryptEngine::default()).unwrap();
    let env = Env { hasher: dear, ..world.env() };
    let auth = Services::new(&Arc::new(world.store.clone()), env);
    for _ in 0..2 {
        let signed_in = auth.sign_in.by_password(&anyone(), &email("ann@example.com"), &password(PASSWORD)).await;
        assert!(matches!(signed_in, Ok(Answer::SignedIn(_))));
    }
    let new = world.store.password_hash(manager.id).unwrap();
    assert_ne!(new, old);
    assert!(new.expose().starts_with("$2b$05$"));
}

#[tokio::test]
async fn a_password_changed_meanwhile_lets_nobody_in_by_the_old_one() {
    let world = World::new().await;
    let manager = world.manager("ann@example.com").await;
    let old = world.store.password_hash(manager.id).unwrap();
    let new = hashed(&world.hasher, OTHER_PASSWORD).await;
    let event = testing::event(&world.clock, EventKind::PasswordChanged, Some(manager.id));
    let store = world.store.clone();
    let auth = world.hooked(hook(move |method| {
        let (store, old, new, event) = (store.clone(), old.clone(), new.clone(), event.clone());
        async move {
            if method == "start_session" {
                store.change_password(&Authority::Unconditional, manager.id, &old, &new, None, &event).await.unwrap();
            }
            Ok(())
        }
    }));
    let refused = auth.sign_in.by_password(&anyone(), &email("ann@example.com"), &password(PASSWORD)).await;
    assert!(matches!(refused, Err(AuthError::InvalidCredentials)));
    assert!(world.store.sessions().is_empty());
}

#[tokio::test]
async fn whoever_is_deactivated_or_erased_meanwhile_is_not_signed_in() {
    for is_erased in [false, true] {
        let world = World::new().await;
        let (manager, admin) = (world.manager("ann@example.com").await, world.admin("admin@example.com").await);
        let (store, event) = (world.store.clone(), testing::event(&world.clock, EventKind::UserErased, None));
        let erasure = Erasure { user: manager.clone(), is_of_version: true, heir: Some(admin.id), event };
        let auth = world.hooked(hook(move |method| {
            let (store, manager, erasure) = (store.clone(), manager.clone(), erasure.clone());
            async move {
                if method == "start_session" && is_erased {
                    store.erase_user(&Authority::Unconditional, &erasure).await.unwrap();
                } else if method == "start_session" {
                    store.overwrite_user(&User { is_active: false, ..manager });
                }
                Ok(())
            }
        }));
        let refused = auth.sign_in.by_password(&anyone(), &email("ann@example.com"), &password(PASSWORD)).await;
        let is_right = if is_erased {
            matches!(refused, Err(AuthError::InvalidCredentials))
        } else {
            matches!(refused, Err(AuthError::AccountInactive))
        };
        assert!(is_right, "{refused:?}");
        assert!(world.store.sessions().is_empty());
        assert_eq!(world.history().last(), Some(&"signin.failed"));
    }
}

#[tokio::test]
async fn the_second_factor_goes_over_the_own_method() {
    let world = World::with(settings(|settings| settings.second_factor = SecondFactor::Required)).await;
    let mut manager = world.manager("ann@example.com").await;
    if let Profile::Manager(staff) = &mut manager.profile {
        staff.phone = Some(phone(PHONE));
        staff.verification_method = VerificationMethod::Phone;
    }
    world.store.overwrite_user(&manager);
    let sent = code_sent(attempt(&world, "ann@example.com", PASSWORD).await.unwrap());
    assert_eq!(sent.channel, VerificationMethod::Phone);
    let code = world.code(&sent).await.unwrap();
    assert_eq!(world.sent()[0].recipient, PHONE);
    assert!(world.store.sessions().is_empty());
    let signed_in = signed_in(world.auth.codes.verify(&anyone(), sent.challenge_id, &code).await.unwrap());
    assert_eq!(signed_in.user.verified_at, Some(world.clock.now()));
    assert!(world.is_alive(&signed_in).await);
}

#[tokio::test]
async fn known_and_unknown_phones_look_alike() {
    let world = World::new().await;
    let mut manager = world.manager("ann@example.com").await;
    if let Profile::Manager(staff) = &mut manager.profile {
        staff.phone = Some(phone("+998901234568"));
    }
    world.store.overwrite_user(&manager);
    world.customer(PHONE).await;
    let mut answers = Vec::new();
    for (number, delivered) in [(PHONE, true), ("+998901234568", false), ("+998901234569", false)] {
        let sent = world.auth.sign_in.by_phone(&anyone(), &phone(number)).await.unwrap();
        assert_eq!(world.store.messages().len(), 1);
        let code = world.code(&sent).await;
        assert_eq!(code.is_some(), delivered, "{number}");
        let refused = world.auth.codes.verify(&anyone(), sent.challenge_id, wrong(code.as_deref().unwrap_or(""))).await;
        answers.push((sent.channel, sent.expires_in, format!("{refused:?}")));
        let again = world.auth.sign_in.by_phone(&anyone(), &phone(number)).await.unwrap();
        assert_eq!(again, sent);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(world.store.challenges().len(), 3);
}

#[tokio::test]
async fn a_customer_signs_in_by_phone() {
    let world = World::new().await;
    let customer = world.customer(PHONE).await;
    let sent = world.auth.sign_in.by_phone(&anyone(), &phone(PHONE)).await.unwrap();
    let code = world.code(&sent).await.unwrap();
    let signed_in = signed_in(world.auth.codes.verify(&anyone(), sent.challenge_id, &code).await.unwrap());
    assert_eq!(world.caller(&signed_in).await.user.id, customer.id);
}

#[tokio::test]
async fn a_password_changed_meanwhile_gets_no_second_factor() {
    let world = World::with(settings(|settings| settings.second_factor = SecondFactor::Required)).await;
    let user = world.manager("ann@example.com").await;
    let (old, new) = (world.store.password_hash(user.id).unwrap(), hashed(&world.hasher, OTHER_PASSWORD).await);
    let before = world.hasher.stats().computed;
    let (who, email, password) = (anyone(), email("ann@example.com"), password(PASSWORD));
    let mut attempt = Box::pin(world.auth.sign_in.by_password(&who, &email, &password));
    // It reads the old hash and has it checked. Nobody asks it for more until the password is another one.
    tokio::select! {
        biased;
        _ = &mut attempt => panic!("it waits for the hash"),
        () = std::future::ready(()) => {}
    }
    while world.hasher.stats().computed == before {
        tokio::task::yield_now().await;
    }
    world.store.renew_password_hash(user.id, &old, &new).await.unwrap();
    assert!(matches!(attempt.await, Err(AuthError::InvalidCredentials)));
    assert!(world.store.challenges().iter().all(|challenge| challenge.used_at.is_some()), "none is left open");
}
