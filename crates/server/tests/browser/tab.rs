//! A tab as somebody uses it: what it shows, and what they press and type.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::driver::{Element, Session};

/// Longer than a page takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What finds an element by what people call it. Behind an open dialog nothing can be used.
const FINDER: &str = include_str!("finder.js");

/// What text of people must not become.
const HARM: &str = "
    const found = [...document.querySelectorAll('main img, main script, main iframe, main b, [onerror], [onclick], a[href^=javascript]')];
    const texts = [document.title, document.body.innerText].filter((text) => /[\\u202a-\\u202e\\u2066-\\u2069]|^owned/.test(text));
    return [...found.map((element) => element.outerHTML), ...texts];";

/// How wide a tab is, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Device {
    Phone,
    Desk,
}

impl Device {
    pub(crate) const BOTH: [Self; 2] = [Self::Phone, Self::Desk];

    fn metrics(self) -> Value {
        match self {
            Self::Phone => json!({ "width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": true }),
            Self::Desk => json!({ "width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": false }),
        }
    }
}

/// The colour scheme that the system asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scheme {
    Light,
    Dark,
}

/// One tab of a browser. Every call makes it the one in front.
#[derive(Clone)]
pub(crate) struct Tab {
    pub(crate) session: Arc<Session>,
    window: String,
    root: String,
    /// How wide it was made.
    pub(crate) device: Device,
}

impl Tab {
    /// `root` is the address of the service.
    pub(crate) async fn new(session: Arc<Session>, window: String, root: String, device: Device) -> Self {
        let tab = Self { session, window, root, device };
        tab.session.switch_to(&tab.window).await;
        tab.session.command("Emulation.setDeviceMetricsOverride", device.metrics()).await;
        tab
    }

    /// Another tab of the same browser.
    pub(crate) async fn another(&self, device: Device) -> Self {
        let window = self.session.new_window().await;
        Self::new(self.session.clone(), window, self.root.clone(), device).await
    }

    pub(crate) async fn front(&self) {
        self.session.switch_to(&self.window).await;
    }

    pub(crate) async fn resize(&self, device: Device) {
        self.front().await;
        self.session.command("Emulation.setDeviceMetricsOverride", device.metrics()).await;
    }

    pub(crate) async fn prefer(&self, scheme: Scheme) {
        let value = match scheme {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        };
        self.front().await;
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.session.command("Emulation.setEmulatedMedia", features).await;
    }

    /// Opens a screen as a link from outside would: `people?q=mia`.
    pub(crate) async fn go(&self, path: &str) {
        self.front().await;
        self.session.go(&format!("{}/console/{path}", self.root)).await;
    }

    pub(crate) async fn reload(&self) {
        self.front().await;
        self.session.reload().await;
    }

    pub(crate) async fn back(&self) {
        self.front().await;
        self.session.back().await;
    }

    pub(crate) async fn forward(&self) {
        self.front().await;
        self.session.forward().await;
    }

    /// The part of the address that follows `/console/`.
    pub(crate) async fn place(&self) -> String {
        self.front().await;
        let url = self.session.url().await;
        url.split_once("/console/").map_or(url.clone(), |(_, path)| path.to_owned())
    }

    /// Runs a body of a function in the page.
    pub(crate) async fn run(&self, script: &str, arguments: Value) -> Value {
        self.front().await;
        self.session.run(script, arguments).await.unwrap_or_else(|error| panic!("{error} in {script}"))
    }

