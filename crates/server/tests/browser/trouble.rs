//! A service that answers 503 or 429, on every screen: the page says so, keeps what was typed, and goes on afterwards.

use domain::{Clock, SystemClock};
use serde_json::{Value, json};

use crate::office::{ADMIN, MANAGER, Office, Staff, in_a_browser, sign_in};
use crate::process::{Folder, PASSWORD};
use crate::proxy::{Proxy, Trouble};
use crate::tab::Device;

in_a_browser!(
    what_does_not_load_while_the_service_is_busy_comes_by_itself,
    what_does_not_load_after_too_many_requests_comes_by_itself,
    a_page_that_does_not_start_starts_by_itself,
    what_is_not_saved_is_kept_and_saved_again,
    what_is_refused_on_a_press_works_on_the_next,
    a_file_that_is_refused_is_sent_again,
    a_sign_in_that_is_refused_counts_the_wait,
);

/// A screen, the requests that fail, and what it shows when they do not.
const LOADS: [(&str, &str, &str); 12] = [
    ("people", "GET /users/?", "Bo Ek"),
    ("people/ID", "GET /users/ID", "Looked after by"),
    ("people/ID?tab=activity", "GET /audit-events", "entered Bo Ek"),
    ("approvals", "GET /users/?", "Nobody waits."),
    ("leaver", "GET /users/?", "mia@example.com"),
    ("leaver/MIA", "GET /users/?", "Looks after 1 customer"),
    ("leaver/MIA", "GET /users/MIA", "Looks after 1 customer"),
    ("audit", "GET /audit-events", "entered Bo Ek"),
    ("keys", "GET /auth/keys", "nightly"),
    ("me", "GET /auth/sessions", "This device"),
    ("me", "GET /users/ADA", "Ada Admin"),
    ("welcome", "GET /users/?", "Add the manager"),
];

async fn what_does_not_load_while_the_service_is_busy_comes_by_itself(office: &mut Office) {
    comes_by_itself(office, Trouble::Busy).await;
}

async fn what_does_not_load_after_too_many_requests_comes_by_itself(office: &mut Office) {
    comes_by_itself(office, Trouble::TooMany).await;
}

async fn comes_by_itself(office: &mut Office, trouble: Trouble) {
    let (staff, id, proxy) = open(office).await;
    staff.admin.post("/auth/keys", soon("nightly")).await;
    let tab = office.browser_at(&proxy.root, Device::Phone, &[]).await;
    tab.go("").await;
    sign_in(&tab, ADMIN).await;
    tab.sees("Bo Ek").await;
    let fill = |text: &str| text.replace("ID", &id).replace("MIA", &staff.manager.id).replace("ADA", &staff.admin.id);
    for (path, requests, shown) in LOADS {
        proxy.fail(trouble, &fill(requests));
        tab.go(&fill(path)).await;
        tab.sees(trouble.detail()).await;
        tab.sees("We try again by ourselves.").await;
        proxy.heal();
        tab.sees_no_more(trouble.detail()).await;
        tab.sees(shown).await;
    }
    // So does the list of a manager.
    let tab = office.browser_at(&proxy.root, Device::Phone, &[]).await;
    tab.go("").await;
    sign_in(&tab, MANAGER).await;
    tab.sees("Bo Ek").await;
    proxy.fail(trouble, "GET /users/managed-customers/");
    tab.reload().await;
    tab.sees(trouble.detail()).await;
    proxy.heal();
    tab.sees("Bo Ek").await;
}

async fn a_page_that_does_not_start_starts_by_itself(office: &mut Office) {
    let (_, _, proxy) = open(office).await;
    let tab = office.browser_at(&proxy.root, Device::Phone, &[]).await;
    tab.go("").await;
    sign_in(&tab, ADMIN).await;
    tab.sees("Bo Ek").await;
    for trouble in Trouble::BOTH {
        for requests in ["GET /users/me/permissions", "POST /auth/refresh"] {
            proxy.fail(trouble, requests);
            tab.go("people").await;
            tab.sees(trouble.detail()).await;
            proxy.heal();
            tab.sees("Bo Ek").await;
        }
    }
}

