//! Chromium through chromedriver, by the `WebDriver` protocol and the commands of `DevTools` that it passes on.
//!
//! The protocol is JSON over HTTP and this suite needs ten of its commands, so `reqwest` is enough. The crates that
//! know all of it bring a licence that we do not take (`webdriver`: MPL-2.0), or a hundred others.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::process::{Folder, PATIENCE};

/// The member that names an element (W3C `WebDriver`, section 12).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Chromedriver. It takes its browsers with it when it is dropped.
pub(crate) struct Driver {
    child: Child,
    address: String,
    client: Client,
    browsers: AtomicUsize,
    folder: Folder,
}

impl Driver {
    /// `None` if this machine has no browser. With `TEST_BROWSER=1` that is a failure.
    pub(crate) fn start() -> Option<Self> {
        if !(runs("chromium") && runs("chromedriver")) {
            let must = std::env::var("TEST_BROWSER").is_ok_and(|value| value == "1");
            assert!(!must, "TEST_BROWSER=1, but there is no chromium or no chromedriver");
            eprintln!("skipped: no chromium or no chromedriver");
            return None;
        }
        // Somebody else may take the port that it has found, before it listens there.
        let (child, port) = (0..10).find_map(|_| listening()).expect("chromedriver listens");
        let client = Client::builder().timeout(PATIENCE).build().unwrap();
        let address = format!("http://127.0.0.1:{port}");
        Some(Self { child, address, client, browsers: AtomicUsize::new(0), folder: Folder::new() })
    }

    /// A browser with cookies of its own.
    pub(crate) async fn browser(self: &Arc<Self>, flags: &[&str]) -> Session {
        let profile = self.folder.path().join(self.browsers.fetch_add(1, Ordering::SeqCst).to_string());
        let downloads = profile.join("downloads");
        std::fs::create_dir_all(&downloads).unwrap();
        let profile_flag = format!("--user-data-dir={}", profile.display());
        // Without a sandbox, since whoever runs tests in a container is root.
        let ours = [
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--hide-scrollbars",
            "--lang=en-GB",
            &profile_flag,
        ];
        let args: Vec<&str> = ours.iter().chain(flags).copied().collect();
        let preferences =
            json!({ "download.default_directory": downloads, "profile.password_manager_leak_detection": false });
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "args": args, "prefs": preferences },
            "goog:loggingPrefs": { "browser": "ALL" },
        }}});
        let answer = self.call(Method::POST, "/session", &wanted).await.expect("a browser");
        let id = answer["sessionId"].as_str().unwrap().to_owned();
        Session { driver: self.clone(), id, profile }
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> Result<Value, String> {
        let has_body = method == Method::POST;
        let request = self.client.request(method, format!("{}{path}", self.address));
        let request = if has_body { request.json(body) } else { request };
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let is_good = answer.status().is_success();
        let mut body: Value = answer.json().await.map_err(|error| error.to_string())?;
        let value = body["value"].take();
        if is_good { Ok(value) } else { Err(format!("{}: {}", value["error"], value["message"])) }
    }
}

