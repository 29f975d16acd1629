//! What people really type and paste: phones, codes, names, e-mails, numbers.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Answer, Caller, PASSWORD, TestApp, assert_problem, phone, send};
use crate::import::import;
use crate::on_every_backend;

on_every_backend!(
    a_phone_is_taken_as_it_is_pasted,
    a_code_is_taken_as_it_is_pasted,
    what_is_not_six_digits_is_a_wrong_code,
    a_name_in_which_nothing_is_seen_is_none,
    two_spellings_of_an_email_are_one,
    numbers_come_back_as_sent_or_are_refused,
    the_limit_of_a_search_is_on_what_was_typed,
    a_file_of_a_spreadsheet_is_taken_and_given,
);

/// `+998900000001` in the ways of contact lists, messengers and keyboards.
const PASTED: [&str; 8] = [
    "\u{202a}+998 90 000 00 01\u{202c}",
    "\u{202d}+998900000001\u{202c}",
    "\u{2068}+998 90 000-00-01\u{2069}",
    "+998\u{a0}90\u{2013}000\u{2012}00\u{2212}01",
    "(+998) 90 000 00 01",
    "＋９９８９０００００００１",
    "+٩٩٨ ٩٠ ٠٠٠ ٠٠ ٠١",
    "\u{feff}+998.90.000.00.01\u{200b}",
];