/// A form: where it is, what leads to it, what is typed, the request that fails, the button, and what follows.
struct Saved {
    path: &'static str,
    presses: &'static [&'static str],
    types: &'static [(&'static str, &'static str)],
    requests: &'static str,
    button: &'static str,
    done: &'static str,
}

const SAVED: [Saved; 6] = [
    Saved {
        path: "people/ID",
        presses: &["Edit: Name"],
        types: &[("Name", "Bo Ekman")],
        requests: "PATCH /users/ID",
        button: "Save",
        done: "Saved.",
    },
    Saved {
        path: "people/new",
        presses: &[],
        types: &[("Phone", "+46701234560"), ("Name", "Cy Day")],
        requests: "POST /users/ ",
        button: "Add",
        done: "Cy Day is added.",
    },
    Saved {
        path: "people/new?role=manager",
        presses: &[],
        types: &[("Name", "Noa Field"), ("E-mail", "noa@example.com")],
        requests: "POST /users/ ",
        button: "Add and invite",
        done: "Noa Field",
    },
    Saved {
        path: "welcome",
        presses: &[],
        types: &[("Name", "Nia"), ("E-mail", "nia@example.com")],
        requests: "POST /users/ ",
        button: "Add the manager",
        done: "Nia is added.",
    },
    Saved {
        path: "keys/new",
        presses: &["Read a person"],
        types: &[("Name", "nightly")],
        requests: "POST /auth/keys",
        button: "Make the key",
        done: "I have it",
    },
    Saved {
        path: "me",
        presses: &[],
        types: &[("Current password", PASSWORD), ("New password", "another good sentence")],
        requests: "POST /auth/password/change",
        button: "Change the password",
        done: "Your password is changed.",
    },
];

async fn what_is_not_saved_is_kept_and_saved_again(office: &mut Office) {
    let (_, id, proxy) = open(office).await;
    let tab = office.browser_at(&proxy.root, Device::Phone, &[]).await;
    tab.go("").await;
    sign_in(&tab, ADMIN).await;
    tab.sees("Bo Ek").await;
    for form in SAVED {
        tab.go(&form.path.replace("ID", &id)).await;
        for name in form.presses {
            tab.press(name).await;
        }
        for (field, text) in form.types {
            tab.fill(field, text).await;
        }
        for trouble in Trouble::BOTH {
            proxy.fail(trouble, &form.requests.replace("ID", &id));
            tab.press(form.button).await;
            tab.sees(trouble.detail()).await;
            for (field, text) in form.types {
                assert_eq!(tab.value(field).await, *text, "{trouble:?} at {}", form.path);
            }
            proxy.heal();
            // It can be pressed again when the wait is over.
            tab.until("!document.querySelector('[role=timer]')").await;
        }
        tab.press(form.button).await;
        tab.sees(form.done).await;
        tab.sees_no_more(Trouble::TooMany.detail()).await;
    }
}

/// What is done with a press: where, the presses, the request that fails, and what follows when it does not.
const PRESSED: [(&str, &[&str], &str, &str); 8] = [
    ("approvals", &["Approve"], "PATCH /users/", "is approved and can sign in."),
    ("leaver/MIA", &["Show the preview"], "POST /users/MIA/handover", "Noa"),
    ("people/ID?tab=account", &["Deactivate", "Deactivate"], "PATCH /users/ID", "Bo Ek is inactive."),
    (
        "people/ID?tab=account",
        &["Sign them out everywhere", "Sign them out everywhere"],
        "DELETE /users/ID/sessions",
        "Bo Ek is signed out everywhere.",
    ),
    ("people/ID?tab=account", &["Download"], "GET /users/ID/data", ""),
    ("keys", &["Revoke nightly", "Revoke"], "DELETE /auth/keys/", "nightly is revoked."),
    ("me", &["End the session"], "DELETE /auth/sessions/", "The session has ended."),
    ("files", &["CSV for a spreadsheet"], "GET /users/export", ".csv"),
];

