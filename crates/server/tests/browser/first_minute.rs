//! From the link of the banner to the first customer.

use serde_json::json;

use crate::caller::Caller;
use crate::office::{Office, in_a_browser, in_a_browser_on_postgres};
use crate::process::PASSWORD;
use crate::tab::{Device, Tab};

in_a_browser!(
    the_link_of_the_banner_leads_to_the_first_customer,
    a_setup_link_works_once,
    a_refused_field_is_marked_and_what_was_typed_is_kept,
);
in_a_browser_on_postgres!(the_link_of_the_banner_leads_to_the_first_customer);

async fn the_link_of_the_banner_leads_to_the_first_customer(office: &mut Office) {
    office.start(&[]);
    let tab = open_link(office).await;
    tab.sees("Welcome to Clientele").await;
    tab.is_accessible("the setup").await;
    tab.resize(Device::Phone).await;
    assert_eq!(tab.run("return location.hash", json!([])).await, "", "a secret does not stay in the address bar");
    tab.fill("Name", "Ada Admin").await;
    tab.fill("E-mail", "admin@example.com").await;
    tab.fill("Password", PASSWORD).await;
    tab.press("Create my account").await;

    tab.sees("First steps").await;
    assert_eq!(tab.place().await, "welcome");
    tab.is_accessible("the first steps").await;
    tab.resize(Device::Phone).await;
    fill_in(
        &tab,
        "Add the manager",
        &[("display_name", "Mia Moss"), ("email", "mia@example.com"), ("password", PASSWORD)],
    )
    .await;
    tab.sees("Mia Moss is added.").await;
    fill_in(&tab, "Add the customer", &[("display_name", "Bo Customer"), ("phone", "+998 90 123-45-67")]).await;
    tab.sees("Bo Customer is added.").await;

    let customers = Caller::sign_in(office.app(), "admin@example.com").await.get("/users/?role=customer").await;
    assert_eq!(customers["items"][0]["phone"], "+998901234567");
    tab.reload().await;
    tab.sees("First steps").await;
}

async fn a_setup_link_works_once(office: &mut Office) {
    office.start(&[]);
    let late = open_link(office).await;
    Caller::first(office.app_mut()).await;
    office.expect_refusal(401, "/auth/signup");
    late.fill("E-mail", "eve@example.com").await;
    late.fill("Password", PASSWORD).await;
    late.press("Create my account").await;
    late.sees("This link no longer works").await;
    assert_eq!(late.value("E-mail").await, "eve@example.com");
    late.press("Sign in").await;
    late.sees("I have an invitation").await;
}

async fn a_refused_field_is_marked_and_what_was_typed_is_kept(office: &mut Office) {
    office.start(&[]);
    let tab = open_link(office).await;
    office.expect_refusal(422, "/auth/signup");
    tab.press("Create my account").await;
    tab.until("document.activeElement.name === 'email' && document.activeElement.ariaInvalid === 'true'").await;
    tab.fill("E-mail", "admin@example.com").await;
    tab.fill("Password", "short").await;
    tab.press("Create my account").await;
    tab.until("document.activeElement.name === 'password' && document.activeElement.ariaInvalid === 'true'").await;
    assert_eq!(tab.value("Password").await, "short");
    tab.is_accessible("a refused form").await;
}

async fn open_link(office: &mut Office) -> Tab {
    let token = office.app_mut().setup_token();
    let tab = office.browser(Device::Phone).await;
    tab.go(&format!("#setup={token}")).await;
    tab
}

/// Fills in the form that has this button. The two forms of the first steps have fields of the same names.
async fn fill_in(tab: &Tab, action: &str, fields: &[(&str, &str)]) {
    for (name, value) in fields {
        let script = "
            const button = [...document.querySelectorAll('button')].find((one) => one.innerText.trim() === arguments[0]);
            return button?.form.querySelector(`[name=${arguments[1]}]`) ?? null;";
        let field = tab.session.find(script, json!([action, name])).await.unwrap();
        tab.session.send_keys(&field, value).await.unwrap();
    }
    tab.press(action).await;
}
