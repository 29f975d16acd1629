//! What happens to a session: reloads, tabs, the back button, the end of a token in the middle of something.

use serde_json::json;

use crate::office::{ADMIN, MANAGER, Office, in_a_browser, sign_in};
use crate::tab::{Device, Tab};

in_a_browser!(
    a_reload_stays_signed_in,
    tabs_share_a_session_and_its_end,
    a_refresh_that_fails_in_one_tab_leaves_the_other_at_work,
    back_after_sign_out_shows_nothing,
    a_deep_link_opens_after_sign_in,
    a_token_that_ends_in_the_middle_of_a_form_is_renewed,
    what_is_sent_with_a_token_that_has_ended_is_sent_again,
    a_reload_asks_while_something_is_not_saved,
    a_session_that_was_ended_elsewhere_asks_to_sign_in,
    without_a_cookie_the_session_lasts_until_the_reload,
    a_server_that_is_gone_is_told_and_what_was_typed_is_kept,
);

const SIGNED_IN: &str = "document.querySelector('.who')";
const GATE: &str = "document.querySelector('.gate form')";

async fn a_reload_stays_signed_in(office: &mut Office) {
    office.start_with_staff(&[]).await;
    let tab = office.signed_in(ADMIN, Device::Desk).await;
    tab.reload().await;
    tab.until(SIGNED_IN).await;
    let kept = tab
        .run("return JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])", json!([]))
        .await;
    assert!(!kept.as_str().unwrap().contains("eyJ"), "a token is kept where a script finds it: {kept}");
}

async fn tabs_share_a_session_and_its_end(office: &mut Office) {
    office.start_with_staff(&[]).await;
    let one = office.signed_in(ADMIN, Device::Desk).await;
    let two = one.another(Device::Phone).await;
    two.go("welcome").await;
    two.until(SIGNED_IN).await;
    two.press("Sign out").await;
    two.sees("You are signed out.").await;
    one.until(GATE).await;
    one.sees("Your session has ended.").await;
    one.reload().await;
    one.until(GATE).await;
}

async fn a_refresh_that_fails_in_one_tab_leaves_the_other_at_work(office: &mut Office) {
    office.start_with_staff(&[]).await;
    office.expect_silence();
    let one = office.signed_in(ADMIN, Device::Desk).await;
    let two = one.another(Device::Desk).await;
    one.go("welcome").await;
    one.until(SIGNED_IN).await;
    one.session.command("Network.enable", json!({})).await;
    one.session.command("Network.setBlockedURLs", json!({ "urls": ["*/auth/refresh"] })).await;
    two.go("welcome").await;
    two.until(SIGNED_IN).await;
    // The first tab cannot renew, and takes the token that the second one got.
    one.run("return import(document.querySelector('script[type=module]').src.replace('main.js', 'token.js')).then(({ renew, token }) => token().then(renew).then(() => true, () => false))", json!([])).await;
    one.session.command("Network.setBlockedURLs", json!({ "urls": [] })).await;
    fill_in_manager(&one).await;
    one.sees("Nia is added.").await;
    two.reload().await;
    two.until(SIGNED_IN).await;
}

async fn back_after_sign_out_shows_nothing(office: &mut Office) {
    office.start_with_staff(&[]).await;
    let tab = office.signed_in(ADMIN, Device::Desk).await;
    tab.go("welcome").await;
    tab.until(SIGNED_IN).await;
    tab.press("Sign out").await;
    tab.sees("You are signed out.").await;
    tab.back().await;
    tab.until(GATE).await;
    assert!(!tab.text().await.contains("Add the manager"));
    tab.forward().await;
    tab.until(GATE).await;
}

async fn a_deep_link_opens_after_sign_in(office: &mut Office) {
    office.start_with_staff(&[]).await;
    let tab = office.browser(Device::Phone).await;
    tab.go("welcome?from=mail").await;
    tab.until(GATE).await;
    sign_in(&tab, ADMIN).await;
    tab.sees("Add your first manager").await;
    assert_eq!(tab.place().await, "welcome?from=mail");
    tab.go("nowhere/at/all").await;
    tab.sees("Nothing is here, or nothing that you may see.").await;
    tab.is_accessible("what is not found").await;
}

async fn a_token_that_ends_in_the_middle_of_a_form_is_renewed(office: &mut Office) {
    office.start_with_staff(&[("CLIENTELE_AUTH__ACCESS_TOKEN_TTL", "10")]).await;
    office.expect_refusal(401, "/users/");
    let tab = office.signed_in(ADMIN, Device::Desk).await;
    tab.go("welcome").await;
    tab.sees("Add your first manager").await;
    // As after a night: the clock of the page is an hour ahead, and the token is over.
    tab.run("const now = Date.now; Date.now = () => now() + 3600_000", json!([])).await;
    fill_in_manager(&tab).await;
    tab.sees("Nia is added.").await;
}

