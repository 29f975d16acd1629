use domain::{Error, Field, Role, VerificationMethod};

use super::*;

fn staff_policy(staff: StaffSignup, verify_staff: bool) -> Settings {
    settings(|settings| settings.signup = SignupPolicy { staff, verify_staff, ..SignupPolicy::default() })
}

fn is_approval(answer: &Result<Answer, AuthError>) -> bool {
    matches!(answer, Ok(Answer::ApprovalRequired))
}

#[tokio::test]
async fn staff_wait_for_an_admin_by_default() {
    let world = World::new().await;
    assert!(is_approval(&world.auth.sign_up.staff(&anyone(), staff_form("ann@example.com")).await));
    let user = &world.store.users()[0];
    assert_eq!((user.role(), user.is_active, user.verified_at), (Role::Manager, false, None));
    assert_eq!(world.history(), ["user.created", "signup.requested"]);
    assert!(world.store.sessions().is_empty());
    let refused = world.auth.sign_in.by_password(&anyone(), &email("ann@example.com"), &password(PASSWORD)).await;
    assert!(matches!(refused, Err(AuthError::AccountInactive)));
}

#[tokio::test]
async fn a_taken_email_gets_the_same_answer_for_the_same_work() {
    let world = World::new().await;
    let mut work = Vec::new();
    for _ in 0..2 {
        let before = (world.hasher.stats().computed, world.store.events().len());
        assert!(is_approval(&world.auth.sign_up.staff(&anyone(), staff_form("ann@example.com")).await));
        work.push(world.hasher.stats().computed - before.0);
    }
    assert_eq!(work, [1, 1]);
    assert_eq!(world.store.users().len(), 1);
    assert_eq!(world.history(), ["user.created", "signup.requested", "signup.requested"]);
}

#[tokio::test]
async fn the_open_policy_lets_staff_in_and_says_what_is_taken() {
    let world = World::with(staff_policy(StaffSignup::Open, false)).await;
    let signed_in = signed_in(world.auth.sign_up.staff(&anyone(), staff_form("ann@example.com")).await.unwrap());
    assert_eq!((signed_in.expires_in, signed_in.refresh_expires_in), (900, 30 * 24 * 3600));
    assert!(world.is_alive(&signed_in).await);
    assert_eq!(world.history(), ["user.created", "session.started"]);
    let again = world.auth.sign_up.staff(&anyone(), staff_form("Ann@Example.com")).await;
    assert!(matches!(again, Err(AuthError::Domain(Error::Taken(Field::Email)))));
}

#[tokio::test]
async fn the_closed_policy_costs_nothing() {
    let world = World::with(staff_policy(StaffSignup::Closed, false)).await;
    let refused = world.auth.sign_up.staff(&anyone(), staff_form("ann@example.com")).await;
    assert!(matches!(refused, Err(AuthError::SignupClosed)));
    assert_eq!(world.hasher.stats().computed, 0);
}

#[tokio::test]
async fn every_bad_field_is_named_before_any_hashing() {
    let world = World::new().await;
    let mut form = staff_form("ann@example.com");
    form.password = password("password1234");
    form.staff.verification_method = VerificationMethod::Whatsapp;
    let Err(AuthError::Invalid(refusals)) = world.auth.sign_up.staff(&anyone(), form).await else { panic!() };
    let named: Vec<_> = refusals.iter().map(|refusal| (refusal.field, refusal.error.code)).collect();
    assert_eq!(named, [("password", "common_password"), ("phone", "required")]);
    assert_eq!(world.hasher.stats().computed, 0);
}

#[tokio::test]
async fn a_verified_staff_sign_up_is_finished_by_its_code() {
    for (policy, is_active) in [(StaffSignup::Open, true), (StaffSignup::Approval, false)] {
        let world = World::with(staff_policy(policy, true)).await;
        let mut form = staff_form("ann@example.com");
        form.staff.phone = Some(phone(PHONE));
        form.staff.verification_method = VerificationMethod::Whatsapp;
        let sent = code_sent(world.auth.sign_up.staff(&anyone(), form).await.unwrap());
        assert_eq!(
            (sent.channel, sent.expires_in),
            (VerificationMethod::Email, 300),
            "it is the e-mail that is proven"
        );
        assert!(world.store.users().is_empty());
        let code = world.code(&sent).await.unwrap();
        assert_eq!(world.sent()[0].recipient, "ann@example.com");
        let answer = world.auth.codes.verify(&anyone(), sent.challenge_id, &code).await.unwrap();
        assert_eq!(matches!(answer, Answer::SignedIn(_)), is_active);
        let user = &world.store.users()[0];
        assert_eq!((user.is_active, user.verified_at), (is_active, Some(world.clock.now())));
    }
}

