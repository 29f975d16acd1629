//! Customers from a file.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app::{Answer, Caller, TestApp, assert_problem, phone, send};
use crate::on_every_backend;

on_every_backend!(
    a_file_of_customers_is_entered,
    one_bad_line_aborts_the_whole,
    bad_lines_are_left_out_when_asked,
    those_who_exist_stay_or_change,
    metadata_is_merged,
    a_dry_run_writes_nothing,
    managers_import_their_own,
    lines_are_counted_and_files_of_spreadsheets_are_taken,
    every_bad_cell_is_named,
    what_is_no_such_file_is_refused,
    the_order_is_read_strictly,
    a_file_of_more_than_64_mib_is_refused,
    thousands_of_lines_are_one_transaction,
    two_instances_may_import_the_same_file,
    too_many_files_at_once_are_sent_away,
    whoever_leaves_before_the_last_line_imports_nothing,
);

const CSV: &str = "text/csv; charset=utf-8";

pub(crate) async fn import(caller: &Caller, query: &str, file: impl Into<reqwest::Body>) -> Answer {
    caller.post_text(&format!("/users/import{query}"), CSV, file).await
}

fn counts(answer: &Answer) -> (u64, u64, u64) {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let count = |name: &str| answer.body[name].as_u64().unwrap_or_else(|| panic!("{name} in {}", answer.text));
    (count("created"), count("updated"), count("skipped"))
}

/// Line, pointer and code of each error.
fn errors(answer: &Answer) -> Vec<(u64, &str, &str)> {
    let errors = answer.body["errors"].as_array().unwrap_or_else(|| panic!("no errors in {}", answer.text)).iter();
    let error = |error: &'_ Value| error["detail"].is_string();
    assert!(errors.clone().all(error), "{}", answer.text);
    errors
        .map(|error| {
            let text = |name: &str| error[name].as_str().unwrap();
            (error["line"].as_u64().unwrap(), text("pointer"), text("code"))
        })
        .collect()
}

async fn customers(caller: &Caller) -> Vec<Value> {
    caller.get("/users/managed-customers/?limit=200&sort=created_at").await.items().to_vec()
}

async fn customer(caller: &Caller, number: &str) -> Value {
    let found = caller.get(&format!("/users/managed-customers/?q={}", number.replace('+', "%2B"))).await;
    assert_eq!(found.items().len(), 1, "{}", found.text);
    found.items()[0].clone()
}

async fn events(admin: &Caller, subject: &Value) -> Vec<Value> {
    let answer = admin.get(&format!("/audit-events?subject_id={}", subject["id"].as_str().unwrap())).await;
    answer.items().to_vec()
}

async fn a_file_of_customers_is_entered(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let file = format!(
        "metadata,phone,assigned_manager_email,display_name\n\
         \"{{\"\"tier\"\":\"\"gold\"\",\"\"n\"\":null}}\",+998 90 000-00-01,Ann@Example.com,\"Ўктам, \"\"Ü\"\"\"\n\
         ,{},,\n",
        phone(2)
    );
    let request =
        admin.request("POST", "/users/import").header("content-type", "text/csv").header("x-request-id", "r-1");
    let answer = send(request.body(file)).await;
    assert_eq!(answer.body, json!({ "created": 2, "updated": 0, "skipped": 0, "errors": [] }), "{}", answer.text);

    let first = customer(&admin, &phone(1)).await;
    assert_eq!(first["display_name"], "Ўктам, \"Ü\"");
    assert_eq!(first["metadata"], json!({ "tier": "gold", "n": null }));
    assert_eq!(
        (first["assigned_manager_id"].as_str(), first["created_by"].as_str()),
        (Some(&*ann.id), Some(&*admin.id))
    );
    let second = customer(&admin, &phone(2)).await;
    assert_eq!((&second["display_name"], &second["metadata"]), (&Value::Null, &json!({})));
    assert_eq!((&second["assigned_manager_id"], &second["is_active"]), (&Value::Null, &json!(true)));

    let trail = events(&admin, &first).await;
    assert_eq!(trail.len(), 1, "{trail:?}");
    let entry = &trail[0];
    assert_eq!((entry["action"].as_str(), entry["actor_id"].as_str()), (Some("user.created"), Some(&*admin.id)));
    assert_eq!((entry["actor_role"].as_str(), entry["request_id"].as_str()), (Some("admin"), Some("r-1")));
    assert!(entry["address"].is_string());
    assert_eq!(entry["changes"]["phone"]["to"], phone(1));
    assert_eq!(app.customer(&phone(1)).await.id, first["id"].as_str().unwrap(), "they sign in as any customer does");
}

