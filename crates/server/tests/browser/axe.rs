//! What a machine can tell about accessibility: axe-core, in both colour schemes.

use std::path::PathBuf;
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::tab::{Device, Scheme, Tab};

/// Its licence (MPL-2.0) is none that we take into the repository. `.ci/console/run` installs it.
static AXE: LazyLock<Option<String>> = LazyLock::new(|| {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_clientele"));
    let target = program.ancestors().nth(2).unwrap();
    let file = target.join("console-check/node_modules/axe-core/axe.min.js");
    let text = std::fs::read_to_string(&file).ok();
    let must = std::env::var("TEST_BROWSER").is_ok_and(|value| value == "1");
    assert!(text.is_some() || !must, "TEST_BROWSER=1, but there is no {}: run .ci/console/run", file.display());
    text
});

const RUN: &str = "
    const options = { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] };
    return axe.run(document, options).then(({ violations }) => violations.map(({ id, help, nodes }) =>
      `${id}: ${help}: ${nodes.map(({ html, any, all, none }) => `${html} ${[...any, ...all, ...none].map(({ message }) => message)}`)}`));";

/// What lies over the edge of the window, and what is too small for a finger.
const MEASURE: &str = "
    const found = [];
    const wide = document.documentElement.scrollWidth - innerWidth;
    if (wide > 0) found.push(`${wide} px too wide`);
    const isInText = (element) => element.matches('a') && getComputedStyle(element).display === 'inline';
    for (const element of document.querySelectorAll('a[href], button, input, select, textarea, summary')) {
      if (!element.checkVisibility({ visibilityProperty: true }) || isInText(element) || element.closest('.sr-only, .skip')) continue;
      const target = element.matches('input[type=checkbox], input[type=radio], input[type=file]') ? element.closest('label') ?? element : element;
      const { width, height } = target.getBoundingClientRect();
      if (width > 1 && (width < 43.5 || height < 43.5)) found.push(`${Math.round(width)} x ${Math.round(height)}: ${target.outerHTML.slice(0, 200)}`);
    }
    return found;";

impl Tab {
    /// Checks what is shown now, on a phone and at a desk, light and dark. It is as wide as before afterwards.
    #[track_caller]
    pub(crate) fn is_accessible<'a>(&'a self, what: &'a str) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            for device in Device::BOTH {
                self.resize(device).await;
                let found = self.run(MEASURE, json!([])).await;
                assert_eq!(found, json!([]), "{caller}: {what} on {device:?}");
                for scheme in [Scheme::Light, Scheme::Dark] {
                    self.prefer(scheme).await;
                    let violations = self.violations().await;
                    assert_eq!(violations, json!([]), "{caller}: {what} on {device:?}, {scheme:?}");
                }
            }
            self.resize(self.device).await;
        }
    }

    async fn violations(&self) -> Value {
        let Some(axe) = &*AXE else {
            eprintln!("skipped: axe-core is not installed; .ci/console/run installs it");
            return json!([]);
        };
        if self.run("return typeof axe === 'undefined'", json!([])).await == true {
            self.run(axe, json!([])).await;
        }
        // What is on its way in is half transparent.
        self.until("document.getAnimations().every((one) => one.playState !== 'running' || one.effect.getTiming().iterations === Infinity)").await;
        self.run(RUN, json!([])).await
    }
}
