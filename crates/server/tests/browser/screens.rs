//! Every screen: what axe-core finds, whether it fits a phone, and whether a keyboard is enough.

use serde_json::json;

use crate::keyboard::{ENTER, ESCAPE, TAB};
use crate::office::{ADMIN, MANAGER, Office, Staff, in_a_browser};
use crate::sign_in::code_for;
use crate::tab::{Device, Tab};

in_a_browser!(
    every_screen_of_an_admin_is_accessible,
    every_screen_of_a_manager_is_accessible,
    the_screen_of_a_customer_is_accessible,
    what_opens_on_a_press_is_accessible,
    a_keyboard_is_enough,
    the_focus_goes_where_it_belongs,
    dialogs_keep_the_focus_and_give_it_back,
);

async fn every_screen_of_an_admin_is_accessible(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    let id = fill(&staff).await;
    let tab = office.signed_in(ADMIN, Device::Desk).await;
    for path in ["people", "people/new", "approvals", "leaver", "welcome", "files", "audit", "keys", "keys/new", "me"] {
        check(&tab, path).await;
    }
    for path in ["people/ID", "people/ID?tab=activity", "people/ID?tab=account", "people?q=nobody-at-all"] {
        check(&tab, &path.replace("ID", &id)).await;
    }
    for path in ["people/MIA", "people/MIA?tab=account", "leaver/MIA"] {
        check(&tab, &path.replace("MIA", &staff.manager.id)).await;
    }
}

async fn every_screen_of_a_manager_is_accessible(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    let id = fill(&staff).await;
    let tab = office.signed_in(MANAGER, Device::Desk).await;
    for path in [
        "customers",
        "customers/new",
        "files",
        "audit",
        "keys",
        "keys/new",
        "me",
        "people/ID",
        "people/ID?tab=activity",
        "people/ID?tab=account",
    ] {
        check(&tab, &path.replace("ID", &id)).await;
    }
}

/// Somebody who is hard to show. Answers their id.
async fn fill(staff: &Staff) -> String {
    let body = json!({
        "role": "customer", "phone": "+998901234567", "assigned_manager_id": staff.manager.id,
        "display_name": format!("{} \u{5d0}\u{5d1}\u{5d2} \u{1f469}\u{200d}\u{1f680}", "Wolfeschlegelsteinhausenbergerdorff".repeat(2)),
        "metadata": { "a": { "b": { "c": { "d": { "e": { "f": ["x".repeat(5000)] } } } } }, "tier": 1 },
    });
    staff.admin.post("/users/", body).await["id"].as_str().unwrap().to_owned()
}

async fn check(tab: &Tab, path: &str) {
    tab.go(path).await;
    tab.until("document.querySelector('main h1') && !document.querySelector('main .skeleton')").await;
    tab.is_accessible(path).await;
    tab.is_harmless(path).await;
}

async fn the_screen_of_a_customer_is_accessible(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    fill(&staff).await;
    let tab = office.browser(Device::Phone).await;
    tab.go("").await;
    tab.press("With phone").await;
    tab.fill("Phone", "+998901234567").await;
    tab.press("Send me a code").await;
    tab.fill("Code", &code_for(office, "+998901234567").await).await;
    tab.press("Continue").await;
    tab.sees("Everything stored").await;
    tab.until("!document.querySelector('main .skeleton')").await;
    tab.is_accessible("a customer's own page").await;
    tab.is_harmless("a customer's own page").await;
}