async fn one_bad_line_aborts_the_whole(app: TestApp) {
    let admin = app.admin().await;
    let entered = admin.enters(&phone(1)).await;
    let file = format!("phone,display_name\n{},Changed\n{},New\nnobody,x\n{},\n", phone(1), phone(2), phone(2));
    let events = async || admin.get("/audit-events?include_total=true").await.body["total"].as_u64().unwrap();
    let before = events().await;
    for query in ["", "?on_existing=update", "?on_error=abort&on_existing=update", "?dry_run=true"] {
        let answer = import(&admin, query, file.clone()).await;
        assert_problem(&answer, 422, "validation_failed");
        assert_eq!(errors(&answer), [(4, "/phone", "invalid_phone"), (5, "/phone", "repeated")], "{query}");
    }
    let there = customers(&admin).await;
    assert_eq!((there.len(), there[0]["id"].as_str()), (1, Some(&*entered)));
    assert_eq!(there[0]["display_name"], Value::Null);
    assert_eq!(events().await, before + 4, "the imports themselves, and nothing that they did");
}

async fn bad_lines_are_left_out_when_asked(app: TestApp) {
    let admin = app.admin().await;
    let mut file = "phone,assigned_manager_email\n".to_owned();
    for n in 0..450 {
        let _ = writeln!(file, "{},{}", phone(n), if n % 100 == 7 { "nobody@example.com" } else { "" });
    }
    let answer = import(&admin, "?on_error=skip", file.clone()).await;
    assert_eq!(counts(&answer), (445, 0, 0));
    let expected: Vec<_> =
        (0..5).map(|hundred| (hundred * 100 + 9, "/assigned_manager_email", "not_an_active_manager")).collect();
    assert_eq!(errors(&answer), expected);
    assert_eq!(counts(&import(&admin, "?on_error=skip", file).await), (0, 0, 445), "sent again, it does no harm");
    let total = admin.get("/users/managed-customers/?include_total=true&limit=1").await;
    assert_eq!(total.body["total"], 445);
}

async fn those_who_exist_stay_or_change(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let ben = app.manager(&admin, "ben@example.com").await;
    let body = json!({ "role": "customer", "phone": phone(1), "display_name": "Aziza", "metadata": { "a": 1 } });
    let id = ann.enters_person(body).await;
    let path = format!("/users/{id}");
    let before = admin.get(&path).await;

    let all = format!("phone,display_name,assigned_manager_email,metadata\n{},Zoë,ben@example.com,\n", phone(1));
    let nothing = format!("phone,display_name,assigned_manager_email,metadata\n{},,,\n", phone(1));
    for (query, file) in [("", &all), ("?on_existing=skip", &all), ("?on_existing=update", &nothing)] {
        assert_eq!(counts(&import(&admin, query, file.clone()).await), (0, 0, 1), "{query}");
        let there = admin.get(&path).await;
        assert_eq!((there.header("etag"), &there.body), (before.header("etag"), &before.body), "{query}");
    }
    assert_eq!(counts(&import(&admin, "?on_existing=update", all.clone()).await), (0, 1, 0));
    let after = admin.get(&path).await;
    assert_ne!(after.header("etag"), before.header("etag"));
    assert_eq!((&after.body["display_name"], &after.body["metadata"]), (&json!("Zoë"), &json!({ "a": 1 })));
    assert_eq!(
        (after.body["assigned_manager_id"].as_str(), after.body["created_by"].as_str()),
        (Some(&*ben.id), Some(&*ann.id))
    );
    let actions: Vec<_> = events(&admin, &after.body).await.iter().map(|e| e["action"].clone()).collect();
    assert_eq!(actions, ["customer.assigned", "user.updated", "user.created"]);
    assert_eq!(counts(&import(&admin, "?on_existing=update", all).await), (0, 0, 1), "there is nothing left to change");
}