async fn what_is_refused_on_a_press_works_on_the_next(office: &mut Office) {
    let (staff, id, proxy) = open(office).await;
    staff.admin.post("/auth/keys", soon("nightly")).await;
    staff.admin.hire("noa@example.com", "Noa").await;
    let waiting = json!({ "email": "one@example.com", "password": PASSWORD, "display_name": "One" });
    let answer = reqwest::Client::new().post(office.app().url("/auth/signup")).json(&waiting).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    let tab = office.browser_at(&proxy.root, Device::Phone, &[]).await;
    tab.go("").await;
    sign_in(&tab, ADMIN).await;
    tab.sees("Bo Ek").await;
    for (path, presses, requests, done) in PRESSED {
        let fill = |text: &str| text.replace("ID", &id).replace("MIA", &staff.manager.id);
        tab.go(&fill(path)).await;
        if path.starts_with("leaver") {
            tab.press("Noa").await;
        }
        for trouble in Trouble::BOTH {
            proxy.fail(trouble, &fill(requests));
            for name in presses {
                tab.press(name).await;
            }
            tab.sees(trouble.detail()).await;
            tab.sees("Try again in 1 second.").await;
            proxy.heal();
        }
        for name in presses {
            tab.press(name).await;
        }
        tab.sees(done).await;
        tab.sees_no_more(Trouble::TooMany.detail()).await;
    }
}

async fn a_file_that_is_refused_is_sent_again(office: &mut Office) {
    let (_, _, proxy) = open(office).await;
    let folder = Folder::new();
    let file = folder.write("new.csv", "phone,display_name\n+46701234599,Ny Kund\n");
    let tab = office.browser_at(&proxy.root, Device::Phone, &[]).await;
    tab.go("").await;
    sign_in(&tab, MANAGER).await;
    tab.sees("Bo Ek").await;
    for trouble in Trouble::BOTH {
        tab.go("files").await;
        proxy.fail(trouble, "POST /users/import");
        tab.choose_file("input[type=file]", &file).await;
        tab.sees(trouble.detail()).await;
        proxy.heal();
        tab.press("Try again").await;
        tab.sees("Ny Kund").await;
        proxy.fail(trouble, "POST /users/import");
        tab.press("Import the file").await;
        tab.sees(trouble.detail()).await;
        tab.sees("Ny Kund").await;
        proxy.heal();
    }
    tab.press("Import the file").await;
    tab.sees("The file is imported").await;
}

async fn a_sign_in_that_is_refused_counts_the_wait(office: &mut Office) {
    let (_, _, proxy) = open(office).await;
    let tab = office.browser_at(&proxy.root, Device::Phone, &[]).await;
    tab.go("").await;
    tab.until("document.querySelector('.gate form')").await;
    for trouble in Trouble::BOTH {
        proxy.fail(trouble, "POST /auth/signin");
        sign_in(&tab, ADMIN).await;
        tab.sees(trouble.detail()).await;
        assert_eq!(tab.value("E-mail").await, ADMIN);
        proxy.heal();
    }
    tab.press("Sign in").await;
    tab.sees("Bo Ek").await;
}

/// An admin, a manager, one customer, and a proxy in front of the service.
async fn open(office: &mut Office) -> (Staff, String, Proxy) {
    let staff = office.start_with_staff(&[]).await;
    for trouble in Trouble::BOTH {
        office.expect_refusal(trouble.status(), "");
    }
    let id = staff.admin.enter_customer("Bo Ek", "+46701234567", &staff.manager.id).await;
    let proxy = Proxy::start(&office.app().address);
    (staff, id, proxy)
}

/// A key that ends tomorrow.
fn soon(name: &str) -> Value {
    let tomorrow = SystemClock.now() + std::time::Duration::from_hours(24);
    json!({ "name": name, "scopes": ["read_user"], "expires_at": tomorrow.to_rfc3339() })
}
