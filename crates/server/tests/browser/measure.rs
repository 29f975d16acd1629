//! How fast the console is, and what it weighs, for docs/benchmarks.md. It takes minutes and asserts no time, so it runs
//! only when asked for: `cargo test --release --test browser measure -- --ignored --nocapture`. `MEASURE_PEOPLE=10000`
//! makes it shorter, to try it and not to quote it.

use std::fmt::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use reqwest::{Client, Url};
use serde_json::{Value, json};

use crate::office::{ADMIN, MANAGER, Office};
use crate::process::Folder;
use crate::tab::{Device, Tab};

const PEOPLE: usize = 1_000_000;
/// A command that runs for more than a minute is taken for one that hangs.
const AT_A_TIME: usize = 100_000;
/// Pages of fifty rows that are scrolled through.
const PAGES: usize = 100;
const AT_ONCE: usize = 20;
/// How often everything is fetched.
const LOADS: usize = 1000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures; it takes minutes"]
async fn measure_a_million_people() {
    let database = persistence::testing::TestDatabase::sqlite();
    Office::with(Device::Desk, Some(database), measure).await;
}

async fn measure(office: &mut Office) {
    let count = std::env::var("MEASURE_PEOPLE").map_or(PEOPLE, |text| text.parse().unwrap());
    // It asks for files faster than a single reader may.
    let staff = office.start_with_staff(&[("CLIENTELE_LIMITS__ENABLED", "false")]).await;
    let folder = Folder::new();
    for first in (0..count).step_by(AT_A_TIME) {
        let file = folder.write("people.csv", &people(first..count.min(first + AT_A_TIME)));
        let done = office.program().run(&["import", file.to_str().unwrap()]);
        assert_eq!(done.code(), Some(0), "{}", done.stderr());
    }
    let id = staff.admin.enter_customer("Bo Ek", "+46701234567", &staff.manager.id).await;

    println!("| {count} people | {} |", Device::BOTH.map(|device| format!("{device:?}")).join(" | "));
    println!("|---|---|---|");
    let mut lines = vec![String::new(); 4];
    for device in Device::BOTH {
        let tab = office.signed_in(ADMIN, device).await;
        tab.go("people?role=customer").await;
        tab.until("document.querySelectorAll('main [data-row]').length >= 50").await;
        let _ = write!(lines[0], " {} |", median(first_lists(&tab).await));
        let (pages, answers) = next_pages(&tab).await;
        let _ = write!(lines[1], " {} |", median(pages));
        let _ = write!(lines[2], " {} |", median(answers));
        let _ = write!(lines[3], " {} |", median(keys(&tab).await));
    }
    for (name, line) in [
        "first list on the screen after a reload",
        "next page on the screen, up to 5,000 rows",
        "of it, until the service has answered",
        "a key in the search above 5,000 rows, until the browser has painted",
    ]
    .iter()
    .zip(&lines)
    {
        println!("| {name} |{line}");
    }
    println!();
    serving(office).await;
    println!();
    weights(office, &id, &staff.manager.id).await;
}

fn people(which: Range<usize>) -> String {
    let mut text = "phone,display_name\n".to_owned();
    for n in which {
        let _ = writeln!(text, "+99890{n:07},Customer {n}");
    }
    text
}

/// From the beginning of a load to the rows painted, in milliseconds.
async fn first_lists(tab: &Tab) -> Vec<f64> {
    let script = "
        return (async () => {
          while (document.querySelectorAll('main [data-row]').length < 50) await new Promise(requestAnimationFrame);
          await new Promise(requestAnimationFrame);
          return performance.now();
        })();";
    let mut times = Vec::new();
    for _ in 0..7 {
        tab.reload().await;
        times.push(tab.run(script, json!([])).await.as_f64().unwrap());
    }
    times
}

/// From the end of the list in sight to the next rows painted, in milliseconds; and how long the answers took of it.
async fn next_pages(tab: &Tab) -> (Vec<f64>, Vec<f64>) {
    let script = "
        const count = () => document.querySelectorAll('main [data-row]').length;
        return (async () => {
          performance.clearResourceTimings();
          const times = [];
          for (let page = 0; page < arguments[0]; page++) {
            const [before, began] = [count(), performance.now()];
            scrollTo(0, document.documentElement.scrollHeight);
            while (count() === before) await new Promise(requestAnimationFrame);
            await new Promise(requestAnimationFrame);
            times.push(performance.now() - began);
          }
          const answers = performance.getEntriesByType('resource').filter(({ name }) => name.includes('/users/?'));
          return [times, answers.map(({ duration }) => duration)];
        })();";
    let (mut pages, mut answers) = (Vec::new(), Vec::new());
    // The browser ends a script that takes longer than thirty seconds.
    for _ in 0..PAGES / AT_ONCE {
        let found = tab.run(script, json!([AT_ONCE])).await;
        pages.extend(numbers(&found[0]));
        answers.extend(numbers(&found[1]));
    }
    (pages, answers)
}

