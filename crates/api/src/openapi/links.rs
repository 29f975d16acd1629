//! Which operation takes what an answer names (`links`): a program that reads the document can walk from one to the other.

use serde_json::{Value, json};

/// An operation, the status of its answer, and the operations that take an id of it: where the id is, and of which.
type Links = (&'static str, &'static str, &'static str, &'static [&'static str]);

const OF_IDS: [Links; 6] = [
    (
        "create_user",
        "201",
        "/id",
        &["read_user", "update_user", "erase_user", "read_personal_data", "end_sessions_of_user"],
    ),
    ("list_users", "200", "/items/0/id", &["read_user", "update_user"]),
    ("list_managed_customers", "200", "/items/0/id", &["read_user", "update_user"]),
    ("list_sessions", "200", "/items/0/id", &["end_session"]),
    ("create_api_key", "201", "/id", &["revoke_api_key"]),
    ("list_api_keys", "200", "/items/0/id", &["revoke_api_key"]),
];

/// The operations whose answers have a refresh token, and with which status.
const OF_SESSIONS: [(&str, &str); 3] = [("sign_in", "200"), ("sign_up", "201"), ("verify", "200")];

/// Adds the links of an operation's answers.
pub(super) fn add(operation: &mut Value) {
    let name = operation["operationId"].as_str().unwrap_or_default().to_owned();
    for (from, status, place, targets) in OF_IDS {
        if from == name {
            for target in targets {
                let id = format!("$response.body#{place}");
                operation["responses"][status]["links"][target] =
                    json!({ "operationId": target, "parameters": { "id": id } });
            }
        }
    }
    for (from, status) in OF_SESSIONS {
        if from == name {
            let body = json!({ "refresh_token": "$response.body#/refresh_token" });
            operation["responses"][status]["links"]["refresh"] =
                json!({ "operationId": "refresh", "requestBody": body });
        }
    }
}

/// How many links there are.
#[cfg(test)]
pub(super) fn count() -> usize {
    OF_IDS.iter().map(|(.., targets)| targets.len()).sum::<usize>() + OF_SESSIONS.len()
}