    /// Waits until the expression, or the body of a function in braces, is true.
    #[track_caller]
    pub(crate) fn until<'a>(&'a self, expression: &'a str) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let is_body = expression.starts_with('{');
            let script = if is_body { expression.to_owned() } else { format!("return Boolean({expression})") };
            self.wait(expression, caller, async || {
                (self.session.run(&script, json!([])).await == Ok(json!(true))).then_some(())
            })
            .await;
        }
    }

    /// Waits until the page shows the text.
    #[track_caller]
    pub(crate) fn sees<'a>(&'a self, text: &'a str) -> impl Future<Output = ()> + 'a {
        self.until_shown(text, true, std::panic::Location::caller())
    }

    /// Waits until the page no longer shows the text.
    #[track_caller]
    pub(crate) fn sees_no_more<'a>(&'a self, text: &'a str) -> impl Future<Output = ()> + 'a {
        self.until_shown(text, false, std::panic::Location::caller())
    }

    async fn until_shown(&self, text: &str, is_shown: bool, caller: &'static std::panic::Location<'static>) {
        let script = "return document.body.innerText.replace(/\\s+/g, ' ').includes(arguments[0])";
        self.wait(text, caller, async || {
            (self.session.run(script, json!([text])).await == Ok(json!(is_shown))).then_some(())
        })
        .await;
    }

    /// All text that is shown now.
    pub(crate) async fn text(&self) -> String {
        let text = self.run("return document.body.innerText.replace(/\\s+/g, ' ')", json!([])).await;
        text.as_str().unwrap().to_owned()
    }

    /// Presses the button or follows the link of this name, once it is there and nothing lies above it.
    #[track_caller]
    pub(crate) fn press<'a>(&'a self, name: &'a str) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        let script = finder("pressed");
        async move {
            self.wait(name, caller, async || {
                let element = self.session.find(&script, json!([name])).await?;
                self.session.click(&element).await.ok()
            })
            .await;
        }
    }

    /// Types into the field of this name, over what was in it; or chooses, if it is a select.
    #[track_caller]
    pub(crate) fn fill<'a>(&'a self, name: &'a str, text: &'a str) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        let (field, option) = (finder("selected"), finder("option"));
        async move {
            self.wait(name, caller, async || {
                if let Some(option) = self.session.find(&option, json!([name, text])).await {
                    return self.session.click(&option).await.ok();
                }
                let field = self.session.find(&field, json!([name])).await?;
                // Backspace takes away what is selected.
                let keys = if text.is_empty() { "\u{e003}" } else { text };
                self.session.send_keys(&field, keys).await.ok()
            })
            .await;
        }
    }

    /// Gives files to the field of this name, which may be hidden behind its label.
    pub(crate) async fn choose_file(&self, selector: &str, path: &std::path::Path) {
        let element = self.element(selector).await;
        self.session.send_keys(&element, path.to_str().unwrap()).await.unwrap();
    }

    /// What is in the field of this name.
    #[track_caller]
    pub(crate) fn value<'a>(&'a self, name: &'a str) -> impl Future<Output = String> + 'a {
        let caller = std::panic::Location::caller();
        let script = finder("valued");
        async move {
            self.wait(name, caller, async || {
                let value = self.session.run(&script, json!([name])).await.ok()?;
                Some(value.as_str()?.to_owned())
            })
            .await
        }
    }

    /// The first element of this CSS selector, once it is there.
    #[track_caller]
    pub(crate) fn element<'a>(&'a self, selector: &'a str) -> impl Future<Output = Element> + 'a {
        let caller = std::panic::Location::caller();
        let script = "return document.querySelector(arguments[0])";
        async move { self.wait(selector, caller, async || self.session.find(script, json!([selector])).await).await }
    }

    /// Presses a key where the focus is: a character, or a code of `WebDriver`'s such as [`crate::keyboard::ENTER`].
    pub(crate) async fn key(&self, key: &str) {
        self.front().await;
        self.session.press(key, false).await;
    }

    /// Types where the focus is.
    pub(crate) async fn type_keys(&self, text: &str) {
        for key in text.chars() {
            self.key(key.encode_utf8(&mut [0; 4])).await;
        }
    }

    /// What has the focus, for a message.
    pub(crate) async fn focused(&self) -> String {
        self.run("return document.activeElement.outerHTML.slice(0, 300)", json!([])).await.to_string()
    }

    /// Waits for something outside the page.
    #[track_caller]
    pub(crate) fn until_true<'a>(
        &'a self,
        what: &'a str,
        is_so: impl Fn() -> bool + 'a,
    ) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move { self.wait(what, caller, async || is_so().then_some(())).await }
    }

    /// Nothing that people typed became a script, a link to one, or an element, and no character turns the text around.
    #[track_caller]
    pub(crate) fn is_harmless<'a>(&'a self, what: &'a str) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let found = self.run(HARM, json!([])).await;
            assert_eq!(found, json!([]), "{caller}: {what}");
        }
    }

    /// Asks again and again until there is an answer.
    async fn wait<T>(&self, what: &str, caller: &std::panic::Location<'_>, ask: impl AsyncFn() -> Option<T>) -> T {
        self.front().await;
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            if Instant::now() > deadline {
                let (place, text, log) = (self.place().await, self.text().await, self.session.log().await);
                panic!("{caller}: {what:?} never came at {place}\n{text}\n{log:#?}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn finder(name: &str) -> String {
    format!("{FINDER}\nreturn {name}(...arguments);")
}