/// Forms in the place of what they change, and small dialogs.
async fn what_opens_on_a_press_is_accessible(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    let id = fill(&staff).await;
    // Another session, to be ended.
    office.caller(ADMIN).await;
    let tab = office.signed_in(ADMIN, Device::Desk).await;
    let (card, account) = (format!("people/{id}"), format!("people/{id}?tab=account"));
    tab.go("keys/new").await;
    tab.fill("Name", "nightly").await;
    tab.press("Read a person").await;
    tab.press("Make the key").await;
    tab.sees("I have it").await;
    tab.is_accessible("a key that is shown once").await;
    let opened: [(&str, &[&str], &str); 11] = [
        (&card, &["Edit: Name"], ".person-form"),
        (&card, &["Edit: Name", "Choose"], "dialog[open] .pick"),
        (&account, &["Sign them out everywhere"], "dialog[open]"),
        (&account, &["Erase this person…"], "dialog[open]"),
        ("keys", &["Revoke nightly"], "dialog[open]"),
        ("keys", &["A manager’s…"], "dialog[open] .pick"),
        ("me", &["End all other sessions"], "dialog[open]"),
        ("people", &["Columns"], "dialog[open]"),
        ("people?q=", &["When added"], "dialog[open]"),
        ("people?sort=created_at", &["Manager"], "dialog[open] .pick"),
        ("audit", &["Who did it"], "dialog[open] .pick"),
    ];
    for (path, presses, found) in opened {
        tab.go(path).await;
        for name in presses {
            tab.press(name).await;
        }
        tab.element(found).await;
        tab.is_accessible(&format!("{presses:?} at {path}")).await;
    }
    tab.key(ESCAPE).await;
    tab.key("?").await;
    tab.sees("Next row").await;
    tab.is_accessible("the keys").await;
}

/// No press of a mouse from the sign-in to the sign-out.
async fn a_keyboard_is_enough(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    let id = staff.admin.enter_customer("Bo Ek", "+998901234567", &staff.manager.id).await;
    staff.admin.enter_customer("Bo Olsen", "+998901234568", &staff.manager.id).await;
    staff.admin.enter_customer("Cy Day", "+998901234569", &staff.manager.id).await;
    let tab = office.browser(Device::Desk).await;
    tab.go("").await;
    tab.until("document.querySelector('.gate form')").await;
    focus_by_tab(&tab, "document.activeElement.name === 'email'").await;
    tab.type_keys(MANAGER).await;
    focus_by_tab(&tab, "document.activeElement.name === 'password'").await;
    tab.type_keys(crate::process::PASSWORD).await;
    tab.key(ENTER).await;
    tab.sees("Cy Day").await;

    tab.key("?").await;
    tab.sees("Next row").await;
    tab.key(ESCAPE).await;
    tab.sees_no_more("Next row").await;

    tab.key("/").await;
    tab.until("document.activeElement.matches('[data-search]')").await;
    tab.type_keys("bo").await;
    tab.sees_no_more("Cy Day").await;
    // Out of the field, or the letters are typed into it.
    focus_by_tab(&tab, "document.activeElement.matches('select')").await;
    tab.until("!document.activeElement.matches('[data-search]')").await;
    focus_by_tab(&tab, "document.activeElement.textContent === 'Bo Ek'").await;
    tab.key("j").await;
    tab.until("document.activeElement.textContent === 'Bo Olsen'").await;
    tab.key("k").await;
    tab.until("document.activeElement.textContent === 'Bo Ek'").await;
    tab.key(ENTER).await;
    tab.sees("Looked after by").await;
    tab.until("document.activeElement.matches('h1')").await;

    tab.key("e").await;
    tab.until("document.activeElement.matches('.person-form :is(input, select, textarea)')").await;
    focus_by_tab(&tab, "document.activeElement.name === 'display_name'").await;
    tab.type_keys("man").await;
    tab.key(ENTER).await;
    tab.sees("Saved.").await;
    tab.until("document.activeElement.matches('[data-edit], [data-field]')").await;
    assert_eq!(staff.admin.get(&format!("/users/{id}")).await["display_name"], "Bo Ekman");

    focus_by_tab(&tab, "document.activeElement.matches('.menu a')").await;
    tab.key(ENTER).await;
    tab.until("document.activeElement.matches('h1')").await;
    focus_by_tab(
        &tab,
        "document.activeElement.matches('.page-actions a') && document.activeElement.textContent.includes('Add')",
    )
    .await;
    tab.key(ENTER).await;
    tab.until("document.activeElement.matches('h1')").await;
    focus_by_tab(&tab, "document.activeElement.name === 'phone'").await;
    tab.type_keys("+998901234570").await;
    tab.sees("Free").await;
    focus_by_tab(&tab, "document.activeElement.name === 'display_name'").await;
    tab.type_keys("Di Fox").await;
    tab.key(ENTER).await;
    tab.sees("Di Fox is added.").await;
    tab.until("document.activeElement.matches('h1')").await;

    focus_by_tab(&tab, "document.activeElement.matches('.who button')").await;
    tab.key(ENTER).await;
    tab.sees("You are signed out.").await;
    focus_by_tab(&tab, "document.activeElement.name === 'email'").await;
}