/// From each key to the frame that shows it.
async fn keys(tab: &Tab) -> Vec<f64> {
    let script = "
        const field = document.querySelector('[data-search]');
        return (async () => {
          document.dispatchEvent(new KeyboardEvent('keydown', { key: '/', bubbles: true }));
          const times = [];
          for (const letter of 'customer 4321') {
            const began = performance.now();
            document.execCommand('insertText', false, letter);
            await new Promise(requestAnimationFrame);
            await new Promise((done) => { const { port1, port2 } = new MessageChannel(); port1.onmessage = done; port2.postMessage(0); });
            times.push(performance.now() - began);
            await new Promise((done) => setTimeout(done, 80));
          }
          return times;
        })();";
    numbers(&tab.run(script, json!([])).await)
}

/// What the service holds of memory before and after it has sent the whole console many times.
async fn serving(office: &Office) {
    let client = Client::new();
    let console = office.app().url("/console/");
    let page = client.get(&console).send().await.unwrap().text().await.unwrap();
    let (_, script) = page.split_once("<script type=\"module\" src=\"").unwrap();
    let main = Url::parse(&console).unwrap().join(script.split('"').next().unwrap()).unwrap();
    let files = files();
    let load = async || {
        for file in &files {
            let answer = client.get(main.join(file).unwrap()).header("accept-encoding", "gzip");
            let answer = answer.send().await.unwrap();
            assert_eq!(answer.status(), 200, "{file}");
            answer.bytes().await.unwrap();
        }
    };
    let before = resident(office);
    load().await;
    let first = resident(office);
    for _ in 1..LOADS {
        load().await;
    }
    println!("| all {} files of the console | memory of the service, resident |", files.len());
    println!("|---|---|");
    println!("| before | {before} KiB |");
    println!("| after 1 load | {first} KiB |");
    println!("| after {LOADS} loads | {} KiB |", resident(office));
}

/// In KiB, as Linux tells it.
fn resident(office: &Office) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", office.app().pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// The files as the console serves them: style sheets are two.
fn files() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../console/static").canonicalize().unwrap();
    let mut found = vec!["style.css".to_owned(), "screens.css".to_owned()];
    let mut folders = vec![folder.clone()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            let name = path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
            match path.extension().and_then(|extension| extension.to_str()) {
                None => folders.push(path),
                Some("js") => found.push(name),
                Some(_) => {}
            }
        }
    }
    found.sort();
    found
}

/// What each screen adds when it is the first after the way in: files, bytes packed and unpacked.
async fn weights(office: &Office, customer: &str, manager: &str) {
    println!("| screen | files | packed | unpacked |");
    println!("|---|---|---|---|");
    for (who, name, path) in [
        (ADMIN, "First steps", "welcome"),
        (ADMIN, "People", "people"),
        (MANAGER, "My customers", "customers"),
        (ADMIN, "Add", "people/new"),
        (ADMIN, "A person's card", "people/CUSTOMER"),
        (ADMIN, "Its activity", "people/CUSTOMER?tab=activity"),
        (ADMIN, "Approvals", "approvals"),
        (ADMIN, "Leaver", "leaver/MANAGER"),
        (ADMIN, "Files", "files"),
        (ADMIN, "Audit", "audit"),
        (ADMIN, "Keys", "keys"),
        (ADMIN, "A new key", "keys/new"),
        (ADMIN, "Me", "me"),
    ] {
        let tab = office.browser(Device::Desk).await;
        tab.go(&path.replace("CUSTOMER", customer).replace("MANAGER", manager)).await;
        tab.until("document.querySelector('.gate form')").await;
        let began = tab.run("return performance.now()", json!([])).await;
        crate::office::sign_in(&tab, who).await;
        tab.until("document.querySelector('.frame main h1') && !document.querySelector('main .skeleton')").await;
        let script = "
            const files = performance.getEntriesByType('resource').filter(({ name, startTime }) => name.includes('/console/') && startTime > arguments[0] && !name.endsWith('screens.css'));
            const sum = (member) => files.reduce((total, entry) => total + entry[member], 0);
            return [files.length, sum('encodedBodySize'), sum('decodedBodySize')];";
        let found = tab.run(script, json!([began])).await;
        println!("| {name} | {} | {} | {} |", found[0], found[1], found[2]);
    }
}

fn numbers(found: &Value) -> Vec<f64> {
    found.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn median(mut times: Vec<f64>) -> String {
    times.sort_by(f64::total_cmp);
    format!("{:.0} ms (most {:.0})", times[times.len() / 2], times[times.len() - 1])
}
