//! What a browser has to fetch before somebody can begin.

use serde_json::{Value, json};

use crate::office::{ADMIN, Office, in_a_browser};
use crate::tab::{Device, Tab};

in_a_browser!(the_first_load_is_small, a_second_load_fetches_no_file);

/// Everything that the page fetched of the console: how many requests, bytes on the wire with their headers (as
/// browsers count them: 300 for each answer), and bytes unpacked.
const LOADED: &str = "
    const page = performance.getEntriesByType('navigation');
    const files = performance.getEntriesByType('resource').filter(({ name }) => name.includes('/console/'));
    const sum = (member) => [...page, ...files].reduce((total, entry) => total + entry[member], 0);
    return [page.length + files.length, sum('transferSize'), sum('decodedBodySize')];";

/// The first list is there.
const LIST: &str = "document.querySelector('main [data-row]')";

async fn the_first_load_is_small(office: &mut Office) {
    office.start_with_staff(&[]).await;
    let tab = office.browser(Device::Phone).await;
    tab.go("").await;
    tab.until("document.querySelector('.gate form')").await;
    let [requests, wire, unpacked] = loaded(&tab).await;
    println!("first load: {requests} requests, {wire} bytes on the wire, {unpacked} unpacked");
    assert!(wire <= 60 * 1024, "{wire} bytes on the wire");
    assert!(unpacked <= 200 * 1024, "{unpacked} bytes unpacked");
}

async fn a_second_load_fetches_no_file(office: &mut Office) {
    office.start_with_staff(&[]).await;
    let tab = office.signed_in(ADMIN, Device::Phone).await;
    // The page of the list is another address than that of the way in.
    for _ in 0..2 {
        tab.until(LIST).await;
        tab.reload().await;
    }
    tab.until(LIST).await;
    let [_, wire, _] = loaded(&tab).await;
    assert!(wire < 2048, "{wire} bytes on the wire");
}

async fn loaded(tab: &Tab) -> [u64; 3] {
    let found = tab.run(LOADED, json!([])).await;
    std::array::from_fn(|at| found[at].as_u64().unwrap_or_else(|| panic!("{}", Value::clone(&found))))
}
