//! Audit: who did what to whom.

use serde_json::json;

use crate::office::{ADMIN, MANAGER, Office, at_both_widths, in_a_browser, in_a_browser_on_postgres};
use crate::tab::Device;

in_a_browser!(an_admin_filters_by_person_action_and_day, more_comes_as_one_scrolls,);
at_both_widths!(a_manager_reads_about_their_customers_alone,);
in_a_browser_on_postgres!(an_admin_filters_by_person_action_and_day);

async fn an_admin_filters_by_person_action_and_day(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    let id = staff.admin.enter_customer("Bo Ek", "+998901234567", &staff.manager.id).await;
    staff.manager.patch(&format!("/users/{id}"), json!({ "phone": "+998907654321" })).await;
    for device in Device::BOTH {
        let tab = office.signed_in(ADMIN, device).await;
        tab.go("audit").await;
        tab.sees("Mia Moss changed the phone of Bo Ek").await;
        tab.sees("+998 90 765 43 21").await;
        tab.press("Only this: Person changed").await;
        tab.sees_no_more("signed in").await;
        assert_eq!(tab.place().await, "audit?action=user.updated");
        tab.press("Who did it").await;
        tab.press("Mia Moss").await;
        tab.sees("Done by Mia Moss").await;
        assert_eq!(tab.place().await, format!("audit?action=user.updated&actor_id={}", staff.manager.id));
        tab.press("Without this filter: Done by Mia Moss").await;
        tab.fill("What", "File imported").await;
        tab.sees("Nothing like this has happened.").await;
        tab.back().await;
        tab.sees("Mia Moss changed the phone of Bo Ek").await;
        tab.go("audit?to=2020-01-01").await;
        tab.sees("until 2020-01-01").await;
        tab.sees("Nothing like this has happened.").await;
        tab.press("Clear all").await;
        tab.press("Bo Ek").await;
        tab.sees("Looked after by").await;
    }
}

async fn a_manager_reads_about_their_customers_alone(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    let other = staff.admin.hire("noa@example.com", "Noa").await;
    staff.admin.enter_customer("Bo Ek", "+998901234567", &staff.manager.id).await;
    staff.admin.enter_customer("Hidden", "+998901234568", &other).await;
    let tab = office.signed_in(MANAGER, office.device).await;
    tab.go("audit").await;
    tab.sees("entered Bo Ek").await;
    assert!(!tab.text().await.contains("Hidden"));
}

async fn more_comes_as_one_scrolls(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    staff.admin.import_customers(120).await;
    let tab = office.signed_in(ADMIN, Device::Phone).await;
    tab.go("audit?action=user.created").await;
    tab.until("{ scrollTo(0, document.documentElement.scrollHeight); return document.querySelectorAll('.event').length > 120 }").await;
    tab.sees("That is all.").await;
}
