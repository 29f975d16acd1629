//! The pictures of the README. `TEST_PICTURES=docs/console` writes them there; otherwise they are only made and checked.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::office::{ADMIN, MANAGER, Office, in_a_browser};
use crate::tab::{Device, Tab};

in_a_browser!(the_pictures_of_the_readme_are_made);

/// The most that a picture may have, in bytes.
const MOST: usize = 150 * 1024;
const CUSTOMERS: [(&str, &str); 9] = [
    ("Aziza Karimova", "+998901234567"),
    ("Bakari Otieno", "+254712345678"),
    ("Carmen Ruiz", "+34612345678"),
    ("Dilnoza Yusupova", "+998935550142"),
    ("Emeka Obi", "+2348031234567"),
    ("Farrukh Saidov", "+998977001122"),
    ("Greta Lindqvist", "+46701234567"),
    ("Hannah Cohen", "+972541234567"),
    ("Ivan Petrov", "+79161234567"),
];

async fn the_pictures_of_the_readme_are_made(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    staff.admin.hire("noa@example.com", "Noa Field").await;
    let mut ids = Vec::new();
    for (name, phone) in CUSTOMERS {
        ids.push(staff.admin.enter_customer(name, phone, &staff.manager.id).await);
    }
    staff.admin.patch(&format!("/users/{}", ids[4]), json!({ "is_active": false })).await;
    let notes = json!({ "prefers": "WhatsApp, after six", "tier": "gold", "orders": 14 });
    staff.manager.patch(&format!("/users/{}", ids[0]), json!({ "metadata": notes })).await;

    let desk = office.signed_in(ADMIN, Device::Desk).await;
    desk.go("people").await;
    desk.sees("Aziza Karimova").await;
    take(&desk, "people.png").await;
    desk.go(&format!("people/{}", ids[0])).await;
    desk.sees("WhatsApp, after six").await;
    take(&desk, "person.png").await;
    let phone = office.signed_in(MANAGER, Device::Phone).await;
    phone.sees("Aziza Karimova").await;
    take(&phone, "my-customers.png").await;
}

async fn take(tab: &Tab, name: &str) {
    tab.until(
        "!document.querySelector('.skeleton') && document.getAnimations().every((one) => one.playState === 'finished')",
    )
    .await;
    tab.front().await;
    // Away from the rows, which change under the mouse.
    tab.session.command("Input.dispatchMouseEvent", json!({ "type": "mouseMoved", "x": 1, "y": 1 })).await;
    let picture = STANDARD.decode(tab.session.screenshot().await).unwrap();
    assert!(picture.len() <= MOST, "{name} has {} bytes", picture.len());
    if let Ok(folder) = std::env::var("TEST_PICTURES") {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), picture).unwrap();
    }
}
