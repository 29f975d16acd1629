use domain::store::{PasswordStore, SessionStore};
use domain::testing;
use domain::{Accounts, Error, NewStaff, PasswordHash, Profile, Role, StaffRole, VerificationMethod};

use super::*;

async fn reset(world: &World, sent: &CodeSent, code: &str, new: &str) -> Result<(), AuthError> {
    world.auth.passwords.reset(&anyone(), sent.challenge_id, code, &password(new)).await
}

async fn is_password(world: &World, address: &str, text: &str) -> bool {
    world.auth.sign_in.by_password(&anyone(), &email(address), &password(text)).await.is_ok()
}

fn refused_as(answer: Result<(), AuthError>) -> (&'static str, &'static str) {
    match answer {
        Err(AuthError::Invalid(refusals)) => (refusals[0].field, refusals[0].error.code),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_code_and_every_session_ends() {
    let world = World::new().await;
    world.manager("ann@example.com").await;
    let signed_in = world.sign_in("ann@example.com").await;
    let sent = world.auth.passwords.forgot(&anyone(), &email("ann@example.com")).await.unwrap();
    let code = world.code(&sent).await.unwrap();
    reset(&world, &sent, &code, OTHER_PASSWORD).await.unwrap();
    assert!(!world.is_alive(&signed_in).await);
    assert!(!is_password(&world, "ann@example.com", PASSWORD).await);
    assert!(is_password(&world, "ann@example.com", OTHER_PASSWORD).await);
    assert!(world.history().contains(&"password.reset"));
    let proven = world.store.users()[0].verified_at.unwrap();
    let event = world.store.events().into_iter().find(|event| event.kind == EventKind::PasswordReset).unwrap();
    let at = proven.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    assert_eq!(event.changes["verified_at"].to, at);
    // A second one proves nothing new.
    let sent = world.auth.passwords.forgot(&anyone(), &email("ann@example.com")).await.unwrap();
    let code = world.code(&sent).await.unwrap();
    reset(&world, &sent, &code, PASSWORD).await.unwrap();
    assert!(
        world
            .store
            .events()
            .iter()
            .rev()
            .find(|event| event.kind == EventKind::PasswordReset)
            .unwrap()
            .changes
            .is_empty()
    );
}

#[tokio::test]
async fn nobody_learns_whether_an_account_was_there_to_be_forgotten() {
    let world = World::new().await;
    let mut by_phone = world.manager("ann@example.com").await;
    if let Profile::Manager(staff) = &mut by_phone.profile {
        staff.phone = Some(phone(PHONE));
        staff.verification_method = VerificationMethod::Whatsapp;
    }
    world.store.overwrite_user(&by_phone);
    let inactive = world.manager("gone@example.com").await;
    world.deactivate(&inactive);
    let mut answers = Vec::new();
    for (address, delivered) in [("ann@example.com", true), ("gone@example.com", false), ("nobody@example.com", false)]
    {
        let sent = world.auth.passwords.forgot(&anyone(), &email(address)).await.unwrap();
        assert_eq!(world.store.messages().len(), 1);
        let code = world.code(&sent).await;
        assert_eq!(code.is_some(), delivered, "{address}");
        let refused = reset(&world, &sent, wrong(code.as_deref().unwrap_or("")), OTHER_PASSWORD).await;
        answers.push((sent.channel, sent.expires_in, format!("{refused:?}")));
        assert_eq!(world.auth.passwords.forgot(&anyone(), &email(address)).await.unwrap(), sent);
    }
    assert_eq!(answers[0].0, VerificationMethod::Email);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let real = &world.sent()[0];
    assert_eq!((real.channel, real.recipient.as_str()), (VerificationMethod::Whatsapp, PHONE));
}

#[tokio::test]
async fn a_weak_password_spends_no_try() {
    let world = World::new().await;
    world.manager("ann.smithson@example.com").await;
    let sent = world.auth.passwords.forgot(&anyone(), &email("ann.smithson@example.com")).await.unwrap();
    let code = world.code(&sent).await.unwrap();
    for _ in 0..9 {
        assert_eq!(refused_as(reset(&world, &sent, &code, "short").await), ("new_password", "too_short"));
        assert_eq!(refused_as(reset(&world, &sent, &code, "password1234").await).1, "common_password");
    }
    // Whose challenge it is, only the right code is told.
    assert_eq!(refused_as(reset(&world, &sent, &code, "ann.smithson2026").await).1, "contains_email");
    let guess = reset(&world, &sent, wrong(&code), "ann.smithson2026").await;
    assert!(matches!(guess, Err(AuthError::InvalidCode { tries_left: Some(4) })));
    reset(&world, &sent, &code, OTHER_PASSWORD).await.unwrap();
}

fn new_staff(user: &User) -> NewStaff {
    NewStaff {
        role: StaffRole::Manager,
        display_name: None,
        staff: user.staff().unwrap().clone(),
        password_hash: PasswordHash::from_stored("whatever".to_owned()),
        is_active: true,
    }
}

async fn invite(world: &World, actor: &Actor, new: NewStaff) -> Result<User, AuthError> {
    let entry = Accounts::entry(actor, Role::Manager)?;
    world.auth.invitations.invite(actor, new, entry).await
}

#[tokio::test]
async fn an_invitation_is_finished_by_setting_a_password() {
    let world = World::new().await;
    let admin = testing::signed_in(&world.admin("root@example.com").await);
    let new = new_staff(&testing::manager(&world.clock, "ann@example.com"));
    let invited = invite(&world, &admin, new.clone()).await.unwrap();
    assert_eq!(world.store.password_hash(invited.id), Some(PasswordHash::unusable()));
    assert!(!is_password(&world, "ann@example.com", "whatever").await);
    let sent = world.invitation(&invited);
    assert_eq!(sent.expires_in, 72 * 3600);
    let code = world.code(&sent).await.unwrap();
    let taken = invite(&world, &admin, new).await;
    assert!(matches!(taken, Err(AuthError::Domain(Error::Taken(_)))));
    assert_eq!(world.invitation(&invited).challenge_id, sent.challenge_id, "the refused one changed nothing");
    world.clock.advance(TimeDelta::hours(71));
    reset(&world, &sent, &code, OTHER_PASSWORD).await.unwrap();
    assert!(is_password(&world, "ann@example.com", OTHER_PASSWORD).await);
}

#[tokio::test]
async fn an_invitation_that_came_too_late_is_asked_for_again() {
    let world = World::new().await;
    let admin = testing::signed_in(&world.admin("root@example.com").await);
    let new = new_staff(&testing::manager(&world.clock, "ann@example.com"));
    let invited = invite(&world, &admin, new).await.unwrap();
    let (late, late_code) = (world.invitation(&invited), world.code(&world.invitation(&invited)).await.unwrap());
    world.clock.advance(TimeDelta::hours(72));
    let refused = reset(&world, &late, &late_code, OTHER_PASSWORD).await;
    assert!(matches!(refused, Err(AuthError::InvalidCode { .. })));
    let sent = world.auth.passwords.forgot(&anyone(), &email("ann@example.com")).await.unwrap();
    let code = world.code(&sent).await.unwrap();
    reset(&world, &sent, &code, OTHER_PASSWORD).await.unwrap();
    assert!(is_password(&world, "ann@example.com", OTHER_PASSWORD).await);
}

#[tokio::test]
async fn only_those_who_may_enter_staff_may_invite_them() {
    let world = World::new().await;
    let manager = world.manager("ann@example.com").await;
    let customer = world.customer(PHONE).await;
    for actor in [&manager, &customer] {
        let new = new_staff(&testing::manager(&world.clock, "bob@example.com"));
        let refused = invite(&world, &testing::signed_in(actor), new).await;
        assert!(matches!(refused, Err(AuthError::Domain(Error::Forbidden | Error::ForbiddenFields(_)))));
    }
    assert!(world.store.messages().is_empty());
}

#[tokio::test]
async fn a_password_that_is_refused_after_the_code_spends_no_try() {
    let world = World::new().await;
    world.manager("ann.smithson@example.com").await;
    let sent = world.auth.passwords.forgot(&anyone(), &email("ann.smithson@example.com")).await.unwrap();
    let code = world.code(&sent).await.unwrap();
    for _ in 0..9 {
        assert_eq!(refused_as(reset(&world, &sent, &code, "ann.smithson2026").await).1, "contains_email");
    }
    reset(&world, &sent, &code, OTHER_PASSWORD).await.unwrap();
}

#[tokio::test]
async fn what_was_asked_for_with_the_old_password_ends_with_it() {
    let world = World::with(settings(|settings| settings.second_factor = SecondFactor::Required)).await;
    let user = world.manager("ann@example.com").await;
    let address = email("ann@example.com");
    let factor = world.auth.sign_in.by_password(&anyone(), &address, &password(PASSWORD)).await.unwrap();
    let factor = code_sent(factor);
    let forgot = world.auth.passwords.forgot(&anyone(), &address).await.unwrap();
    let factor_code = world.code(&factor).await.unwrap();
    world.clock.advance(TimeDelta::seconds(60));
    let forgot_code = world.code(&forgot).await.unwrap();
    let started = testing::event(&world.clock, EventKind::SessionStarted, Some(user.id));
    let session = testing::session(&world.clock, user.id);
    world.store.start_session(&session, &started).await.unwrap();
    let caller = Caller { actor: Actor::signed_in(&user, session.id, Origin::default()), user: user.into() };
    world.auth.passwords.change(&caller, change(PASSWORD, OTHER_PASSWORD)).await.unwrap();
    let refused = world.auth.codes.verify(&anyone(), factor.challenge_id, &factor_code).await;
    assert!(matches!(refused, Err(AuthError::InvalidCode { tries_left: None })));
    let refused = reset(&world, &forgot, &forgot_code, "a third fine passphrase").await;
    assert!(matches!(refused, Err(AuthError::InvalidCode { tries_left: None })));
    assert!(world.store.messages().is_empty());
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions() {
    let world = World::new().await;
    world.manager("ann@example.com").await;
    let (here, there) = (world.sign_in("ann@example.com").await, world.sign_in("ann@example.com").await);
    let caller = world.caller(&here).await;
    world.auth.passwords.change(&caller, change(PASSWORD, OTHER_PASSWORD)).await.unwrap();
    assert!(world.is_alive(&here).await && !world.is_alive(&there).await);
    assert!(is_password(&world, "ann@example.com", OTHER_PASSWORD).await);
    assert!(world.history().contains(&"password.changed"));
}

#[tokio::test]
async fn a_password_is_changed_by_whoever_knows_it_only() {
    let world = World::new().await;
    world.manager("ann@example.com").await;
    let caller = world.caller(&world.sign_in("ann@example.com").await).await;
    let wrong = world.auth.passwords.change(&caller, change("wrong", OTHER_PASSWORD)).await;
    assert!(matches!(wrong, Err(AuthError::InvalidCredentials)));
    assert_eq!(world.history().last(), Some(&"signin.failed"));
    let weak = world.auth.passwords.change(&caller, change(PASSWORD, "aaaaaaaaaaaa")).await;
    assert_eq!(refused_as(weak), ("new_password", "common_password"));
    assert!(is_password(&world, "ann@example.com", PASSWORD).await);
}

#[tokio::test]
async fn a_hash_renewed_meanwhile_does_not_stop_a_change() {
    let world = World::new().await;
    let manager = world.manager("ann@example.com").await;
    let caller = world.caller(&world.sign_in("ann@example.com").await).await;
    let (store, hasher) = (world.store.clone(), world.hasher.clone());
    let renewed = std::sync::atomic::AtomicBool::new(false);
    let renewed = Arc::new(renewed);
    let auth = world.hooked(hook(move |method| {
        let (store, hasher, renewed) = (store.clone(), hasher.clone(), Arc::clone(&renewed));
        async move {
            if method == "change_password" && !renewed.swap(true, std::sync::atomic::Ordering::Relaxed) {
                let old = store.password_hash(manager.id).unwrap();
                let new = hashed(&hasher, PASSWORD).await;
                store.renew_password_hash(manager.id, &old, &new).await.unwrap();
            }
            Ok(())
        }
    }));
    auth.passwords.change(&caller, change(PASSWORD, OTHER_PASSWORD)).await.unwrap();
    assert!(is_password(&world, "ann@example.com", OTHER_PASSWORD).await);
}

#[tokio::test]
async fn customers_have_no_password_to_change() {
    let world = World::new().await;
    let sent = world.auth.sign_up.customer(&anyone(), phone(PHONE), None).await.unwrap();
    let code = world.code(&sent).await.unwrap();
    let signed_in = signed_in(world.auth.codes.verify(&anyone(), sent.challenge_id, &code).await.unwrap());
    let caller = world.caller(&signed_in).await;
    let refused = world.auth.passwords.change(&caller, change(PASSWORD, OTHER_PASSWORD)).await;
    assert!(matches!(refused, Err(AuthError::Domain(Error::Forbidden))));
}

#[tokio::test]
async fn a_password_for_a_new_account_is_checked_and_hashed() {
    let world = World::new().await;
    let address = email("ann.smithson@example.com");
    let hash = world.auth.passwords.hash_new(&anyone(), "password", &password(PASSWORD), Some(&address)).await.unwrap();
    assert!(hash.expose().starts_with("$2b$04$"));
    let weak = world.auth.passwords.hash_new(&anyone(), "password", &password("ann.smithson1"), Some(&address)).await;
    assert!(matches!(weak, Err(AuthError::Invalid(refusals)) if refusals[0].error.code == "contains_email"));
}
