//! What an admin does at a desk beside people: leavers, approvals, keys, and everybody's own page.

use reqwest::Client;
use serde_json::json;

use crate::office::{ADMIN, MANAGER, Office, at_both_widths, in_a_browser, in_a_browser_on_postgres};
use crate::process::PASSWORD;
use crate::tab::Device;

in_a_browser!(a_new_password_ends_the_other_sessions,);
at_both_widths!(
    a_leaver_hands_over_and_is_deactivated,
    some_customers_are_handed_over,
    who_waits_is_approved_or_refused,
    a_key_is_shown_once_and_revoked,
    somebody_changes_their_own_name,
);
in_a_browser_on_postgres!(who_waits_is_approved_or_refused, a_key_is_shown_once_and_revoked);

async fn a_leaver_hands_over_and_is_deactivated(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    staff.admin.hire("noa@example.com", "Noa").await;
    let id = staff.admin.enter_customer("Bo Ek", "+998901234567", &staff.manager.id).await;
    let tab = office.signed_in(ADMIN, office.device).await;
    tab.go(&format!("leaver/{}", staff.manager.id)).await;
    tab.sees("Looks after 1 customer").await;
    tab.press("Share evenly").await;
    tab.press("Noa").await;
    tab.press("Show the preview").await;
    tab.press("Hand over 1 customer and deactivate").await;
    tab.sees("Done: 1 customer of Mia Moss handed over.").await;
    let customer = staff.admin.get(&format!("/users/{id}")).await;
    assert_ne!(customer["assigned_manager_id"], json!(staff.manager.id));
    assert_eq!(staff.admin.get(&format!("/users/{}", staff.manager.id)).await["is_active"], false);
}

async fn some_customers_are_handed_over(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    let noa = staff.admin.hire("noa@example.com", "Noa").await;
    let mut ids = Vec::new();
    for (name, phone) in [("Bo Ek", "+998901234567"), ("Cy Day", "+998901234568"), ("Di Fox", "+998901234569")] {
        ids.push(staff.admin.enter_customer(name, phone, &staff.manager.id).await);
    }
    let tab = office.signed_in(ADMIN, office.device).await;
    tab.go(&format!("people?assigned_manager_id={}", staff.manager.id)).await;
    tab.press("Hand over").await;
    tab.press("Only some").await;
    tab.sees("Choose at least one customer.").await;
    tab.fill("Search by name or phone", "di").await;
    tab.press("Di Fox").await;
    tab.press("All to one").await;
    tab.press("Noa").await;
    tab.press("Show the preview").await;
    tab.press("Hand over 1 customer").await;
    tab.sees("Done: 1 customer of Mia Moss handed over.").await;
    for (at, manager) in [&staff.manager.id, &staff.manager.id, &noa].into_iter().enumerate() {
        let customer = staff.admin.get(&format!("/users/{}", ids[at])).await;
        assert_eq!(customer["assigned_manager_id"], json!(manager), "{at}");
    }
    assert_eq!(staff.admin.get(&format!("/users/{}", staff.manager.id)).await["is_active"], true);
}

async fn who_waits_is_approved_or_refused(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    for email in ["one@example.com", "two@example.com"] {
        let body = json!({ "email": email, "password": PASSWORD, "display_name": email.split('@').next() });
        let answer = Client::new().post(office.app().url("/auth/signup")).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 202);
    }
    let tab = office.signed_in(ADMIN, office.device).await;
    tab.go("approvals").await;
    tab.sees("two@example.com").await;
    tab.is_accessible("approvals").await;
    tab.press("Approve").await;
    tab.sees("is approved and can sign in.").await;
    tab.press("Refuse").await;
    tab.sees("Refuse this sign-up?").await;
    tab.press("Refuse").await;
    tab.sees("Nobody waits.").await;
    assert_eq!(staff.admin.get("/users/?role=manager&is_active=true").await["items"].as_array().unwrap().len(), 2);
}

async fn a_key_is_shown_once_and_revoked(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    let tab = office.signed_in(MANAGER, office.device).await;
    tab.go("keys").await;
    tab.press("Make a key").await;
    tab.fill("Name", "nightly report").await;
    tab.press("List looked-after customers").await;
    tab.is_accessible("a new key").await;
    tab.press("Make the key").await;
    tab.until("document.querySelector('.the-key')?.value.startsWith('clk_')").await;
    tab.press("I have it").await;
    tab.until("!document.querySelector('.the-key')").await;
    tab.sees("nightly report").await;
    assert_eq!(staff.manager.get("/auth/keys").await["items"][0]["name"], "nightly report");
    tab.press("Revoke nightly report").await;
    tab.press("Revoke").await;
    tab.sees("nightly report is revoked.").await;
    assert_eq!(staff.manager.get("/auth/keys").await["items"], json!([]));
}

async fn a_new_password_ends_the_other_sessions(office: &mut Office) {
    office.start_with_staff(&[]).await;
    office.expect_refusal(401, "/users/me");
    office.expect_refusal(401, "/auth/refresh");
    office.expect_refusal(401, "/users/managed-customers/");
    let (one, two) = (office.signed_in(MANAGER, Device::Phone).await, office.signed_in(MANAGER, Device::Desk).await);
    one.go("me").await;
    one.fill("Current password", PASSWORD).await;
    one.fill("New password", "another good sentence").await;
    one.press("Change the password").await;
    one.sees("Your password is changed.").await;
    two.reload().await;
    two.until("document.querySelector('.gate form')").await;
    one.reload().await;
    one.until("document.querySelector('.who')").await;
}

async fn somebody_changes_their_own_name(office: &mut Office) {
    office.start_with_staff(&[]).await;
    let tab = office.signed_in(MANAGER, office.device).await;
    tab.go("me").await;
    tab.press("Edit: Name").await;
    tab.fill("Name", "Mia Moss-Berg").await;
    tab.press("Save").await;
    tab.until("document.querySelector('.who-name').textContent === 'Mia Moss-Berg'").await;
}