/// The server refuses the token, since the clock of the page is behind and holds it for good.
async fn what_is_sent_with_a_token_that_has_ended_is_sent_again(office: &mut Office) {
    let staff = office.start_with_staff(&[("CLIENTELE_AUTH__ACCESS_TOKEN_TTL", "10")]).await;
    let id = staff.admin.enter_customer("Bo Ek", "+998901234567", &staff.manager.id).await;
    for path in ["/users/", "/audit-events"] {
        office.expect_refusal(401, path);
    }
    let tab = office.signed_in(MANAGER, Device::Phone).await;
    tab.go("customers/new").await;
    tab.fill("Phone", "+998901234568").await;
    tab.sees("Free").await;
    tab.fill("Name", "Cy Day").await;
    tab.run("const now = Date.now; Date.now = () => now() - 3600_000", json!([])).await;
    office.caller(MANAGER).await.until_its_token_ends().await;
    tab.press("Add").await;
    tab.sees("Cy Day is added.").await;
    tab.press("Bo Ek").await;
    tab.press("Edit: Name").await;
    tab.fill("Name", "Bo Ekman").await;
    office.caller(MANAGER).await.until_its_token_ends().await;
    tab.press("Save").await;
    tab.sees("Saved.").await;
    let customer = office.caller(ADMIN).await.get(&format!("/users/{id}")).await;
    assert_eq!(customer["display_name"], "Bo Ekman");
}

async fn a_reload_asks_while_something_is_not_saved(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    let id = staff.admin.enter_customer("Bo Ek", "+998901234567", &staff.manager.id).await;
    let tab = office.signed_in(MANAGER, Device::Phone).await;
    tab.sees("Bo Ek").await;
    tab.fill("Search by name or phone", "bo").await;
    assert!(!asks(&tab).await, "a search is no loss");
    tab.press("Bo Ek").await;
    tab.press("Edit: Name").await;
    assert!(!asks(&tab).await, "nothing is typed");
    tab.fill("Name", "Bo Ekman").await;
    assert!(asks(&tab).await, "a name is typed");
    tab.press("Customers").await;
    tab.sees("My customers").await;
    assert!(asks(&tab).await, "the name waits on the card");
    tab.press("Bo Ek").await;
    tab.press("Save").await;
    tab.sees("Saved.").await;
    assert!(!asks(&tab).await, "the name is saved");
    tab.press("Edit: Name").await;
    tab.fill("Name", "Bo").await;
    tab.press("Cancel").await;
    assert!(!asks(&tab).await, "the name is given up");
    assert_eq!(staff.manager.get(&format!("/users/{id}")).await["display_name"], "Bo Ekman");
}

/// Whether the browser would ask before it leaves the page.
async fn asks(tab: &Tab) -> bool {
    let script = "return !dispatchEvent(new Event('beforeunload', { cancelable: true }))";
    tab.run(script, json!([])).await == true
}

async fn a_session_that_was_ended_elsewhere_asks_to_sign_in(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    for path in ["/users/", "/auth/refresh"] {
        office.expect_refusal(401, path);
    }
    let tab = office.signed_in(ADMIN, Device::Phone).await;
    tab.go("welcome").await;
    tab.sees("Add your first manager").await;
    staff.admin.delete(&format!("/users/{}/sessions", staff.admin.id)).await;
    fill_in_manager(&tab).await;
    tab.sees("Your session has ended. Sign in to go on where you were.").await;
    sign_in(&tab, ADMIN).await;
    tab.sees("Add your first manager").await;
    assert_eq!(tab.place().await, "welcome");
}

async fn without_a_cookie_the_session_lasts_until_the_reload(office: &mut Office) {
    office.start_with_staff(&[]).await;
    office.expect_note("The Cross-Origin-Opener-Policy header has been ignored");
    let (_, port) = office.app().address.rsplit_once(':').unwrap();
    let root = format!("http://clientele.test:{port}");
    let tab = office.browser_at(&root, Device::Phone, &["--host-resolver-rules=MAP clientele.test 127.0.0.1"]).await;
    tab.go("welcome").await;
    tab.sees("This browser keeps no session over plain http.").await;
    sign_in(&tab, ADMIN).await;
    tab.sees("Add your first manager").await;
    fill_in_manager(&tab).await;
    tab.sees("Nia is added.").await;
    tab.reload().await;
    tab.until(GATE).await;
}

async fn a_server_that_is_gone_is_told_and_what_was_typed_is_kept(office: &mut Office) {
    office.start_with_staff(&[]).await;
    office.expect_silence();
    let tab = office.signed_in(ADMIN, Device::Phone).await;
    tab.go("welcome").await;
    tab.sees("Add your first manager").await;
    office.stop();
    fill_in_manager(&tab).await;
    tab.sees("The server cannot be reached.").await;
    assert_eq!(tab.value("E-mail").await, "nia@example.com");
    office.start(&[]);
    tab.sees_no_more("we keep trying").await;
    tab.press("Add the manager").await;
    tab.sees("Nia is added.").await;
}

/// Adds Nia on the page of the first steps.
async fn fill_in_manager(tab: &Tab) {
    tab.fill("Name", "Nia").await;
    tab.fill("E-mail", "nia@example.com").await;
    tab.press("Add the manager").await;
}