async fn metadata_is_merged(app: TestApp) {
    let admin = app.admin().await;
    let body = json!({ "role": "customer", "phone": phone(1), "metadata": { "a": 1, "b": { "c": 2, "d": 3 } } });
    assert_eq!(admin.post("/users/", body).await.status, 201);
    let line =
        |metadata: Value| format!("phone,metadata\n{},\"{}\"\n", phone(1), metadata.to_string().replace('"', "\"\""));
    let answer = import(&admin, "?on_existing=update", line(json!({ "a": null, "b": { "c": 4 } }))).await;
    assert_eq!(counts(&answer), (0, 1, 0));
    assert_eq!(customer(&admin, &phone(1)).await["metadata"], json!({ "b": { "c": 4, "d": 3 } }));
    let answer = import(&admin, "?on_existing=update", line(json!({ "x": "y".repeat(16_000) }))).await;
    assert_eq!(counts(&answer), (0, 1, 0));
    let answer = import(&admin, "?on_existing=update", line(json!({ "z": "y".repeat(1_000) }))).await;
    assert_problem(&answer, 422, "validation_failed");
    assert_eq!(errors(&answer), [(2, "/metadata", "too_long")], "the bounds hold for the result");
}

async fn a_dry_run_writes_nothing(app: TestApp) {
    let admin = app.admin().await;
    admin.enters(&phone(1)).await;
    let before = customers(&admin).await;
    let file = format!("phone,display_name\n{},A\n{},B\n", phone(1), phone(2));
    assert_eq!(counts(&import(&admin, "?dry_run=true", file.clone()).await), (1, 0, 1));
    assert_eq!(counts(&import(&admin, "?dry_run=true&on_existing=update", file.clone()).await), (1, 1, 0));
    let answer = import(&admin, "?dry_run=true&on_existing=update&on_error=skip", file + "x,\n").await;
    assert_eq!((counts(&answer), errors(&answer)), ((1, 1, 0), vec![(4, "/phone", "invalid_phone")]));
    assert_eq!(customers(&admin).await, before);
}

async fn managers_import_their_own(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let ben = app.manager(&admin, "ben@example.com").await;
    ben.enters(&phone(1)).await;
    admin.enters(&phone(2)).await;
    ann.enters(&phone(3)).await;
    let file = format!(
        "phone,display_name,assigned_manager_email\n{},A,\n{},B,\n{},C,\n{},D,\n{},E,ann@example.com\n{},F,ben@example.com\n{},G,x@example.com\n",
        phone(1),
        phone(2),
        phone(3),
        phone(4),
        phone(5),
        phone(6),
        phone(7)
    );
    let answer = import(&ann, "?on_error=skip&on_existing=update", file).await;
    assert_eq!(counts(&answer), (2, 1, 0));
    let expected = [
        (2, "/phone", "phone_taken"),
        (3, "/phone", "phone_taken"),
        (7, "/assigned_manager_email", "forbidden"),
        (8, "/assigned_manager_email", "forbidden"),
    ];
    assert_eq!(errors(&answer), expected);
    for (n, name) in [(3, "C"), (4, "D"), (5, "E")] {
        let hers = customer(&ann, &phone(n)).await;
        assert_eq!((hers["display_name"].as_str(), hers["assigned_manager_id"].as_str()), (Some(name), Some(&*ann.id)));
    }
    assert_eq!(customer(&ben, &phone(1)).await["display_name"], Value::Null);
    let aziza = app.customer(&phone(9)).await;
    assert_problem(&import(&aziza, "", "phone\n").await, 403, "forbidden");
    assert_problem(&import(&app.anonymous(), "", "phone\n").await, 401, "invalid_token");
}

