//! Lists: scope, filters, order and paging.

use std::collections::BTreeSet;

use serde_json::json;

use crate::app::{Caller, TestApp, assert_problem, phone};
use crate::on_every_backend;

on_every_backend!(
    each_role_lists_its_own,
    every_filter_filters,
    search_folds_case_and_has_no_wildcards,
    pages_hold_each_row_once_while_others_come,
    orders_by_name_and_by_time,
    an_unknown_parameter_is_refused,
    times_are_compared_or_refused,
);

async fn ids(caller: &Caller, path: &str) -> BTreeSet<String> {
    let answer = caller.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.items().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

async fn each_role_lists_its_own(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let ben = app.manager(&admin, "ben@example.com").await;
    let customer = app.customer(&phone(1)).await;
    let hers = ann.enters_person(json!({ "role": "customer", "phone": phone(2) })).await;

    let all = BTreeSet::from([&admin.id, &ann.id, &ben.id, &customer.id, &hers].map(Clone::clone));
    assert_eq!(ids(&admin, "/users/").await, all);
    assert_eq!(ids(&ann, "/users/").await, BTreeSet::from([ann.id.clone(), hers.clone()]));
    assert_eq!(ids(&ben, "/users/").await, BTreeSet::from([ben.id.clone()]));
    assert_eq!(ids(&admin, "/users/managed-customers/").await, BTreeSet::from([customer.id.clone(), hers.clone()]));
    assert_eq!(ids(&ann, "/users/managed-customers/").await, BTreeSet::from([hers.clone()]));
    assert_eq!(ids(&ben, "/users/managed-customers/").await, BTreeSet::new());
    assert_eq!(ids(&ann, &format!("/users/?assigned_manager_id={}", ben.id)).await, BTreeSet::new());
    for path in ["/users/", "/users/managed-customers/", "/users/?wings=2"] {
        assert_problem(&customer.get(path).await, 403, "forbidden");
    }
    let total = ann.get("/users/?include_total=true&limit=1").await;
    assert_eq!(total.body["total"], 2);
}

async fn every_filter_filters(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let hers = ann.enters_person(json!({ "role": "customer", "phone": phone(1) })).await;
    let middle = admin.get(&format!("/users/{hers}")).await.good().body["created_at"].as_str().unwrap().to_owned();
    let free = admin.enters_person(json!({ "role": "customer", "phone": phone(2), "is_active": false })).await;

    let set = |ids: &[&String]| ids.iter().map(|id| (*id).clone()).collect::<BTreeSet<_>>();
    for (query, expected) in [
        ("role=admin".to_owned(), set(&[&admin.id])),
        ("role=manager".to_owned(), set(&[&ann.id])),
        ("role=customer".to_owned(), set(&[&hers, &free])),
        ("is_active=false".to_owned(), set(&[&free])),
        ("is_active=true&role=customer".to_owned(), set(&[&hers])),
        (format!("assigned_manager_id={}", ann.id), set(&[&hers])),
        ("assigned_manager_id=none".to_owned(), set(&[&free])),
        (format!("created_by={}", admin.id), set(&[&free])),
        (format!("created_from={middle}"), set(&[&hers, &free])),
        (format!("created_to={middle}"), set(&[&admin.id, &ann.id])),
        (format!("created_from={middle}&created_to={middle}"), set(&[])),
        ("q=ann".to_owned(), set(&[&ann.id])),
        (format!("q={}", phone(2).replace('+', "%2B")), set(&[&free])),
    ] {
        assert_eq!(ids(&admin, &format!("/users/?{query}")).await, expected, "{query}");
    }
}

async fn search_folds_case_and_has_no_wildcards(app: TestApp) {
    let admin = app.admin().await;
    let oktam = admin.enters_person(json!({ "role": "customer", "phone": phone(1), "display_name": "Ўктам" })).await;
    let percent =
        admin.enters_person(json!({ "role": "customer", "phone": phone(2), "display_name": "100%_sure\\" })).await;
    for (q, found) in [
        ("ўКТ", Some(&oktam)),
        ("Ўктам", Some(&oktam)),
        ("ктам", None),
        ("100%25_", Some(&percent)),
        ("%25", None),
        ("_00", None),
        ("100%25_sure%5C", Some(&percent)),
        ("'", None),
        ("100x", None),
    ] {
        let expected = found.into_iter().cloned().collect::<BTreeSet<_>>();
        assert_eq!(ids(&admin, &format!("/users/?q={q}")).await, expected, "{q}");
    }
}

async fn pages_hold_each_row_once_while_others_come(app: TestApp) {
    let admin = app.admin().await;
    let mut expected = BTreeSet::new();
    for n in 0..7 {
        expected.insert(admin.enters_person(json!({ "role": "customer", "phone": phone(n) })).await);
    }
    for sort in ["created_at", "-created_at", "display_name", "-display_name"] {
        let mut seen = Vec::new();
        let mut path = format!("/users/managed-customers/?limit=2&sort={sort}");
        loop {
            let page = admin.get(&path).await;
            assert_eq!(page.status, 200, "{}", page.body);
            seen.extend(page.items().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            if seen.len() == 2 {
                admin.enters_person(json!({ "role": "customer", "phone": phone(100 + seen.len() + sort.len() * 7), "is_active": false })).await;
            }
            let Some(cursor) = page.body["next_cursor"].as_str() else {
                assert!(page.headers.get("link").is_none());
                break;
            };
            let link = page.header("link");
            assert!(link.contains(cursor) && link.ends_with("rel=\"next\""), "{link}");
            path = page.next_page();
        }
        let unique: BTreeSet<_> = seen.iter().cloned().collect();
        assert_eq!(unique.len(), seen.len(), "no row twice: {sort}");
        assert!(unique.is_superset(&expected), "no row skipped: {sort}");
    }
}

async fn orders_by_name_and_by_time(app: TestApp) {
    let admin = app.admin().await;
    for (n, name) in [Some("b"), None, Some("A"), Some("ß"), Some("a")].into_iter().enumerate() {
        admin.enters_person(json!({ "role": "customer", "phone": phone(n), "display_name": name })).await;
    }
    let names = async |sort: &str| {
        let answer = admin.get(&format!("/users/managed-customers/?sort={sort}")).await;
        answer.items().iter().map(|item| item["display_name"].as_str().unwrap_or("-").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("created_at").await, ["b", "-", "A", "ß", "a"]);
    assert_eq!(names("-created_at").await, ["a", "ß", "A", "-", "b"]);
    assert_eq!(names("display_name").await, ["-", "A", "a", "b", "ß"]);
    assert_eq!(names("-display_name").await, ["ß", "b", "a", "A", "-"]);
}

async fn an_unknown_parameter_is_refused(app: TestApp) {
    let admin = app.admin().await;
    for (path, pointer) in [
        ("/users/?colour=red", "/colour"),
        ("/users/?limit=0", "/limit"),
        ("/users/?limit=201", "/limit"),
        ("/users/?cursor=x", "/cursor"),
        ("/users/?limit=1&limit=2", "/limit"),
        ("/users/managed-customers/?sort=phone", "/sort"),
        ("/users/me?x=1", "/x"),
    ] {
        let answer = admin.get(path).await;
        assert_problem(&answer, 422, "validation_failed");
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{path}");
    }
}

async fn times_are_compared_or_refused(app: TestApp) {
    let admin = app.admin().await;
    for (list, from, to) in [("/users/", "created_from", "created_to"), ("/audit-events", "from", "to")] {
        for (begin, end) in [
            ("1000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"),
            ("1000-01-01T00:00:00.0000001Z", "9999-12-31T23:59:59%2B14:00"),
        ] {
            let all = admin.get(&format!("{list}?{from}={begin}&{to}={end}")).await;
            assert!(!all.items().is_empty(), "{list} {begin} {end}");
            let none = admin.get(&format!("{list}?{from}={end}&{to}={begin}")).await;
            assert_eq!(none.items().len(), 0, "{list} {end} {begin}");
        }
        for time in ["0000-01-01T00:00:00Z", "0999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59"] {
            let refused = admin.get(&format!("{list}?{from}={time}")).await;
            assert_problem(&refused, 422, "validation_failed");
            assert_eq!(refused.pointers(), [format!("/{from}")]);
            assert_eq!(refused.body["errors"][0]["code"], "out_of_range", "{time}");
        }
    }
}
