//! Files: customers in, people out.

use std::path::PathBuf;

use serde_json::json;

use crate::driver::is_downloaded;
use crate::office::{ADMIN, MANAGER, Office, at_both_widths, in_a_browser, in_a_browser_on_postgres};
use crate::process::Folder;
use crate::tab::{Device, Tab};

in_a_browser!(
    good_lines_are_imported_without_the_wrong_ones,
    a_wrong_header_is_told,
    a_file_that_is_too_large_is_not_sent,
    a_dropped_file_is_taken,
);
at_both_widths!(
    wrong_cells_are_corrected_in_place_and_imported,
    an_export_has_the_filters_of_the_list,
    a_manager_imports_and_exports_their_own,
);
in_a_browser_on_postgres!(an_export_has_the_filters_of_the_list, wrong_cells_are_corrected_in_place_and_imported);

const FILE_FIELD: &str = "input[type=file]";
/// The second line goes on in the third, and is good.
const BAD: &str = "phone,display_name,metadata\n+998901234567,Bo,\"{\"\"a\"\":\n1}\"\n12,Cy,\n+998901234569,Di,\n";

async fn wrong_cells_are_corrected_in_place_and_imported(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    let folder = Folder::new();
    let tab = files(office, ADMIN, office.device).await;
    tab.choose_file(FILE_FIELD, &folder.write("bad.csv", BAD)).await;
    tab.sees("1 thing is wrong").await;
    tab.sees("2 new customers").await;
    tab.is_accessible("wrong cells").await;
    assert_eq!(tab.value("phone in line 4").await, "12");
    tab.fill("phone in line 4", "+998901234568").await;
    tab.press("Check again").await;
    tab.sees("Everything in this file can be imported.").await;
    assert_eq!(staff.admin.get("/users/?role=customer").await["items"], json!([]), "a check writes nothing");
    tab.is_accessible("a good file").await;
    tab.press("Import the file").await;
    tab.sees("The file is imported").await;
    tab.sees("3 new customers").await;
    let people = staff.admin.get("/users/?role=customer&sort=display_name").await;
    let names: Vec<_> =
        people["items"].as_array().unwrap().iter().map(|one| one["display_name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Bo", "Cy", "Di"]);
}

async fn good_lines_are_imported_without_the_wrong_ones(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    let folder = Folder::new();
    let tab = files(office, ADMIN, Device::Desk).await;
    tab.choose_file(FILE_FIELD, &folder.write("bad.csv", BAD)).await;
    tab.press("Download the wrong lines").await;
    let wrong = downloaded(&tab, "wrong-lines.csv").await;
    assert_eq!(std::fs::read_to_string(wrong).unwrap(), "\u{feff}phone,display_name,metadata\r\n12,Cy,\r\n");
    tab.press("Import without the wrong lines").await;
    tab.sees("Some lines were not imported").await;
    assert_eq!(staff.admin.get("/users/?role=customer").await["items"].as_array().unwrap().len(), 2);
    // Once more, with what is there to be changed.
    tab.fill("Customers who exist already", "Change what the file gives").await;
    tab.choose_file(FILE_FIELD, &folder.write("more.csv", "phone,display_name\n+998901234569,Dora\n")).await;
    tab.sees("1 changed").await;
    tab.press("Import the file").await;
    tab.sees("The file is imported").await;
    tab.press("See the customers").await;
    tab.sees("Dora").await;
}

async fn a_wrong_header_is_told(office: &mut Office) {
    office.start_with_staff(&[]).await;
    office.expect_refusal(422, "/users/import");
    let folder = Folder::new();
    let tab = files(office, ADMIN, Device::Phone).await;
    tab.choose_file(FILE_FIELD, &folder.write("header.csv", "telephone,name\n1,2\n")).await;
    tab.sees("The first line does not fit.").await;
    tab.is_accessible("a wrong header").await;
    tab.choose_file(FILE_FIELD, &folder.write("empty.csv", "")).await;
    tab.sees("This file is empty.").await;
}

async fn a_file_that_is_too_large_is_not_sent(office: &mut Office) {
    office.start_with_staff(&[]).await;
    let folder = Folder::new();
    let path = folder.path().join("large.csv");
    std::fs::File::create(&path).unwrap().set_len(64 * 1024 * 1024 + 1).unwrap();
    let tab = files(office, ADMIN, Device::Phone).await;
    tab.choose_file(FILE_FIELD, &path).await;
    tab.sees("At most 64 MiB can be sent at once").await;
    let sent =
        "return performance.getEntriesByType('resource').filter(({ name }) => name.includes('/users/import')).length";
    assert_eq!(tab.run(sent, json!([])).await, 0);
}

async fn a_dropped_file_is_taken(office: &mut Office) {
    office.start_with_staff(&[]).await;
    let tab = files(office, ADMIN, Device::Desk).await;
    tab.run(
        "const data = new DataTransfer();
         data.items.add(new File([arguments[0]], 'dropped.csv', { type: 'text/csv' }));
         const target = document.querySelector('.drop');
         for (const kind of ['dragover', 'drop']) target.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));",
        json!(["phone\n+998901234567\n"]),
    )
    .await;
    tab.sees("dropped.csv").await;
    tab.sees("1 new customer").await;
}

async fn an_export_has_the_filters_of_the_list(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    staff.admin.enter_customer("Åsa", "+46701234567", &staff.manager.id).await;
    staff.admin.enter_customer("Bo", "+46701234568", &staff.manager.id).await;
    let tab = office.signed_in(ADMIN, office.device).await;
    tab.go("people?q=ås").await;
    tab.sees("Åsa").await;
    tab.press("Export").await;
    tab.sees("beginning with “ås”").await;
    tab.press("CSV for a spreadsheet").await;
    tab.sees("is on its way to your downloads").await;
    let day = tab.run("return new Date().toISOString().slice(0, 10)", json!([])).await;
    let name = format!("clientele-{}", day.as_str().unwrap());
    let text = std::fs::read_to_string(downloaded(&tab, &format!("{name}.csv")).await).unwrap();
    assert!(text.starts_with("\u{feff}phone,") && text.contains("Åsa") && !text.contains("Bo"), "{text}");
    tab.press("Take everyone instead").await;
    tab.sees("Everyone whom you may see.").await;
    tab.press("JSON lines").await;
    let text = std::fs::read_to_string(downloaded(&tab, &format!("{name}.ndjson")).await).unwrap();
    assert_eq!(text.lines().count(), 4, "{text}");
}

async fn a_manager_imports_and_exports_their_own(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    let folder = Folder::new();
    let tab = files(office, MANAGER, office.device).await;
    tab.choose_file(FILE_FIELD, &folder.write("mine.csv", "phone,display_name\n+998901234567,Bo\n")).await;
    tab.press("Import the file").await;
    tab.sees("The file is imported").await;
    assert_eq!(staff.manager.get("/users/managed-customers/").await["items"][0]["display_name"], "Bo");
    tab.press("See the customers").await;
    tab.sees("My customers").await;
}

async fn files(office: &Office, email: &str, device: Device) -> Tab {
    let tab = office.signed_in(email, device).await;
    tab.go("files").await;
    tab.sees("Bring customers in").await;
    tab
}

/// The file of this name, once all of it is there.
async fn downloaded(tab: &Tab, name: &str) -> PathBuf {
    let path = tab.session.downloads().join(name);
    tab.until_true(name, || is_downloaded(&path)).await;
    path
}
