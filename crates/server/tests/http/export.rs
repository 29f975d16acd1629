//! People as a file.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::app::{Caller, TestApp, assert_problem, phone};
use crate::import::import;
use crate::on_every_backend;

on_every_backend!(
    each_caller_exports_their_own,
    a_customer_and_a_manager_have_their_columns,
    json_lines_are_the_objects_of_the_list,
    filters_and_orders_are_those_of_the_lists,
    what_a_spreadsheet_would_run_is_defused,
    all_pages_are_one_file,
    an_export_can_be_imported,
    a_failure_midway_does_not_pass_for_a_whole_file,
);

/// The lines of an export, by column.
async fn exported(caller: &Caller, query: &str) -> Vec<BTreeMap<String, String>> {
    let answer = caller.get(&format!("/users/export{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    csv::Reader::from_reader(answer.text.as_bytes()).deserialize().map(Result::unwrap).collect()
}

async fn phones(caller: &Caller, query: &str) -> Vec<String> {
    exported(caller, query).await.iter().map(|line| line["phone"].clone()).collect()
}

async fn each_caller_exports_their_own(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let ben = app.manager(&admin, "ben@example.com").await;
    ann.enters(&phone(1)).await;
    ben.enters(&phone(2)).await;
    let customer = app.customer(&phone(3)).await;
    let count = async |caller: &Caller| exported(caller, "").await.len();
    assert_eq!(count(&admin).await, 6);
    assert_eq!(phones(&ann, "").await, [phone(1)]);
    assert_eq!(phones(&ben, "").await, [phone(2)]);
    assert_eq!(phones(&ann, "?role=manager").await, Vec::<String>::new());
    assert_eq!(phones(&ann, &format!("?assigned_manager_id={}", ben.id)).await, Vec::<String>::new());
    assert_problem(&customer.get("/users/export").await, 403, "forbidden");
    assert_problem(&app.anonymous().get("/users/export").await, 401, "invalid_token");
}

async fn a_customer_and_a_manager_have_their_columns(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let body =
        json!({ "role": "customer", "phone": phone(1), "display_name": "A, \"B\"", "metadata": { "a": [1, null] } });
    let id = ann.enters_person(body).await;
    let answer = admin.get("/users/export?sort=created_at").await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    let disposition = answer.header("content-disposition");
    assert!(
        disposition.starts_with("attachment; filename=\"users-") && disposition.ends_with(".csv\""),
        "{disposition}"
    );
    assert_eq!(
        answer.text.lines().next().unwrap(),
        "phone,display_name,assigned_manager_email,metadata,id,role,is_active,verified_at,email,tin_trunk_number,\
         verification_method,created_by,assigned_manager_id,created_at,updated_at"
    );
    let lines = exported(&admin, "?sort=created_at").await;
    let there = admin.get(&format!("/users/{id}")).await.good().body;
    let text = |name: &str| there[name].as_str().unwrap_or_default().to_owned();
    let of_customer = &lines[2];
    for name in ["id", "phone", "display_name", "created_by", "assigned_manager_id", "created_at", "updated_at", "role"]
    {
        assert_eq!(of_customer[name], text(name), "{name}");
    }
    assert_eq!(of_customer["assigned_manager_email"], "ann@example.com");
    assert_eq!((of_customer["metadata"].as_str(), of_customer["is_active"].as_str()), ("{\"a\":[1,null]}", "true"));
    assert_eq!((of_customer["email"].as_str(), of_customer["verified_at"].as_str()), ("", ""));
    let of_manager = &lines[1];
    assert_eq!(
        (of_manager["email"].as_str(), of_manager["verification_method"].as_str()),
        ("ann@example.com", "email")
    );
    assert_eq!((of_manager["metadata"].as_str(), of_manager["created_by"].as_str()), ("", ""));
    let head = crate::app::send(admin.request("HEAD", "/users/export")).await;
    assert_eq!((head.status.code(), head.text.as_str()), (200, ""));
}

async fn json_lines_are_the_objects_of_the_list(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    for n in 0..5 {
        ann.enters(&phone(n)).await;
    }
    for (caller, path) in [(&admin, "/users/?limit=200"), (&ann, "/users/managed-customers/?limit=200")] {
        let answer = caller.get_with("/users/export", &[("accept", "application/x-ndjson")]).await;
        assert_eq!((answer.status.code(), answer.header("content-type")), (200, "application/x-ndjson"));
        assert!(answer.header("content-disposition").ends_with(".ndjson\""));
        assert_eq!(answer.header("vary"), "accept");
        let lines: Vec<Value> = answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines, caller.get(path).await.items());
    }
}

async fn filters_and_orders_are_those_of_the_lists(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    for (n, name) in ["b", "a", "c"].into_iter().enumerate() {
        let body = json!({ "role": "customer", "phone": phone(n), "display_name": name, "is_active": n != 2 });
        let caller = if n == 0 { &ann } else { &admin };
        assert_eq!(caller.post("/users/", body).await.status, 201);
    }
    for (query, expected) in [
        ("?role=customer&sort=display_name".to_owned(), vec![1, 0, 2]),
        ("?role=customer".to_owned(), vec![2, 1, 0]),
        ("?role=customer&is_active=true&sort=created_at".to_owned(), vec![0, 1]),
        (format!("?assigned_manager_id={}", ann.id), vec![0]),
        ("?assigned_manager_id=none&sort=created_at".to_owned(), vec![1, 2]),
        (format!("?created_by={}", ann.id), vec![0]),
        ("?q=C".to_owned(), vec![2]),
        ("?created_to=2000-01-01T00:00:00Z".to_owned(), vec![]),
    ] {
        let expected: Vec<_> = expected.into_iter().map(phone).collect();
        assert_eq!(phones(&admin, &query).await, expected, "{query}");
    }
    for (query, pointer) in [
        ("?limit=10", "/limit"),
        ("?cursor=x", "/cursor"),
        ("?include_total=true", "/include_total"),
        ("?wings=2", "/wings"),
        ("?sort=phone", "/sort"),
    ] {
        let answer = admin.get(&format!("/users/export{query}")).await;
        assert_problem(&answer, 422, "validation_failed");
        assert_eq!(answer.pointers(), [pointer], "{query}");
    }
}

async fn what_a_spreadsheet_would_run_is_defused(app: TestApp) {
    let admin = app.admin().await;
    let names = ["=HYPERLINK(\"http://x\")", "+1", "-1", "@a", "＝1", "'=1", "'t Hooft", "plain"];
    for (n, name) in names.iter().enumerate() {
        let body = json!({ "role": "customer", "phone": phone(n), "display_name": name });
        assert_eq!(admin.post("/users/", body).await.status, 201);
    }
    let manager = json!({ "role": "manager", "email": "=m@example.com", "tin_trunk_number": "=2+2", "password": crate::app::PASSWORD });
    assert_eq!(admin.post("/users/", manager).await.status, 201);
    let lines = exported(&admin, "?role=customer&sort=created_at").await;
    let cells: Vec<_> = lines.iter().map(|line| line["display_name"].as_str()).collect();
    assert_eq!(cells, ["'=HYPERLINK(\"http://x\")", "'+1", "'-1", "'@a", "'＝1", "''=1", "'t Hooft", "plain"]);
    assert!(lines.iter().enumerate().all(|(n, line)| line["phone"] == phone(n)));
    let manager = &exported(&admin, "?role=manager").await[0];
    assert_eq!((manager["email"].as_str(), manager["tin_trunk_number"].as_str()), ("'=m@example.com", "'=2+2"));
}

async fn all_pages_are_one_file(app: TestApp) {
    let admin = app.admin().await;
    many(&admin, 450).await;
    let expected: Vec<_> = (0..450).map(phone).collect();
    let mut found = phones(&admin, "?role=customer&sort=created_at").await;
    found.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(phones(&admin, "?role=customer&sort=display_name").await.len(), 450);
}

async fn many(admin: &Caller, count: usize) {
    let mut file = "phone,display_name\n".to_owned();
    for n in 0..count {
        let _ = writeln!(file, "{},Customer {n}", phone(n));
    }
    let answer = import(admin, "", file).await;
    assert_eq!(answer.body["created"], count, "{}", answer.text);
}

async fn an_export_can_be_imported(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    for (n, (name, metadata)) in [
        (json!("'=1"), json!({ "a": null, "b": [null, "'"] })),
        (json!("=1\"x\""), json!({})),
        (json!("'t Hooft, Ў"), json!({ "=x": "+1" })),
        (Value::Null, json!({ "deep": { "er": { "null": null } } })),
    ]
    .into_iter()
    .enumerate()
    {
        let caller = if n % 2 == 0 { &ann } else { &admin };
        let body = json!({ "role": "customer", "phone": phone(n), "display_name": name, "metadata": metadata, "is_active": n != 1 });
        assert_eq!(caller.post("/users/", body).await.status, 201);
    }
    let file = admin.get("/users/export?sort=created_at").await.text;
    let shown = async || {
        let page = admin.get("/users/managed-customers/?sort=created_at").await;
        let kept = ["phone", "display_name", "metadata", "assigned_manager_id", "is_active"];
        page.items().iter().map(|item| kept.map(|name| item[name].clone())).collect::<Vec<_>>()
    };
    let before = shown().await;
    // When all of them are there already, nothing changes.
    for query in ["", "?on_existing=update", "?on_existing=update&on_error=skip"] {
        let answer = import(&admin, query, file.clone()).await;
        assert_eq!(answer.body, json!({ "created": 0, "updated": 0, "skipped": 6, "errors": [] }), "{query}");
    }
    // When they are gone, the import enters them again. Staff are not imported.
    for line in exported(&admin, "?role=customer").await {
        assert_eq!(admin.delete(&format!("/users/{}", line["id"])).await.status, 204);
    }
    let answer = import(&admin, "", file.clone()).await;
    assert_eq!(answer.body, json!({ "created": 4, "updated": 0, "skipped": 2, "errors": [] }));
    let mut again = shown().await;
    again.sort_by_key(|kept| kept[0].to_string());
    assert_eq!(again, before);
    // A person who is deactivated by the file is signed out.
    let customer = app.customer(&phone(0)).await;
    let deactivated = file.replace(",customer,true,", ",customer,false,");
    assert_eq!(import(&admin, "?on_existing=update", deactivated).await.body["updated"], 3);
    assert_problem(&customer.get("/users/me").await, 401, "invalid_token");
    // A manager can import their own export. A customer whose manager has left is no error.
    let hers = ann.get("/users/export").await.text;
    assert_eq!(import(&ann, "?on_existing=update", hers).await.body["skipped"], 2);
    assert_eq!(admin.patch(&format!("/users/{}", ann.id), json!({ "is_active": false })).await.status, 200);
    let all = admin.get("/users/export").await.text;
    assert_eq!(import(&admin, "?on_existing=update", all).await.body["skipped"], 6);
}

async fn a_failure_midway_does_not_pass_for_a_whole_file(app: TestApp) {
    let admin = app.admin().await;
    many(&admin, 450).await;
    let last = exported(&admin, "?role=customer&sort=display_name").await.pop().unwrap();
    app.database().run(&format!("UPDATE customers SET phone = 'x' WHERE phone = '{}'", last["phone"])).await;
    for accept in ["text/csv", "application/x-ndjson"] {
        let request = admin.request("GET", "/users/export?role=customer&sort=display_name").header("accept", accept);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.text().await.is_err(), "{accept}");
    }
    let at_once = admin.get("/users/export?role=customer&sort=-display_name").await;
    assert_problem(&at_once, 500, "internal");
}