impl Drop for Driver {
    /// Its browsers would outlive a chromedriver that is killed.
    fn drop(&mut self) {
        if self.shut_down().is_err() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

impl Driver {
    /// Lets it end its browsers and itself.
    fn shut_down(&self) -> std::io::Result<()> {
        let address = self.address.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(stream, "GET /shutdown HTTP/1.1\r\nHost: {address}\r\n\r\n")?;
        stream.read_exact(&mut [0]).map(drop)
    }
}

/// Chromedriver and its port, unless it ended before it listened.
fn listening() -> Option<(Child, String)> {
    let mut child = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let port =
        lines.find_map(|line| Some(line.split_once("successfully on port ")?.1.trim_end_matches('.').to_owned()));
    // It goes on writing, into a pipe that somebody has to read.
    std::thread::spawn(move || lines.for_each(drop));
    let Some(port) = port else {
        child.wait().unwrap();
        return None;
    };
    Some((child, port))
}

fn runs(program: &str) -> bool {
    let version = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

/// One browser that runs.
pub(crate) struct Session {
    driver: Arc<Driver>,
    id: String,
    profile: std::path::PathBuf,
}

/// An element of the page that is shown now.
pub(crate) struct Element(String);

impl Session {
    async fn post(&self, path: &str, body: Value) -> Result<Value, String> {
        self.driver.call(Method::POST, &format!("/session/{}/{path}", self.id), &body).await
    }

    async fn get(&self, path: &str) -> Result<Value, String> {
        self.driver.call(Method::GET, &format!("/session/{}/{path}", self.id), &Value::Null).await
    }

    /// Where what it downloads is.
    pub(crate) fn downloads(&self) -> std::path::PathBuf {
        self.profile.join("downloads")
    }

    pub(crate) async fn go(&self, url: &str) {
        self.post("url", json!({ "url": url })).await.unwrap();
    }

    pub(crate) async fn url(&self) -> String {
        self.get("url").await.unwrap().as_str().unwrap().to_owned()
    }

    pub(crate) async fn reload(&self) {
        self.post("refresh", json!({})).await.unwrap();
    }

    pub(crate) async fn back(&self) {
        self.post("back", json!({})).await.unwrap();
    }

    pub(crate) async fn forward(&self) {
        self.post("forward", json!({})).await.unwrap();
    }

    /// Runs a body of a function in the page. A promise is waited for.
    pub(crate) async fn run(&self, script: &str, arguments: Value) -> Result<Value, String> {
        self.post("execute/sync", json!({ "script": script, "args": arguments })).await
    }

    /// The element that the script finds, unless it answers null.
    pub(crate) async fn find(&self, script: &str, arguments: Value) -> Option<Element> {
        let found = self.run(script, arguments).await.ok()?;
        Some(Element(found[ELEMENT].as_str()?.to_owned()))
    }

    /// Fails if something lies above the element, as a click of a person would.
    pub(crate) async fn click(&self, element: &Element) -> Result<Value, String> {
        self.post(&format!("element/{}/click", element.0), json!({})).await
    }

    pub(crate) async fn send_keys(&self, element: &Element, text: &str) -> Result<Value, String> {
        self.post(&format!("element/{}/value", element.0), json!({ "text": text })).await
    }

    /// Presses a key, wherever the focus is.
    pub(crate) async fn press(&self, key: &str, with_shift: bool) {
        let mut actions = vec![json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })];
        if with_shift {
            actions.insert(0, json!({ "type": "keyDown", "value": "\u{e008}" }));
            actions.push(json!({ "type": "keyUp", "value": "\u{e008}" }));
        }
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.post("actions", json!({ "actions": [keyboard] })).await.unwrap();
    }

    pub(crate) async fn window(&self) -> String {
        self.get("window").await.unwrap().as_str().unwrap().to_owned()
    }

    pub(crate) async fn new_window(&self) -> String {
        let made = self.post("window/new", json!({ "type": "tab" })).await.unwrap();
        made["handle"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn switch_to(&self, window: &str) {
        self.post("window", json!({ "handle": window })).await.unwrap();
    }

    /// A command of `DevTools`.
    pub(crate) async fn command(&self, name: &str, parameters: Value) -> Value {
        self.post("goog/cdp/execute", json!({ "cmd": name, "params": parameters })).await.unwrap()
    }

    /// What the browser's console says since the last time: errors of scripts, refused requests, reports of the policy.
    pub(crate) async fn log(&self) -> Vec<String> {
        let entries = self.post("se/log", json!({ "type": "browser" })).await.unwrap();
        let line =
            |entry: &Value| format!("{} {}", entry["level"].as_str().unwrap(), entry["message"].as_str().unwrap());
        entries.as_array().unwrap().iter().map(line).collect()
    }

    /// A picture of the visible part, as base64 of a PNG.
    pub(crate) async fn screenshot(&self) -> String {
        self.get("screenshot").await.unwrap().as_str().unwrap().to_owned()
    }
}

/// Whether a file is there and complete.
pub(crate) fn is_downloaded(path: &Path) -> bool {
    path.is_file() && !path.with_added_extension("crdownload").exists()
}
