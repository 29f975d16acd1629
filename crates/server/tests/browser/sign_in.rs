//! Every way in.

use serde_json::json;

use crate::office::{ADMIN, MANAGER, Office, in_a_browser, sign_in};
use crate::process::PASSWORD;
use crate::tab::Device;

in_a_browser!(
    a_wrong_password_says_so_and_keeps_the_email,
    a_customer_signs_in_by_phone,
    a_second_factor_is_a_code,
    a_forgotten_password_is_set_anew,
    somebody_invited_chooses_a_password,
    who_signs_up_waits_for_an_admin,
    whoever_tries_too_often_sees_how_long_to_wait,
);

async fn a_wrong_password_says_so_and_keeps_the_email(office: &mut Office) {
    office.start_with_staff(&[]).await;
    office.expect_refusal(401, "/auth/signin");
    let tab = office.browser(Device::Phone).await;
    tab.go("").await;
    tab.sees("Sign in").await;
    tab.is_accessible("the way in").await;
    tab.fill("E-mail", ADMIN).await;
    tab.fill("Password", "not the password").await;
    tab.press("Sign in").await;
    tab.element("[role=alert]").await;
    assert_eq!(tab.value("E-mail").await, ADMIN);
    tab.is_accessible("a refused sign-in").await;
    sign_in(&tab, ADMIN).await;
    tab.element(".who").await;
}

async fn a_customer_signs_in_by_phone(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    staff.admin.enter_customer("Bo", "+998901234567", &staff.manager.id).await;
    office.expect_refusal(401, "/auth/verify");
    let tab = office.browser(Device::Phone).await;
    tab.go("").await;
    tab.press("With phone").await;
    tab.fill("Phone", "+998 90 123 45 67").await;
    tab.press("Send me a code").await;
    tab.sees("Enter the code").await;
    tab.is_accessible("a code").await;
    let code = code_for(office, "+998901234567").await;
    tab.fill("Code", if code == "000000" { "000001" } else { "000000" }).await;
    tab.press("Continue").await;
    tab.sees("4 tries are left.").await;
    tab.fill("Code", &code).await;
    tab.press("Continue").await;
    tab.element(".who").await;
}

async fn a_second_factor_is_a_code(office: &mut Office) {
    office.start(&[
        ("CLIENTELE_AUTH__SECOND_FACTOR", "required"),
        ("CLIENTELE_ADMIN_EMAIL", ADMIN),
        ("CLIENTELE_ADMIN_PASSWORD", PASSWORD),
    ]);
    let tab = office.browser(Device::Desk).await;
    tab.go("").await;
    sign_in(&tab, ADMIN).await;
    tab.sees("Enter the code").await;
    let code = code_for(office, ADMIN).await;
    tab.fill("Code", &code).await;
    tab.press("Continue").await;
    tab.element(".who").await;
}

async fn a_forgotten_password_is_set_anew(office: &mut Office) {
    office.start_with_staff(&[]).await;
    let tab = office.browser(Device::Phone).await;
    tab.go("").await;
    tab.fill("E-mail", MANAGER).await;
    tab.press("Forgot your password?").await;
    assert_eq!(tab.value("E-mail").await, MANAGER);
    tab.is_accessible("a forgotten password").await;
    tab.press("Send me a code").await;
    tab.sees("Choose your password").await;
    tab.is_accessible("a new password").await;
    let code = code_for(office, MANAGER).await;
    tab.fill("Code", &code).await;
    tab.fill("New password", "another good sentence").await;
    tab.press("Set the password").await;
    tab.sees("Your password is set.").await;
    tab.fill("E-mail", MANAGER).await;
    tab.fill("Password", "another good sentence").await;
    tab.press("Sign in").await;
    tab.element(".who").await;
}

async fn somebody_invited_chooses_a_password(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    staff.admin.post("/users/", json!({ "role": "manager", "email": "ivo@example.com", "display_name": "Ivo" })).await;
    office.app().until_it_says("ivo@example.com").await;
    let log = office.app().stderr();
    let line = log.lines().rfind(|line| line.contains("ivo@example.com")).unwrap();
    let words: Vec<_> = line.split([' ', '.', ',', '"']).collect();
    let challenge = words.iter().find(|word| word.len() == 36 && word.matches('-').count() == 4).expect(line);
    let code = words.iter().find(|word| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit())).expect(line);
    let tab = office.browser(Device::Phone).await;
    tab.go("").await;
    tab.press("I have an invitation").await;
    tab.is_accessible("an invitation").await;
    tab.fill("Challenge", challenge).await;
    tab.fill("Code", code).await;
    tab.fill("New password", PASSWORD).await;
    tab.press("Set the password").await;
    tab.sees("Your password is set.").await;
    sign_in(&tab, "ivo@example.com").await;
    tab.element(".who").await;
}

async fn who_signs_up_waits_for_an_admin(office: &mut Office) {
    office.start_with_staff(&[]).await;
    office.expect_refusal(403, "/auth/signin");
    let tab = office.browser(Device::Phone).await;
    tab.go("").await;
    tab.press("Create an account").await;
    tab.is_accessible("a sign-up").await;
    tab.fill("E-mail", "new@example.com").await;
    tab.fill("Password", PASSWORD).await;
    tab.press("Create the account").await;
    tab.sees("An admin has to approve your account.").await;
    tab.press("Back to sign in").await;
    sign_in(&tab, "new@example.com").await;
    tab.sees("Your password is right, but your account is not active.").await;
}

async fn whoever_tries_too_often_sees_how_long_to_wait(office: &mut Office) {
    office.start_with_staff(&[]).await;
    office.expect_refusal(401, "/auth/signin");
    office.expect_refusal(429, "/auth/signin");
    let tab = office.browser(Device::Phone).await;
    tab.go("").await;
    tab.fill("E-mail", MANAGER).await;
    for _ in 0..50 {
        tab.fill("Password", "not the password").await;
        tab.press("Sign in").await;
        tab.until("document.querySelector('button[aria-busy=false][type=submit]')").await;
        // Both at once: the wait may be a second.
        let waits =
            "const [timer, button] = ['[role=timer]', 'button[type=submit]'].map((one) => document.querySelector(one));
            return timer !== null && timer.textContent.includes('Try again in') && button.ariaDisabled === 'true'";
        if tab.run(waits, json!([])).await == true {
            return;
        }
    }
    panic!("nobody slowed it down");
}

/// The code that went to this contact, as its reader would look for it in the log.
pub(crate) async fn code_for(office: &Office, contact: &str) -> String {
    let mark = format!("code for {contact}: ");
    office.app().until_it_says(&mark).await;
    let log = office.app().stderr();
    let (_, rest) = log.rsplit_once(&mark).unwrap();
    rest.chars().take_while(char::is_ascii_digit).collect()
}