#[tokio::test]
async fn a_verified_sign_up_with_a_taken_email_is_a_decoy() {
    let world = World::with(staff_policy(StaffSignup::Open, true)).await;
    world.manager("taken@example.com").await;
    let mut work = Vec::new();
    let mut answers = Vec::new();
    for address in ["taken@example.com", "free@example.com"] {
        let before = world.hasher.stats().computed;
        let sent = code_sent(world.auth.sign_up.staff(&anyone(), staff_form(address)).await.unwrap());
        work.push(world.hasher.stats().computed - before);
        let delivered = world.code(&sent).await;
        let wrong =
            world.auth.codes.verify(&anyone(), sent.challenge_id, wrong(delivered.as_deref().unwrap_or(""))).await;
        answers.push((sent.channel, sent.expires_in, format!("{wrong:?}")));
        assert_eq!(delivered.is_some(), address == "free@example.com");
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(work, [1, 1]);
    assert_eq!(world.store.challenges().len(), 2);
    assert!(world.store.challenges().iter().all(|challenge| challenge.pending.is_some()));
}

#[tokio::test]
async fn a_code_never_sets_the_password_of_whoever_asked_first() {
    let world = World::with(staff_policy(StaffSignup::Open, true)).await;
    let intruder = StaffSignUp { password: password(OTHER_PASSWORD), ..staff_form("ann@example.com") };
    let theirs = code_sent(world.auth.sign_up.staff(&anyone(), intruder).await.unwrap());
    let code = world.code(&theirs).await.unwrap();
    let mine = code_sent(world.auth.sign_up.staff(&anyone(), staff_form("ann@example.com")).await.unwrap());
    assert_ne!(mine.challenge_id, theirs.challenge_id);
    let refused = world.auth.codes.verify(&anyone(), mine.challenge_id, &code).await;
    assert!(matches!(refused, Err(AuthError::InvalidCode { tries_left: None })));
    // A minute later the owner gets a challenge of their own.
    world.clock.advance(TimeDelta::seconds(60));
    let mine = code_sent(world.auth.sign_up.staff(&anyone(), staff_form("ann@example.com")).await.unwrap());
    let code = world.code(&mine).await.unwrap();
    world.auth.codes.verify(&anyone(), mine.challenge_id, &code).await.unwrap();
    assert!(world.is_alive(&world.sign_in("ann@example.com").await).await);
}

#[tokio::test]
async fn the_same_sign_up_again_is_the_same_challenge() {
    let world = World::with(staff_policy(StaffSignup::Open, true)).await;
    let one = code_sent(world.auth.sign_up.staff(&anyone(), staff_form("ann@example.com")).await.unwrap());
    world.clock.advance(TimeDelta::seconds(20));
    let two = code_sent(world.auth.sign_up.staff(&anyone(), staff_form("ann@example.com")).await.unwrap());
    assert_eq!((two.challenge_id, two.expires_in), (one.challenge_id, 280));
}

#[tokio::test]
async fn an_email_taken_while_the_code_was_on_its_way_stays_a_secret() {
    for policy in [StaffSignup::Open, StaffSignup::Approval] {
        let world = World::with(staff_policy(policy, true)).await;
        let sent = code_sent(world.auth.sign_up.staff(&anyone(), staff_form("ann@example.com")).await.unwrap());
        let code = world.code(&sent).await.unwrap();
        world.manager("ann@example.com").await;
        let answer = world.auth.codes.verify(&anyone(), sent.challenge_id, &code).await;
        match policy {
            StaffSignup::Approval => assert!(is_approval(&answer)),
            _ => assert!(matches!(answer, Err(AuthError::InvalidCode { tries_left: None }))),
        }
        assert_eq!(world.store.users().len(), 1);
    }
}

#[tokio::test]
async fn a_customer_signs_up_with_a_phone_and_belongs_to_themselves() {
    let world = World::new().await;
    let name = domain::DisplayName::parse("Olim").unwrap();
    let sent = world.auth.sign_up.customer(&anyone(), phone(PHONE), Some(name.clone())).await.unwrap();
    assert_eq!((sent.channel, sent.expires_in), (VerificationMethod::Phone, 300));
    let code = world.code(&sent).await.unwrap();
    let signed_in = signed_in(world.auth.codes.verify(&anyone(), sent.challenge_id, &code).await.unwrap());
    let user = &signed_in.user;
    assert_eq!(user.customer().unwrap().created_by, user.id);
    assert_eq!((user.display_name.as_ref(), user.verified_at), (Some(&name), Some(world.clock.now())));
    assert_eq!(world.history(), ["user.created", "session.started"]);
    assert!(world.is_alive(&signed_in).await);
}

#[tokio::test]
async fn a_known_phone_signs_up_to_be_signed_in() {
    let world = World::new().await;
    let customer = world.customer(PHONE).await;
    let sent = world.auth.sign_up.customer(&anyone(), phone(PHONE), None).await.unwrap();
    let code = world.code(&sent).await.unwrap();
    let signed_in = signed_in(world.auth.codes.verify(&anyone(), sent.challenge_id, &code).await.unwrap());
    assert_eq!(signed_in.user.id, customer.id);
    assert_eq!(signed_in.user.verified_at, Some(world.clock.now()));
    assert_eq!(world.store.users().len(), 1);
}

#[tokio::test]
async fn customers_are_kept_out_alike_when_closed() {
    let world = World::with(settings(|settings| settings.signup.customers = CustomerSignup::Closed)).await;
    world.customer(PHONE).await;
    for number in [PHONE, "+998901234568"] {
        let refused = world.auth.sign_up.customer(&anyone(), phone(number), None).await;
        assert!(matches!(refused, Err(AuthError::SignupClosed)));
    }
    assert!(world.store.challenges().is_empty());
    assert!(world.auth.sign_in.by_phone(&anyone(), &phone(PHONE)).await.is_ok());
}
