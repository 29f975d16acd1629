//! People, My customers and Add.

use serde_json::json;

use crate::office::{ADMIN, MANAGER, Office, at_both_widths, in_a_browser, in_a_browser_on_postgres};
use crate::tab::Device;

in_a_browser!(
    an_admin_finds_filters_and_comes_back,
    a_manager_adds_a_customer_with_a_number_in_any_form,
    a_manager_sees_no_one_elses_customers,
    hostile_names_and_notes_run_nothing,
);
at_both_widths!(
    pages_come_as_one_scrolls,
    a_manager_finds_a_customer_and_opens_the_card,
    a_taken_number_is_told_before_saving,
);
in_a_browser_on_postgres!(
    a_manager_finds_a_customer_and_opens_the_card,
    an_admin_finds_filters_and_comes_back,
    a_manager_adds_a_customer_with_a_number_in_any_form
);

async fn an_admin_finds_filters_and_comes_back(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    staff.admin.enter_customer("Åsa Berg", "+46701234567", &staff.manager.id).await;
    staff.admin.enter_customer("Bo Ek", "+46701234568", &staff.manager.id).await;
    for device in Device::BOTH {
        let tab = office.signed_in(ADMIN, device).await;
        tab.go("people").await;
        tab.sees("Bo Ek").await;
        tab.fill("Search by name, e-mail or phone", "ås").await;
        tab.sees_no_more("Bo Ek").await;
        assert_eq!(tab.place().await, "people?q=%C3%A5s");
        tab.press("Åsa Berg").await;
        tab.sees("+46 70 123 45 67").await;
        tab.back().await;
        tab.sees("Åsa Berg").await;
        assert_eq!(tab.place().await, "people?q=%C3%A5s");
        assert_eq!(tab.value("Search by name, e-mail or phone").await, "ås");
        tab.go("people?role=manager").await;
        tab.sees("Mia Moss").await;
        assert!(!tab.text().await.contains("Bo Ek"));
    }
}

async fn pages_come_as_one_scrolls(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    staff.admin.import_customers(120).await;
    let tab = office.signed_in(ADMIN, office.device).await;
    tab.go("people?role=customer").await;
    tab.until("document.querySelectorAll('main [data-row]').length >= 50").await;
    assert!(
        tab.run("return document.querySelectorAll('main [data-row]').length", json!([])).await.as_u64().unwrap() < 120
    );
    for _ in 0..3 {
        tab.run("scrollTo(0, document.documentElement.scrollHeight)", json!([])).await;
    }
    tab.until("{ scrollTo(0, document.documentElement.scrollHeight); return document.querySelectorAll('main [data-row]').length === 120 }").await;
    tab.sees("That is all.").await;
}

async fn a_manager_finds_a_customer_and_opens_the_card(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    staff.admin.enter_customer("Bo Ek", "+998901234567", &staff.manager.id).await;
    staff.admin.enter_customer("Cy Day", "+998901234568", &staff.manager.id).await;
    let tab = office.signed_in(MANAGER, office.device).await;
    tab.sees("My customers").await;
    tab.fill("Search by name or phone", "+99890123456").await;
    tab.sees("Cy Day").await;
    tab.fill("Search by name or phone", "bo").await;
    tab.sees_no_more("Cy Day").await;
    let links =
        tab.run("return [...document.querySelectorAll('.row a.button')].map((link) => link.href)", json!([])).await;
    assert_eq!(links, json!(["tel:+998901234567", "https://wa.me/998901234567"]));
    tab.press("Bo Ek").await;
    tab.sees("Looked after by").await;
}

async fn a_manager_adds_a_customer_with_a_number_in_any_form(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    for (device, pasted, phone) in
        [(Device::Phone, "+998 (90) 123-45-67", "+998901234567"), (Device::Desk, "00998 90 765 43 21", "+998907654321")]
    {
        let tab = office.signed_in(MANAGER, device).await;
        tab.press("Add").await;
        tab.fill("Phone", pasted).await;
        tab.sees("Free").await;
        tab.fill("Name", "Zoë").await;
        tab.key(crate::keyboard::ENTER).await;
        tab.sees("Zoë is added.").await;
        let found = staff.manager.get(&format!("/users/managed-customers/?q=%2B{}", &phone[1..])).await;
        assert_eq!(found["items"][0]["display_name"], "Zoë", "{phone}");
    }
}

async fn a_taken_number_is_told_before_saving(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    staff.admin.enter_customer("Bo Ek", "+998901234567", &staff.manager.id).await;
    staff.admin.post("/users/", json!({ "role": "customer", "phone": "+998901234568" })).await;
    let tab = office.signed_in(MANAGER, office.device).await;
    tab.press("Add").await;
    tab.fill("Phone", "+998901234568").await;
    tab.sees("Another customer has this phone.").await;
    tab.fill("Phone", "+998901234567").await;
    tab.sees("This customer is there already.").await;
    tab.press("Open Bo Ek").await;
    tab.sees("Looked after by").await;
}

async fn a_manager_sees_no_one_elses_customers(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    let other = staff.admin.hire("noa@example.com", "Noa").await;
    let id = staff.admin.enter_customer("Hidden", "+998901234567", &other).await;
    office.expect_refusal(404, &format!("/users/{id}"));
    let tab = office.signed_in(MANAGER, Device::Phone).await;
    tab.sees("You have no customers yet.").await;
    tab.go(&format!("people/{id}")).await;
    tab.sees("Nothing is here, or nothing that you may see.").await;
    for path in ["people", "approvals", "leaver", "welcome"] {
        tab.go(path).await;
        tab.sees("Nothing is here, or nothing that you may see.").await;
    }
}

async fn hostile_names_and_notes_run_nothing(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    let names = [
        "<img src=x onerror=\"document.title='owned'\">",
        "<script>document.title='owned'</script>${document.title='owned'}",
        "\u{202e}gro.live moc.doog",
        "javascript:document.title='owned'",
    ];
    let mut ids = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let phone = format!("+99890123456{at}");
        let metadata = json!({ "link": "javascript:document.title='owned'", "<b onclick=x>": { "deep": [name] }, "word": "w".repeat(10_000) });
        let body = json!({ "role": "customer", "phone": phone, "display_name": name, "assigned_manager_id": staff.manager.id, "metadata": metadata });
        ids.push(staff.admin.post("/users/", body).await["id"].as_str().unwrap().to_owned());
    }
    for (email, list) in [(ADMIN, "people"), (MANAGER, "customers")] {
        let tab = office.signed_in(email, Device::Phone).await;
        for path in [list.to_owned(), "audit".to_owned()].into_iter().chain(ids.iter().map(|id| format!("people/{id}")))
        {
            tab.go(&path).await;
            tab.until("document.querySelector('main h1') && !document.querySelector('main .skeleton')").await;
            tab.is_harmless(&path).await;
        }
    }
}