async fn lines_are_counted_and_files_of_spreadsheets_are_taken(app: TestApp) {
    let admin = app.admin().await;
    let file = format!(
        "\u{feff}display_name,phone,metadata\r\n'=Ann,'{},\"{{\r\n\r\n\"\"a\"\": 1}}\"\r\n,,\r\n\r\n\"x\ny\",{},\r\nz,,\r\n",
        phone(1),
        phone(2)
    );
    let answer = import(&admin, "?on_error=skip", file).await;
    assert_eq!(counts(&answer), (1, 0, 0));
    assert_eq!(errors(&answer), [(7, "/display_name", "invalid_character"), (9, "/phone", "required")]);
    let ann = customer(&admin, &phone(1)).await;
    assert_eq!((&ann["display_name"], &ann["metadata"]), (&json!("=Ann"), &json!({ "a": 1 })));
}

async fn every_bad_cell_is_named(app: TestApp) {
    let admin = app.admin().await;
    let header = "phone,display_name,assigned_manager_email,metadata\n";
    let answer = import(&admin, "", format!("{header}1,{},nobody,[]\n", "x".repeat(121))).await;
    assert_problem(&answer, 422, "validation_failed");
    let expected = [
        (2, "/phone", "invalid_phone"),
        (2, "/display_name", "too_long"),
        (2, "/assigned_manager_email", "invalid_email"),
        (2, "/metadata", "wrong_type"),
    ];
    assert_eq!(errors(&answer), expected);
    let large = format!("\"{{\"\"a\"\":\"\"{}\"\"}}\"", "x".repeat(17 * 1024));
    for (cells, pointer, code) in [
        (format!("{},\"a\0b\",,", phone(1)).into_bytes(), "/display_name", "invalid_character"),
        (format!("{},,,\"{{\"\"a\"\":\"\"\\u0000\"\"}}\"", phone(1)).into_bytes(), "/metadata", "invalid_character"),
        ([phone(1).as_bytes(), b",\xff\xfe,,"].concat(), "/display_name", "invalid_utf8"),
        (format!("{},,,7", phone(1)).into_bytes(), "/metadata", "wrong_type"),
        (format!("{},,,{{", phone(1)).into_bytes(), "/metadata", "malformed_json"),
        (format!("{},,,{large}", phone(1)).into_bytes(), "/metadata", "too_long"),
        (format!("{},,,,x", phone(1)).into_bytes(), "", "wrong_number_of_cells"),
        (format!("{},\"a,,", phone(1)).into_bytes(), "", "unclosed_quote"),
        (b",a,,".to_vec(), "/phone", "required"),
    ] {
        let answer = import(&admin, "", [header.as_bytes(), &cells, b"\n"].concat()).await;
        assert_problem(&answer, 422, "validation_failed");
        assert_eq!(errors(&answer), [(2, pointer, code)], "{}", String::from_utf8_lossy(&cells));
    }
    assert_eq!(customers(&admin).await, Vec::<Value>::new());
}

