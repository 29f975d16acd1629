//! A person's card.

use serde_json::json;

use crate::office::{ADMIN, MANAGER, Office, at_both_widths, in_a_browser, in_a_browser_on_postgres, sign_in};
use crate::tab::Device;

in_a_browser!(
    a_field_is_changed_in_place_and_undone,
    two_people_who_edit_the_same_field_choose,
    what_was_typed_outlives_a_session_that_was_ended_elsewhere,
);
at_both_widths!(an_admin_deactivates_and_erases, what_happened_is_told_in_words,);
in_a_browser_on_postgres!(what_happened_is_told_in_words, a_field_is_changed_in_place_and_undone);

async fn a_field_is_changed_in_place_and_undone(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    let id = staff.admin.enter_customer("Bo Ek", "+998901234567", &staff.manager.id).await;
    let everybody = [ADMIN, MANAGER].into_iter().flat_map(|email| Device::BOTH.map(|device| (email, device)));
    for (email, device) in everybody {
        let tab = office.signed_in(email, device).await;
        tab.go(&format!("people/{id}")).await;
        tab.press("Edit: Name").await;
        tab.fill("Name", "Bo Ekman").await;
        tab.press("Save").await;
        tab.sees("Saved.").await;
        assert_eq!(staff.admin.get(&format!("/users/{id}")).await["display_name"], "Bo Ekman");
        tab.press("Undo").await;
        tab.sees("Undone.").await;
        assert_eq!(staff.admin.get(&format!("/users/{id}")).await["display_name"], "Bo Ek");
    }
}

async fn two_people_who_edit_the_same_field_choose(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    let id = staff.admin.enter_customer("Bo Ek", "+998901234567", &staff.manager.id).await;
    let path = format!("/users/{id}");
    office.expect_refusal(412, &path);
    let (one, two) = (office.signed_in(ADMIN, Device::Desk).await, office.signed_in(MANAGER, Device::Phone).await);
    for tab in [&one, &two] {
        tab.go(&format!("people/{id}")).await;
        tab.press("Edit: Name").await;
    }
    one.fill("Name", "Bo of the admin").await;
    one.press("Save").await;
    one.sees("Saved.").await;
    two.fill("Name", "Bo of the manager").await;
    two.press("Save").await;
    two.sees("Somebody else was faster").await;
    two.sees("Bo of the admin").await;
    two.sees("Bo of the manager").await;
    two.is_accessible("a conflict").await;
    two.press("Yours").await;
    two.press("Save my choice").await;
    two.sees("Saved.").await;
    assert_eq!(staff.admin.get(&path).await["display_name"], "Bo of the manager");
}

async fn what_was_typed_outlives_a_session_that_was_ended_elsewhere(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    let id = staff.admin.enter_customer("Bo Ek", "+998901234567", &staff.manager.id).await;
    for path in [format!("/users/{id}"), "/auth/refresh".to_owned()] {
        office.expect_refusal(401, &path);
    }
    let tab = office.signed_in(MANAGER, Device::Phone).await;
    tab.go(&format!("people/{id}")).await;
    tab.press("Edit: Name").await;
    tab.fill("Name", "Bo Ekman").await;
    staff.admin.delete(&format!("/users/{}/sessions", staff.manager.id)).await;
    tab.press("Save").await;
    tab.sees("Your session has ended.").await;
    sign_in(&tab, MANAGER).await;
    tab.sees("What you typed before is still here.").await;
    assert_eq!(tab.value("Name").await, "Bo Ekman");
    tab.press("Save").await;
    tab.sees("Saved.").await;
    assert_eq!(staff.admin.get(&format!("/users/{id}")).await["display_name"], "Bo Ekman");
}

async fn an_admin_deactivates_and_erases(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    let id = staff.admin.enter_customer("Bo Ek", "+998901234567", &staff.manager.id).await;
    let tab = office.signed_in(ADMIN, office.device).await;
    tab.go(&format!("people/{id}?tab=account")).await;
    tab.press("Deactivate").await;
    tab.sees("Deactivate Bo Ek?").await;
    tab.is_accessible("a question").await;
    tab.press("Deactivate").await;
    tab.sees("Bo Ek is inactive.").await;
    tab.press("Erase this person…").await;
    tab.sees("What goes").await;
    tab.is_accessible("an erasure").await;
    tab.fill("To confirm, type the last four digits", "4567").await;
    tab.press("Erase for good").await;
    tab.sees("Bo Ek is erased.").await;
    assert_eq!(staff.admin.get("/users/?role=customer").await["items"], json!([]));
}

async fn what_happened_is_told_in_words(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    let id = staff.admin.enter_customer("Bo Ek", "+998901234567", &staff.manager.id).await;
    staff.manager.patch(&format!("/users/{id}"), json!({ "phone": "+998907654321" })).await;
    let tab = office.signed_in(ADMIN, office.device).await;
    tab.go(&format!("people/{id}?tab=activity")).await;
    tab.sees("Mia Moss changed the phone").await;
    tab.sees("+998 90 765 43 21").await;
}
