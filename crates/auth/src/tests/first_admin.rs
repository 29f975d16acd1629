use domain::Role;
use secrecy::ExposeSecret;

use super::*;

fn form(token: &str, address: &str) -> FirstAdminSignUp {
    FirstAdminSignUp { setup_token: token.into(), staff: staff_form(address) }
}

#[tokio::test]
async fn the_printed_token_makes_one_admin() {
    let world = World::new().await;
    let token = world.auth.admins.make_setup_token().await.unwrap().unwrap();
    let copied = format!(" {} ", token.expose_secret().to_uppercase());
    let answer = world.auth.admins.sign_up_first(&anyone(), form(&copied, "root@example.com")).await.unwrap();
    let signed_in = signed_in(answer);
    assert_eq!(signed_in.user.role(), Role::Admin);
    assert!(world.is_alive(&signed_in).await);
    assert_eq!(world.history(), ["user.created", "session.started"]);
    let again = world.auth.admins.sign_up_first(&anyone(), form(token.expose_secret(), "two@example.com")).await;
    assert!(matches!(again, Err(AuthError::SetupTokenRefused)));
    assert!(world.auth.admins.make_setup_token().await.unwrap().is_none());
}

#[tokio::test]
async fn a_guess_makes_none() {
    let world = World::new().await;
    world.auth.admins.make_setup_token().await.unwrap().unwrap();
    for guess in ["", "0", "00000000-00000000-00000000-00000000-00000000"] {
        let refused = world.auth.admins.sign_up_first(&anyone(), form(guess, "root@example.com")).await;
        assert!(matches!(refused, Err(AuthError::SetupTokenRefused)));
    }
    assert!(world.store.users().is_empty());
    assert_eq!(world.hasher.stats().computed, 0, "and costs no hash");
}

#[tokio::test]
async fn every_instance_prints_a_token_of_its_own() {
    let world = World::new().await;
    let one = world.auth.admins.make_setup_token().await.unwrap().unwrap();
    let two = world.auth.admins.make_setup_token().await.unwrap().unwrap();
    assert_ne!(one.expose_secret(), two.expose_secret());
    assert_eq!(one.expose_secret().len(), 44);
    assert!(world.auth.admins.sign_up_first(&anyone(), form(one.expose_secret(), "root@example.com")).await.is_ok());
}

#[tokio::test]
async fn the_settings_make_an_admin_once() {
    let world = World::new().await;
    let address = email("root@example.com");
    assert!(world.auth.admins.create_first_from_settings(address.clone(), &password(PASSWORD)).await.unwrap());
    assert!(!world.auth.admins.create_first_from_settings(address, &password(OTHER_PASSWORD)).await.unwrap());
    assert_eq!(world.store.events()[0].actor_role, "system");
    assert_eq!(world.sign_in("root@example.com").await.user.role(), Role::Admin);
}

#[tokio::test]
async fn the_settings_make_no_weak_admin() {
    let world = World::new().await;
    let weak = world.auth.admins.create_first_from_settings(email("root@example.com"), &password("password1234")).await;
    assert!(matches!(weak, Err(AuthError::Invalid(_))));
}