async fn what_is_no_such_file_is_refused(app: TestApp) {
    let admin = app.admin().await;
    let file = format!("phone\n{}\n", phone(1));
    for content_type in ["application/json", "text/plain", "text/csv; charset=windows-1251", "text/csv; header=absent"]
    {
        let answer = admin.post_text("/users/import", content_type, file.clone()).await;
        assert_problem(&answer, 415, "unsupported_media_type");
    }
    let gzip = admin.request("POST", "/users/import").header("content-type", CSV).header("content-encoding", "gzip");
    assert_problem(&send(gzip.body(file.clone())).await, 415, "unsupported_media_type");
    for (header, expected) in [
        ("", vec![(1, "/phone", "required")]),
        ("display_name", vec![(1, "/phone", "required")]),
        ("phone,wings,role", vec![(1, "/wings", "unknown_column"), (1, "/role", "unknown_column")]),
        ("phone,metadata,phone", vec![(1, "/phone", "repeated")]),
    ] {
        for query in ["", "?on_error=skip", "?dry_run=true"] {
            let answer = import(&admin, query, header.to_owned()).await;
            assert_problem(&answer, 422, "validation_failed");
            assert_eq!(errors(&answer), expected, "{header:?}");
        }
    }
    assert_eq!(counts(&import(&admin, "", "phone\n").await), (0, 0, 0));
    assert_problem(&admin.get("/users/import").await, 405, "method_not_allowed");
    assert_eq!(customers(&admin).await, Vec::<Value>::new());
}

async fn the_order_is_read_strictly(app: TestApp) {
    let admin = app.admin().await;
    for (query, pointer) in [
        ("?wings=2", "/wings"),
        ("?dry_run=yes", "/dry_run"),
        ("?on_error=ignore", "/on_error"),
        ("?on_existing=abort", "/on_existing"),
        ("?dry_run=true&dry_run=true", "/dry_run"),
    ] {
        let answer = import(&admin, query, "phone\n").await;
        assert_problem(&answer, 422, "validation_failed");
        assert_eq!(answer.pointers(), [pointer], "{query}");
    }
}