/// A request whose body is sent as it stands.
async fn raw(caller: &Caller, method: Method, path: &str, body: &str) -> Answer {
    let request = caller.request(method.as_str(), path).header("content-type", "application/json");
    send(request.body(body.to_owned())).await
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn a_phone_is_taken_as_it_is_pasted(app: TestApp) {
    let admin = app.admin().await;
    let id = admin.enters(&phone(9)).await;
    for pasted in PASTED {
        let patched = admin.patch(&format!("/users/{id}"), json!({ "phone": pasted })).await;
        assert_eq!(
            (patched.status.code(), &patched.body["phone"]),
            (200, &json!(phone(1))),
            "{pasted:?}: {}",
            patched.text
        );
        let again = admin.post("/users/", json!({ "role": "customer", "phone": pasted })).await;
        assert_problem(&again, 409, "phone_taken");
        let found = admin.get(&format!("/users/?q={}", encoded(pasted))).await;
        assert_eq!(found.items().len(), 1, "{pasted:?}: {}", found.text);
        let file = format!("phone\n\"{pasted}\"\n");
        assert_eq!(import(&admin, "", file).await.body["skipped"], 1, "{pasted:?}");
    }
    let asked = app.anonymous().post("/auth/signin", json!({ "phone": PASTED[0] })).await;
    let code = app.code(&phone(1)).await;
    assert_eq!(app.verify(&asked, &code).await.body["user"]["id"], id);
    let wrong = admin.post("/users/", json!({ "role": "customer", "phone": "+44 (٠)20 7946 0018" })).await;
    assert_problem(&wrong, 422, "validation_failed");
}

async fn a_code_is_taken_as_it_is_pasted(app: TestApp) {
    let spellings: [fn(&str, &str) -> String; 6] = [
        |a, b| format!("{a} {b}"),
        |a, b| format!("{a}-{b}\n"),
        |a, b| format!("{a}\u{a0}{b}"),
        |a, b| format!("\u{202a}{a}\u{2013}{b}\u{202c}"),
        |a, b| {
            format!("{a}{b}").bytes().map(|digit| char::from_u32(0xff10 + u32::from(digit - b'0')).unwrap()).collect()
        },
        |a, b| {
            format!("{a}{b}").bytes().map(|digit| char::from_u32(0x660 + u32::from(digit - b'0')).unwrap()).collect()
        },
    ];
    for (n, spell) in spellings.into_iter().enumerate() {
        let asked = app.anonymous().post("/auth/signup", json!({ "phone": phone(n) })).await;
        let code = app.code(&phone(n)).await;
        let typed = spell(&code[..3], &code[3..]);
        assert_eq!(app.verify(&asked, &typed).await.status, 200, "{typed:?}");
    }
}

/// The same answer as for any wrong code, and the same price: there is one way to be wrong.
async fn what_is_not_six_digits_is_a_wrong_code(app: TestApp) {
    let asked = app.anonymous().post("/auth/signup", json!({ "phone": phone(1) })).await;
    let code = app.code(&phone(1)).await;
    for (typed, left) in [(format!("{code}0"), 4), ("code".to_owned(), 3), (format!("+{code}"), 2)] {
        let refused = app.verify(&asked, &typed).await;
        assert_problem(&refused, 401, "invalid_code");
        assert_eq!(refused.body["tries_left"], left, "{typed:?}");
    }
    assert_eq!(app.verify(&asked, &code).await.status, 200);
}

async fn a_name_in_which_nothing_is_seen_is_none(app: TestApp) {
    let admin = app.admin().await;
    for (n, blank) in ["\u{200b}", "\u{a0}\u{3164}", "\u{202a}\u{202c}", "\u{2800}"].into_iter().enumerate() {
        let entered =
            admin.post("/users/", json!({ "role": "customer", "phone": phone(n), "display_name": blank })).await;
        assert_eq!((entered.status.code(), &entered.body["display_name"]), (201, &Value::Null), "{blank:?}");
        let path = format!("/users/{}", entered.body["id"].as_str().unwrap());
        for (name, shown) in [("Ann", json!("Ann")), (blank, Value::Null)] {
            let patched = admin.patch(&path, json!({ "display_name": name })).await;
            assert_eq!((patched.status.code(), &patched.body["display_name"]), (200, &shown), "{blank:?}");
        }
        let asked =
            app.anonymous().post("/auth/signup", json!({ "phone": phone(10 + n), "display_name": blank })).await;
        let code = app.code(&phone(10 + n)).await;
        assert_eq!(app.verify(&asked, &code).await.body["user"]["display_name"], Value::Null);
        let file = format!("phone,display_name\n{},{blank}\n", phone(20 + n));
        assert_eq!(import(&admin, "", file).await.body["created"], 1);
    }
    let all = admin.get("/users/?sort=display_name&role=customer&limit=200").await;
    assert!(all.items().iter().all(|user| user["display_name"].is_null()), "{}", all.text);
}

async fn two_spellings_of_an_email_are_one(app: TestApp) {
    let admin = app.admin().await;
    let (shown, sent) = ("ann@bücher.example", "ann@xn--bcher-kva.example");
    let body = |email: &str| json!({ "role": "manager", "email": email, "password": PASSWORD });
    let entered = admin.post("/users/", body("Ann@BÜCHER.example")).await;
    assert_eq!((entered.status.code(), &entered.body["email"]), (201, &json!(shown)), "{}", entered.text);
    let (id, etag) = (entered.body["id"].as_str().unwrap().to_owned(), entered.header("etag").to_owned());
    for email in [shown, sent, "ann@bu\u{308}cher.example", "ANN@XN--BCHER-KVA.EXAMPLE"] {
        assert_problem(&admin.post("/users/", body(email)).await, 409, "email_taken");
        let signed_in = app.anonymous().post("/auth/signin", json!({ "email": email, "password": PASSWORD })).await;
        assert_eq!((signed_in.status.code(), &signed_in.body["user"]["email"]), (200, &json!(shown)), "{email}");
        let patched = admin.patch(&format!("/users/{id}"), json!({ "email": email })).await;
        assert_eq!((patched.status.code(), patched.header("etag")), (200, &*etag), "{email} changes nothing");
        let found = admin.get(&format!("/users/?q={}", encoded(email))).await;
        assert_eq!(found.items().len(), 1, "{email}: {}", found.text);
    }
    for (n, email) in [shown, sent].into_iter().enumerate() {
        let file = format!("phone,assigned_manager_email\n{},{email}\n", phone(n));
        assert_eq!(import(&admin, "", file).await.body["created"], 1);
        let found = admin.get(&format!("/users/?q={}", encoded(&phone(n)))).await;
        assert_eq!(found.items()[0]["assigned_manager_id"], *id, "{email}");
    }
    let export = admin.get("/users/export").await.text;
    assert!(export.contains(shown) && !export.contains("xn--"), "{export}");
    let events = admin.get(&format!("/audit-events?subject_id={id}&action=user.created")).await;
    assert_eq!(events.items()[0]["changes"]["email"]["to"], shown);
    // Guesses in both spellings are guesses of one account.
    let second = admin.post("/users/", body("ben@xn--bcher-kva.example")).await;
    assert_eq!((second.status.code(), &second.body["email"]), (201, &json!("ben@bücher.example")));
    assert_problem(&admin.post("/users/", body("ann@xn--a.example")).await, 422, "validation_failed");
}

/// Literals that are taken, and how they are written from then on.
const KEPT: [(&str, &str); 14] = [
    ("1.0", "1.0"),
    ("1.50", "1.5"),
    ("1E5", "100000.0"),
    ("0.1", "0.1"),
    ("0.30000000000000004", "0.30000000000000004"),
    ("1e16", "10000000000000000"),
    ("1e22", "1e+22"),
    ("100000000000000000000000", "1e+23"),
    ("18446744073709551615", "18446744073709551615"),
    ("-9223372036854775808", "-9223372036854775808"),
    ("9007199254740993", "9007199254740993"),
    ("5e-324", "5e-324"),
    ("1.7976931348623157e308", "1.7976931348623157e+308"),
    ("0", "0"),
];
const REFUSED: [&str; 8] = [
    "123456789012345678901234",
    "18446744073709551616",
    "-9223372036854775809",
    "1e400",
    "-1e400",
    "1e-400",
    "0.1000000000000000055511151231257827",
    "-0",
];

async fn numbers_come_back_as_sent_or_are_refused(app: TestApp) {
    let admin = app.admin().await;
    let list = |side: fn(&(&str, &str)) -> String| KEPT.iter().map(side).collect::<Vec<_>>().join(",");
    let (sent, shown) = (list(|pair| pair.0.to_owned()), list(|pair| pair.1.to_owned()));
    let body = format!(r#"{{"role":"customer","phone":"{}","metadata":{{"n":[{sent}]}}}}"#, phone(1));
    let wanted = format!(r#""metadata":{{"n":[{shown}]}}"#);
    let create = async || {
        let request = admin.request("POST", "/users/").header("content-type", "application/json");
        send(request.header("idempotency-key", "k").body(body.clone())).await
    };
    let entered = create().await;
    assert!(entered.status == 201 && entered.text.contains(&wanted), "{}", entered.text);
    assert_eq!(create().await.text, entered.text, "the first answer again");
    let path = format!("/users/{}", entered.body["id"].as_str().unwrap());
    let patched = raw(&admin, Method::PATCH, &path, &format!(r#"{{"metadata":{{"m":{{"n":[{sent}]}}}}}}"#)).await;
    assert!(patched.text.contains(&format!(r#""m":{{"n":[{shown}]}}"#)), "{}", patched.text);
    assert_eq!(raw(&admin, Method::PATCH, &path, r#"{"metadata":{"m":null}}"#).await.status, 200);
    let file = format!("phone,metadata\n{},\"{{\"\"n\"\":[{sent}]}}\"\n", phone(2));
    assert_eq!(import(&admin, "", file.clone()).await.body["created"], 1);
    assert_eq!(import(&admin, "?on_existing=update", file).await.body["skipped"], 1, "it is equal to what is there");
    let export = admin.get_with("/users/export?role=customer", &[("accept", "application/x-ndjson")]).await;
    assert_eq!(export.text.matches(&wanted).count(), 2, "{}", export.text);
    let csv = admin.get("/users/export?role=customer").await.text;
    assert_eq!(csv.matches(&format!("[{shown}]")).count(), 2, "{csv}");
    for literal in REFUSED {
        let body = format!(r#"{{"role":"customer","phone":"{}","metadata":{{"a":[1,{{"n":{literal}}}]}}}}"#, phone(3));
        let refused = raw(&admin, Method::POST, "/users/", &body).await;
        assert_problem(&refused, 422, "validation_failed");
        assert_eq!(refused.body["errors"][0]["code"], "inexact_number", "{literal}");
        assert_eq!(refused.pointers(), ["/metadata/a/1/n"], "{literal}");
        let change = format!(r#"{{"metadata":{{"n":{literal}}}}}"#);
        let refused = raw(&admin, Method::PATCH, &path, &change).await;
        assert_problem(&refused, 422, "validation_failed");
        assert_eq!(refused.pointers(), ["/metadata/n"], "{literal}");
        let file = format!("phone,metadata\n{},\"{{\"\"n\"\":{literal}}}\"\n", phone(3));
        let refused = import(&admin, "", file).await;
        assert_problem(&refused, 422, "validation_failed");
        assert_eq!(refused.body["errors"][0]["code"], "inexact_number", "{literal}");
    }
    // Under the key of another request it is another request, however it is rounded.
    let other = body.replace("[1.0,", "[1.0000000000000000001,");
    let request = admin.request("POST", "/users/").header("content-type", "application/json");
    assert_problem(&send(request.header("idempotency-key", "k").body(other)).await, 422, "idempotency_key_reused");
}

async fn the_limit_of_a_search_is_on_what_was_typed(app: TestApp) {
    let admin = app.admin().await;
    let name = "ﬃ".repeat(120);
    let body = json!({ "role": "customer", "phone": phone(1), "display_name": name });
    assert_eq!(admin.post("/users/", body).await.status, 201);
    let found = admin.get(&format!("/users/?q={}", encoded(&name))).await;
    assert_eq!((found.status.code(), found.items().len()), (200, 1), "{}", found.text);
    let found = admin.get(&format!("/users/?q={}", encoded(&"ﬃ".repeat(254)))).await;
    assert_eq!((found.status.code(), found.items().len()), (200, 0));
    assert_problem(&admin.get(&format!("/users/?q={}", "a".repeat(255))).await, 422, "validation_failed");
}

async fn a_file_of_a_spreadsheet_is_taken_and_given(app: TestApp) {
    let admin = app.admin().await;
    let file = format!(
        "\u{feff}phone,,display_name,metadata,\r\n{},,\"'=1+1\"\r\n{}\r\n\u{a0},\u{3000},,,\r\n \u{a0}\r\n,,,,,,\r\n",
        phone(1),
        phone(2)
    );
    let imported = import(&admin, "", file).await;
    assert_eq!(imported.body, json!({ "created": 2, "updated": 0, "skipped": 0, "errors": [] }), "{}", imported.text);
    let more = import(&admin, "", format!("phone,\n{},x\n", phone(3))).await;
    assert_problem(&more, 422, "validation_failed");
    assert_eq!(
        (&more.body["errors"][0]["line"], &more.body["errors"][0]["code"]),
        (&json!(2), &json!("wrong_number_of_cells"))
    );
    let utf16: Vec<u8> = format!("\u{feff}phone\n{}\n", phone(3)).encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (file, words) in [
        (utf16, "UTF-16"),
        (format!("phone;display_name\n{};x\n", phone(3)).into_bytes(), "semicolons"),
        (format!("phone\tdisplay_name\n{}\tx\n", phone(3)).into_bytes(), "tabs"),
        ([b"phone,display_name\n", phone(3).as_bytes(), b",Ren\xe9\n"].concat(), "UTF-8"),
    ] {
        let refused = import(&admin, "", file).await;
        assert_problem(&refused, 422, "validation_failed");
        assert_eq!(refused.body["errors"].as_array().unwrap().len(), 1, "{}", refused.text);
        let detail = refused.body["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.contains(words) && detail.contains("CSV UTF-8 (comma delimited)"), "{detail}");
    }
    let (plain, marked) = (admin.get("/users/export").await.text, admin.get("/users/export?bom=true").await);
    // Some clients take the mark off a text.
    let request = admin.request("GET", "/users/export?bom=true");
    let bytes = request.send().await.unwrap().bytes().await.unwrap();
    assert!(marked.status == 200 && bytes.starts_with(b"\xef\xbb\xbfphone,"), "{}", marked.text);
    assert_eq!(&bytes[3..], plain.as_bytes());
    assert!(plain.contains("'=1+1"), "{plain}");
    assert_eq!(admin.get("/users/export?bom=false").await.text, plain);
    assert_eq!(import(&admin, "?on_existing=update", bytes).await.body["updated"], 0, "an export comes in again");
    let ndjson = [("accept", "application/x-ndjson")];
    let refused = admin.get_with("/users/export?bom=true", &ndjson).await;
    assert_problem(&refused, 422, "validation_failed");
    assert_eq!(refused.pointers(), ["/bom"]);
    assert_eq!(admin.get_with("/users/export?bom=false", &ndjson).await.status, 200);
    assert_problem(&admin.get("/users/export?bom=1").await, 422, "validation_failed");
}
