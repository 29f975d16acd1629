//! Below a path of somebody else's: a proxy takes a prefix off and passes the rest on, so whatever an answer refers to
//! has to hold there too.

use reqwest::Url;
use serde_json::json;

use crate::app::{Answer, Caller, TestApp, phone};
use crate::on_every_backend;

on_every_backend!(
    the_next_page_is_below_the_prefix,
    who_was_entered_is_below_the_prefix,
    the_documentation_calls_below_the_prefix
);

const PREFIX: &str = "/company/clientele";

/// Where a reference leads whoever sent the request through a proxy that takes the prefix off, as the path behind it.
fn behind(path: &str, reference: &str) -> String {
    let url = Url::parse(&format!("https://example.com{PREFIX}{path}")).unwrap().join(reference).unwrap();
    let rest = url.as_str().strip_prefix("https://example.com").unwrap();
    rest.strip_prefix(PREFIX).unwrap_or_else(|| panic!("{reference} leads out of the prefix, to {url}")).to_owned()
}

fn next(path: &str, page: &Answer) -> String {
    let link = page.header("link");
    behind(path, link.strip_prefix('<').unwrap().split_once('>').unwrap().0)
}

async fn the_next_page_is_below_the_prefix(app: TestApp) {
    let admin = app.admin().await;
    app.sign_in("admin@example.com", crate::app::PASSWORD).await;
    for n in 0..3 {
        admin.enters(&phone(n)).await;
    }
    for list in ["/users", "/users/managed-customers", "/audit-events", "/auth/sessions"] {
        for slash in ["", "/"] {
            let path = format!("{list}{slash}?limit=1");
            let page = admin.get(&path).await;
            assert!(page.header("link").starts_with("<?limit=1&cursor="), "{}", page.header("link"));
            let second = admin.get(&next(&path, &page)).await;
            assert_eq!((second.status.code(), second.items().len()), (200, 1), "{path}: {}", second.text);
            assert_ne!(second.items(), page.items(), "{path}");
        }
    }
}

async fn who_was_entered_is_below_the_prefix(app: TestApp) {
    let admin = app.admin().await;
    let enters = async |admin: &Caller, path: &str, key: &str, n: usize| {
        let body = json!({ "role": "customer", "phone": phone(n) });
        let entered = crate::app::send(admin.request("POST", path).header("idempotency-key", key).json(&body)).await;
        assert_eq!(entered.status, 201, "{}", entered.text);
        (behind(path, entered.header("location")), entered)
    };
    for (n, first, again) in [(1, "/users/", "/users"), (2, "/users", "/users/")] {
        let key = format!("key-{n}");
        // The same request again is told the same person, by the path that it is sent to.
        for path in [first, again] {
            let (location, entered) = enters(&admin, path, &key, n).await;
            assert_eq!(location, format!("/users/{}", entered.body["id"].as_str().unwrap()), "{path}");
            assert_eq!(admin.get(&location).await.body["id"], entered.body["id"]);
        }
    }
}

async fn the_documentation_calls_below_the_prefix(app: TestApp) {
    for path in ["/openapi.json", "/openapi.json/"] {
        let document = app.anonymous().get(path).await.good().body;
        let servers: Vec<_> = document["servers"].as_array().unwrap().iter().map(|server| &server["url"]).collect();
        let [server] = servers[..] else { panic!("{servers:?}") };
        let base = behind(path, server.as_str().unwrap());
        // As the viewer does, paths are put behind the server's URL without its last slash.
        assert_eq!(format!("{}/users/", base.trim_end_matches('/')), "/users/", "{path}");
    }
    for path in ["/docs", "/docs/"] {
        let page = app.anonymous().get(path).await.text;
        let script = page.split('"').find(|text| text.ends_with("swagger-initializer.js")).unwrap();
        let script = behind(path, script);
        let text = app.anonymous().get(&script).await.text;
        assert!(
            text.starts_with("const openapi = new URL(\"../openapi.json\", document.currentScript.src).href;"),
            "{text}"
        );
        assert!(text.contains("\"url\": openapi,"), "{text}");
        assert_eq!(text.matches("openapi.json").count(), 1, "{text}");
        assert_eq!(app.anonymous().get(&behind(&script, "../openapi.json")).await.status, 200);
    }
}
