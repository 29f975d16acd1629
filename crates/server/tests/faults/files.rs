//! Files of customers, imported and exported by the command line.

use persistence::testing::TestDatabase;
use serde_json::{Value, json};

use crate::people::phone;
use crate::process::{PASSWORD, Program};

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_in_and_comes_out() {
    let database = TestDatabase::sqlite();
    let program = Program::on(&database);
    program.folder.write("in.csv", &format!("phone,display_name\n{},=Ann\n{},\n", phone(1), phone(2)));
    let dry = program.run(&["import", "in.csv", "--dry-run"]);
    assert_eq!((dry.code(), dry.stdout().trim()), (Some(0), "would be: 2 created, 0 updated, 0 skipped"));
    let done = program.run(&["import", "in.csv"]);
    assert_eq!((done.code(), done.stdout().trim()), (Some(0), "2 created, 0 updated, 0 skipped"), "{}", done.stderr());
    assert_eq!(done.stderr(), "", "nothing to say to whoever is no terminal");
    let trail = database.rows("SELECT actor_role, actor_id, action FROM audit_events").await;
    let entry = |action: &str| json!({ "actor_role": "system", "actor_id": null, "action": action });
    let expected = ["users.imported", "user.created", "user.created", "users.imported"].map(entry);
    assert_eq!(trail, expected, "the dry run, and the import with what it entered");

    let out = program.run(&["export", "--sort", "display_name"]);
    assert_eq!(out.code(), Some(0), "{}", out.stderr());
    let text = out.stdout();
    assert_eq!(lines(&text).len(), 3, "{text}");
    assert!(lines(&text)[0].starts_with("phone,display_name,assigned_manager_email,metadata,id,"), "{text}");
    assert!(lines(&text)[1].starts_with(&format!("{},,", phone(2))), "{text}");
    assert!(lines(&text)[2].starts_with(&format!("{},'=Ann,", phone(1))), "{text}");
    let again = program.run_with_input(&["import", "-", "--on-existing", "update"], &text);
    assert_eq!(
        (again.code(), again.stdout().trim()),
        (Some(0), "0 created, 0 updated, 2 skipped"),
        "{}",
        again.stderr()
    );
    let elsewhere = Program::new();
    let moved = elsewhere.run_with_input(&["import", "-"], &text);
    assert_eq!(
        (moved.code(), moved.stdout().trim()),
        (Some(0), "2 created, 0 updated, 0 skipped"),
        "{}",
        moved.stderr()
    );
}

#[test]
fn an_export_is_filtered_and_written_to_a_file_whole() {
    let program = Program::new();
    program.run(&["export"]).failed(1, &["migrate up"]);
    let file = format!("phone,display_name\n{},Ann\n{},Ben\n", phone(1), phone(2));
    assert_eq!(program.run_with_input(&["import", "-"], &file).code(), Some(0));
    program.folder.write("out.ndjson", "something else");
    let words = ["export", "--format", "ndjson", "--output", "out.ndjson", "--q", "ann", "--role", "customer"];
    let done = program.run(&words);
    assert_eq!((done.code(), done.stdout().as_str(), done.stderr().as_str()), (Some(0), "", ""));
    let text = std::fs::read_to_string(program.folder.path().join("out.ndjson")).unwrap();
    let found: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((found.len(), &found[0]["display_name"], &found[0]["phone"]), (1, &json!("Ann"), &json!(phone(1))));
    assert_eq!(found[0]["created_by"], found[0]["id"], "nobody was named as the one who entered them");
    for (words, count) in [
        (&["--assigned-manager-id", "none"][..], 2),
        (&["--is-active", "false"], 0),
        (&["--created-from", "2000-01-01T00:00:00Z", "--sort", "-display_name"], 2),
        (&["--created-to", "2000-01-01T00:00:00+05:00"], 0),
        (&["--created-by", found[0]["id"].as_str().unwrap()], 1),
    ] {
        let out = program.run(&[&["export"], words].concat());
        assert_eq!((out.code(), lines(&out.stdout()).len()), (Some(0), count + 1), "{words:?} {}", out.stderr());
    }
    let marked = program.run(&["export", "--bom"]).stdout();
    assert!(marked.starts_with("\u{feff}phone,"), "{marked}");
    program.run(&["export", "--bom", "--format", "ndjson"]).failed(2, &["--bom", "only CSV"]);
    program.run(&["export", "--output", "nowhere/out.csv"]).failed(1, &["cannot write nowhere/out.csv"]);
    for words in [&["--role", "boss"][..], &["--sort", "phone"], &["--created-from", "yesterday"], &["--format", "xml"]]
    {
        assert_eq!(program.run(&[&["export"], words].concat()).code(), Some(2), "{words:?}");
    }
}

#[test]
fn errors_are_listed_by_line() {
    let program = Program::new();
    program.folder.write("bad.csv", &format!("phone,display_name\n{},Ann\nx,\"{}\"\n", phone(1), "x".repeat(121)));
    let listed = [
        "line 3: /phone: a phone number starts with + and its country code, such as +998901234567",
        "line 3: /display_name: at most 120 characters",
    ];
    let aborted = program.run(&["import", "bad.csv"]);
    assert_eq!((aborted.code(), aborted.stdout().as_str()), (Some(1), ""));
    assert_eq!(lines(&aborted.stderr()), [&listed[..], &["clientele: nothing was imported: 2 errors"]].concat());
    let skipped = program.run(&["import", "bad.csv", "--on-error", "skip"]);
    assert_eq!((skipped.code(), skipped.stdout().trim()), (Some(1), "1 created, 0 updated, 0 skipped"));
    assert_eq!(lines(&skipped.stderr()), [&listed[..], &["clientele: not all of it was imported: 2 errors"]].concat());

    program.folder.write("wings.csv", "phone,wings\n");
    let header = program.run(&["import", "wings.csv"]);
    assert_eq!(header.code(), Some(1));
    assert!(header.stderr().starts_with("line 1: /wings: the columns are phone, "), "{}", header.stderr());
    program.run(&["import", "nowhere.csv"]).failed(1, &["cannot read nowhere.csv"]);
    program.run(&["import", "."]).failed(1, &["cannot read ."]);
    for words in
        [&["import"][..], &["import", "bad.csv", "--on-error", "ignore"], &["import", "x", "--created-by", "y"]]
    {
        assert_eq!(program.run(words).code(), Some(2), "{words:?}");
    }
}

#[test]
fn whoever_is_named_has_entered_the_customers() {
    let program = Program::new();
    let file = format!("phone\n{}\n", phone(1));
    let words = ["import", "-", "--created-by", "Admin@example.com"];
    program.run_with_input(&words, &file).failed(2, &["--created-by", "admin or a manager"]);
    let made = program.run_with_input(&["admin", "create", "--email", "admin@example.com"], PASSWORD);
    assert_eq!(made.code(), Some(0), "{}", made.stderr());
    let done = program.run_with_input(&words, &file);
    assert_eq!((done.code(), done.stdout().trim()), (Some(0), "1 created, 0 updated, 0 skipped"), "{}", done.stderr());
    let text = program.run(&["export", "--format", "ndjson", "--sort", "created_at"]).stdout();
    let people: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(people[1]["created_by"], people[0]["id"]);
}