async fn a_file_of_more_than_64_mib_is_refused(app: TestApp) {
    let admin = app.admin().await;
    let mut stream = begun_upload(&app, &admin, 64 * 1024 * 1024 + 1).await;
    let answer = read_head(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    // A file without a declared length is refused when it has become too large.
    let mut stream = begin_upload(&app, &admin, "Transfer-Encoding: chunked\r\n\r\n6\r\nphone\n\r\n").await;
    let chunk = format!("100000\r\n{}\r\n", "\n".repeat(1024 * 1024));
    for _ in 0..63 {
        stream.write_all(chunk.as_bytes()).await.unwrap();
    }
    // Exactly one byte too many: nothing stays unread, which would break the connection.
    stream.write_all(format!("ffffb\r\n{}", "\n".repeat(0xffffb)).as_bytes()).await.unwrap();
    let answer = read_head(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    // A file of that size and no larger is taken.
    let mut file = format!("phone\n{}\n", phone(1));
    while file.len() < 64 * 1024 * 1024 {
        let blank = " ".repeat(1023.min(64 * 1024 * 1024 - file.len() - 1));
        file.extend([&blank, "\n"]);
    }
    assert_eq!(file.len(), 64 * 1024 * 1024);
    assert_eq!(counts(&import(&admin, "", file).await), (1, 0, 0));
}

async fn thousands_of_lines_are_one_transaction(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let mut file = "phone,display_name,metadata\n".to_owned();
    for n in 0..2_500 {
        let _ = writeln!(file, "{},Customer {n},\"{{\"\"n\"\":{n}}}\"", phone(n));
    }
    assert_eq!(counts(&import(&ann, "", file.clone()).await), (2_500, 0, 0));
    let page = ann.get("/users/managed-customers/?include_total=true&limit=1&q=Customer%202499").await;
    assert_eq!((&page.body["total"], &page.items()[0]["metadata"]), (&json!(1), &json!({ "n": 2_499 })));
    let changed = file.replace("Customer", "Client");
    assert_eq!(counts(&import(&ann, "?on_existing=update", changed).await), (0, 2_500, 0));
    let trail = admin.get("/audit-events?action=user.updated&include_total=true&limit=1").await;
    assert_eq!(trail.body["total"], 2_500);
}

async fn two_instances_may_import_the_same_file(app: TestApp) {
    let admin = app.admin().await;
    let other = app.another(|_| {}).await;
    let elsewhere = other.with_token(admin.token.as_deref().unwrap());
    let mut file = "phone\n".to_owned();
    for n in 0..1_000 {
        let _ = writeln!(file, "{}", phone(n));
    }
    let (one, two) = tokio::join!(
        import(&admin, "?on_error=skip", file.clone()),
        import(&elsewhere, "?on_error=skip", file.clone())
    );
    let (one, two) = (counts(&one), counts(&two));
    assert_eq!((one.0 + two.0, one.2 + two.2), (1_000, 1_000), "{one:?} {two:?}");
}

/// A body that has begun to arrive.
async fn begun_upload(app: &TestApp, caller: &Caller, length: u64) -> TcpStream {
    begin_upload(app, caller, &format!("Content-Length: {length}\r\n\r\nphone\n")).await
}

/// An upload whose head ends, and whose body begins, with this text.
async fn begin_upload(app: &TestApp, caller: &Caller, rest: &str) -> TcpStream {
    let mut stream = TcpStream::connect(app.address.trim_start_matches("http://")).await.unwrap();
    let token = caller.token.as_deref().unwrap();
    let head = format!(
        "POST /users/import HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: text/csv\r\n{rest}"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    while !answer.windows(4).any(|window| window == b"\r\n\r\n") {
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).await.unwrap();
        assert_ne!(count, 0, "{}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

async fn too_many_files_at_once_are_sent_away(app: TestApp) {
    let admin = app.admin().await;
    let mut slow = Vec::new();
    for _ in 0..4 {
        slow.push(begun_upload(&app, &admin, 1_000).await);
    }
    // They may not have been noticed at once, and one that came while this one was read was sent away itself.
    let busy = loop {
        let answer = import(&admin, "", "phone\n").await;
        if answer.status != 200 {
            break answer;
        }
        for stream in &mut slow {
            if stream.try_read(&mut [0]).is_ok() {
                *stream = begun_upload(&app, &admin, 1_000).await;
            }
        }
    };
    assert_problem(&busy, 503, "unavailable");
    assert!(busy.header("retry-after").parse::<u64>().unwrap() > 0);
    assert_eq!(admin.get("/users/").await.status, 200, "everything else goes on");
    for stream in &mut slow {
        stream.write_all(&[b'\n'; 994]).await.unwrap();
        assert!(read_head(stream).await.starts_with("HTTP/1.1 200"));
    }
    assert_eq!(counts(&import(&admin, "", "phone\n").await), (0, 0, 0));
}

async fn whoever_leaves_before_the_last_line_imports_nothing(app: TestApp) {
    let app = app.another(|settings| settings.limits.enabled = false).await;
    let admin = app.admin().await;
    let mut file = "phone\n".to_owned();
    for n in 0..100_000 {
        let _ = writeln!(file, "{}", phone(n));
    }
    let last_line = file.trim_end().rfind('\n').unwrap() + 1;
    // More often than files may arrive at once.
    for _ in 0..5 {
        // The one before may not have been noticed at once.
        loop {
            let mut stream = begin_upload(&app, &admin, &format!("Content-Length: {}\r\n\r\n", file.len())).await;
            if stream.write_all(&file.as_bytes()[..last_line]).await.is_ok() && stream.try_read(&mut [0]).is_err() {
                break;
            }
        }
    }
    let done = loop {
        let answer = import(&admin, "", format!("phone\n{}\n", phone(1))).await;
        if answer.status != 503 {
            break answer;
        }
    };
    assert_eq!(counts(&done), (1, 0, 0), "nobody was entered before");
    let everybody = admin.get("/users/?role=customer&include_total=true").await;
    assert_eq!(everybody.body["total"], 1);
    let trail = admin.get("/audit-events?action=users.imported&include_total=true").await;
    assert_eq!(trail.body["total"], 1, "{}", trail.text);
}