async fn dialogs_keep_the_focus_and_give_it_back(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    let id = staff.admin.enter_customer("Bo Ek", "+998901234567", &staff.manager.id).await;
    let tab = office.signed_in(ADMIN, Device::Desk).await;
    for (path, name) in [
        ("people".to_owned(), "Manager"),
        ("people".to_owned(), "Columns"),
        (format!("people/{id}?tab=account"), "Sign them out everywhere"),
        (format!("people/{id}?tab=account"), "Erase this person…"),
        ("audit".to_owned(), "When"),
        ("keys".to_owned(), "A manager’s…"),
    ] {
        tab.go(&path).await;
        tab.sees(name).await;
        tab.until(&format!(
            "{{ const all = [...document.querySelectorAll('main button')];
            const found = all.find((one) => one.checkVisibility() && one.textContent.trim() === '{name}');
            found?.focus();
            return Boolean(found) && document.activeElement === found }}"
        ))
        .await;
        tab.key(ENTER).await;
        tab.until("document.activeElement.closest('dialog')").await;
        for _ in 0..8 {
            tab.key(TAB).await;
            tab.until("document.activeElement === document.body || document.activeElement.closest('dialog')").await;
        }
        tab.key(ESCAPE).await;
        tab.until("!document.querySelector('dialog')").await;
        let focused = tab.run("return document.activeElement.textContent.trim()", json!([])).await;
        assert_eq!(focused, name, "at {path}");
    }
}

/// Presses Tab until the focus is there, round the page at most once. Everything on the way must show its focus.
async fn focus_by_tab(tab: &Tab, is_there: &str) {
    for _ in 0..60 {
        if tab.run(&format!("return Boolean({is_there})"), json!([])).await == true {
            return;
        }
        tab.key(TAB).await;
        let style = "const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
            const around = document.activeElement.closest(':focus-within:has(:focus-visible)');
            return document.activeElement === document.body || outlineStyle !== 'none' && outlineWidth !== '0px' || [...document.querySelectorAll(':focus-within')].some((one) => getComputedStyle(one).outlineStyle !== 'none') && around !== null;";
        assert_eq!(tab.run(style, json!([])).await, true, "nobody sees where the focus is: {}", tab.focused().await);
    }
    panic!("the focus never came to {is_there}: {}", tab.focused().await);
}

async fn the_focus_goes_where_it_belongs(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    staff.admin.enter_customer("Bo Ek", "+998901234567", &staff.manager.id).await;
    let tab = office.signed_in(ADMIN, Device::Desk).await;
    tab.sees("Bo Ek").await;
    tab.press("Audit").await;
    tab.until("document.activeElement.matches('h1') && document.activeElement.textContent === 'Audit'").await;
    tab.press("When").await;
    tab.until("document.activeElement.closest('dialog')").await;
    for _ in 0..12 {
        tab.key(TAB).await;
        tab.until("document.activeElement === document.body || document.activeElement.closest('dialog')").await;
    }
    tab.key(ESCAPE).await;
    tab.until("document.activeElement.textContent.trim() === 'When'").await;
}
