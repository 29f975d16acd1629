//! How fast the console is, for docs/benchmarks.md. It takes minutes and asserts no time, so it runs only when asked for:
//! `cargo test --release --test browser measure -- --ignored --nocapture`.

use std::fmt::Write;
use std::time::Instant;

use serde_json::{Value, json};

use crate::office::{ADMIN, Office};
use crate::process::Folder;
use crate::tab::{Device, Tab};

const PEOPLE: usize = 1_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "measures; it takes minutes"]
async fn measure_a_million_people() {
    let database = persistence::testing::TestDatabase::sqlite();
    Office::with(Some(database), a_million_people).await;
}

async fn a_million_people(office: &mut Office) {
    let staff = office.start_with_staff(&[]).await;
    let folder = Folder::new();
    let done = office.program().run(&["import", folder.write("people.csv", &people()).to_str().unwrap()]);
    assert_eq!(done.code(), Some(0), "{}", done.stderr());
    drop(staff);
    let tab = office.signed_in(ADMIN, Device::Desk).await;
    tab.until("document.querySelectorAll('main [data-row]').length >= 50").await;
    println!("| first list after a warm start | {} ms |", first_list(&tab).await);
    println!("| next page | {} ms |", median(next_pages(&tab).await));
    println!("| a key in search, until the browser has painted | {} ms |", median(keys(&tab).await));
}

fn people() -> String {
    let mut text = "phone,display_name\n".to_owned();
    for n in 0..PEOPLE {
        let _ = writeln!(text, "+99890{n:07},Customer {n}");
    }
    text
}

/// From the reload to the rows on the screen.
async fn first_list(tab: &Tab) -> u128 {
    tab.go("people?role=customer").await;
    tab.until("document.querySelectorAll('main [data-row]').length >= 50").await;
    let began = Instant::now();
    tab.reload().await;
    tab.until("document.querySelectorAll('main [data-row]').length >= 50").await;
    began.elapsed().as_millis()
}

/// From the end of the list in sight to the next rows painted, in milliseconds.
async fn next_pages(tab: &Tab) -> Vec<f64> {
    let script = "
        const count = () => document.querySelectorAll('main [data-row]').length;
        return (async () => {
          const times = [];
          for (let page = 0; page < 20; page++) {
            const [before, began] = [count(), performance.now()];
            scrollTo(0, document.documentElement.scrollHeight);
            while (count() === before) await new Promise(requestAnimationFrame);
            await new Promise(requestAnimationFrame);
            times.push(performance.now() - began);
          }
          return times;
        })();";
    numbers(&tab.run(script, json!([])).await)
}

/// From each key to the next frame.
async fn keys(tab: &Tab) -> Vec<f64> {
    let script = "
        const field = document.querySelector('[data-search]');
        field.focus();
        return (async () => {
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

fn numbers(found: &Value) -> Vec<f64> {
    found.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn median(mut times: Vec<f64>) -> String {
    times.sort_by(f64::total_cmp);
    format!("{:.0} (most {:.0})", times[times.len() / 2], times[times.len() - 1])
}
