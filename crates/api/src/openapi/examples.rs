//! Examples of bodies and answers: the managers Mia and Max, and Mia's customer Bob, as in the README. A test
//! holds each against its schema.

use serde_json::{Value, json};

pub(super) const MIA: &str = "019cada2-f6de-7c02-9b7d-51e8a3c64f20";
const MAX: &str = "019cada3-f79b-7e44-a1f3-0c9d27b85e36";
pub(super) const BOB: &str = "019cadc9-fd4e-7b19-b6d4-84f1c02a7e53";
const SESSION: &str = "019cb29a-c130-7f60-8e21-6a4d9b73c508";
const CHALLENGE: &str = "019cb2a8-4c60-7d85-93ba-e70f15c8d264";
const KEY: &str = "019cadfd-8af4-7198-a0c6-3b5e82f94d71";
pub(super) const REQUEST: &str = "019cadc9-fd3b-7a08-8f52-d196c4e07b3a";
pub(super) const ENTERED: &str = "2026-03-02T09:03:41.902114Z";
const SIGNED_IN: &str = "2026-03-03T07:30:12.400871Z";
const PASSWORD: &str = "staple battery horse";
/// The middle of a token is left out: what looks like a whole one alarms those who look for secrets.
const ACCESS_TOKEN: &str = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFUzI1NiIsImtpZCI6IjAxOWNhZDlkIn0.eyJpc3Mi…";
const REFRESH_TOKEN: &str = "pX3vT0kq…";
const API_KEY: &str = "clk_019cadfd8af47198a0c63b5e82f94d71_…";

/// An example and its name.
type Example = (&'static str, Value);

/// The examples of a component that is a body or an answer. The first is the one that most readers look for.
pub(super) fn of_component(name: &str) -> Vec<Example> {
    match name {
        "SigninRequest" => vec![
            ("password", json!({ "email": "mia@example.com", "password": PASSWORD })),
            ("phone", json!({ "phone": "+998901234567" })),
        ],
        "SignupRequest" => sign_ups(),
        "Verify" => one(json!({ "challenge_id": CHALLENGE, "code": "407316" })),
        "Refresh" => one(json!({ "refresh_token": REFRESH_TOKEN })),
        "SignedIn" => one(signed_in()),
        "CodeSent" => one(code_sent()),
        "ApprovalRequired" => one(approval_required()),
        "SignupAccepted" => vec![("code_sent", code_sent()), ("approval_required", approval_required())],
        "PasswordChange" => one(json!({ "current_password": PASSWORD, "new_password": "battery staple horse" })),
        "PasswordForgot" => one(json!({ "email": "mia@example.com" })),
        "PasswordReset" => {
            one(json!({ "challenge_id": CHALLENGE, "code": "407316", "new_password": "battery staple horse" }))
        }
        "Reauthentication" => one(json!({ "password": PASSWORD })),
        "SessionList" => one(list(&session())),
        "CreateApiKey" => one(json!({
            "name": "nightly report", "scopes": ["list_users", "read_audit_events"], "networks": ["192.0.2.0/24"],
        })),
        "ApiKey" => one(with(api_key(), "key", API_KEY.into())),
        "ApiKeyList" => one(list(&api_key())),
        "IntrospectRequest" => one(json!({ "token": ACCESS_TOKEN })),
        "IntrospectResponse" => vec![("active", active_token()), ("inactive", json!({ "active": false }))],
        "CreateUserRequest" => new_people(),
        "UpdateUserRequest" => vec![
            ("name", json!({ "display_name": "Robert" })),
            ("metadata", json!({ "metadata": { "tier": "silver", "since": null } })),
            ("manager", json!({ "assigned_manager_id": MAX })),
        ],
        "UserResponse" => vec![("customer", bob()), ("manager", mia())],
        "UserList" => one(list(&bob())),
        "Handover" => one(json!({ "to": [MAX], "deactivate": true })),
        "HandedOver" => one(json!({ "transferred": 1, "to": { MAX: 1 } })),
        "Imported" => one(json!({ "created": 1, "updated": 0, "skipped": 0, "errors": [] })),
        "Permissions" => one(permissions()),
        "PersonalData" => one(personal_data()),
        "AuditEventList" => one(list(&event())),
        "HealthResponse" => one(json!({ "status": "ok" })),
        _ => Vec::new(),
    }
}

fn one(value: Value) -> Vec<Example> {
    vec![("", value)]
}

fn list(item: &Value) -> Value {
    json!({ "items": [item], "next_cursor": null })
}

fn with(mut object: Value, member: &str, value: Value) -> Value {
    object[member] = value;
    object
}

fn sign_ups() -> Vec<Example> {
    let ada = json!({ "email": "ada@example.com", "password": "correct horse battery", "display_name": "Ada" });
    vec![
        ("staff", json!({ "email": "mia@example.com", "password": PASSWORD, "display_name": "Mia" })),
        ("customer", json!({ "phone": "+998901234567", "display_name": "Bob" })),
        ("first_admin", with(ada, "setup_token", "as the server printed it".into())),
    ]
}

fn new_people() -> Vec<Example> {
    let mia = json!({ "role": "manager", "email": "mia@example.com", "display_name": "Mia" });
    let bob = json!({
        "role": "customer", "phone": "+998 90 123-45-67", "display_name": "Bob", "metadata": { "tier": "gold" },
    });
    vec![("customer", bob), ("invited_manager", mia.clone()), ("manager", with(mia, "password", PASSWORD.into()))]
}

fn mia() -> Value {
    json!({
        "id": MIA, "role": "manager", "is_active": true, "verified_at": null, "display_name": "Mia",
        "email": "mia@example.com", "phone": null, "tin_trunk_number": null, "verification_method": "email",
        "created_at": "2026-03-02T08:21:04.350672Z", "updated_at": "2026-03-02T08:21:04.350672Z",
    })
}

pub(super) fn bob() -> Value {
    json!({
        "id": BOB, "role": "customer", "is_active": true, "verified_at": null, "display_name": "Bob",
        "phone": "+998901234567", "created_by": MIA, "assigned_manager_id": MIA, "metadata": { "tier": "gold" },
        "created_at": ENTERED, "updated_at": ENTERED,
    })
}

fn signed_in() -> Value {
    json!({
        "status": "signed_in", "access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 900,
        "refresh_token": REFRESH_TOKEN, "refresh_expires_in": 2_592_000, "user": mia(),
    })
}

fn code_sent() -> Value {
    json!({ "status": "code_sent", "challenge_id": CHALLENGE, "channel": "phone", "expires_in": 300 })
}

fn approval_required() -> Value {
    json!({ "status": "approval_required" })
}

fn session() -> Value {
    json!({
        "id": SESSION, "created_at": SIGNED_IN, "last_used_at": "2026-03-03T07:44:12.118903Z",
        "expires_at": "2026-04-02T07:44:12.118903Z", "address": "192.0.2.7", "user_agent": "curl/8.5.0", "current": true,
    })
}

fn api_key() -> Value {
    json!({
        "id": KEY, "name": "nightly report", "scopes": ["list_users", "read_audit_events"],
        "created_at": "2026-03-02T10:00:00.500213Z", "expires_at": "2027-03-02T10:00:00.500213Z", "last_used_at": null,
        "networks": ["192.0.2.0/24"], "owner_id": MIA,
    })
}

fn active_token() -> Value {
    json!({
        "active": true, "sub": MIA, "role": "manager", "exp": 1_772_524_512, "iat": 1_772_523_612,
        "iss": "https://people.example.com", "aud": "clientele", "token_type": "Bearer",
    })
}

fn permissions() -> Value {
    let actions = json!({
        "list_users": "self_and_assigned", "list_managed_customers": "assigned", "read_user": "self_and_assigned",
        "create_admin": "none", "create_manager": "none", "create_customer": "assigned", "update_staff": "self",
        "update_customer": "assigned", "assign_customer": "none", "erase_user": "none", "end_sessions": "none",
        "read_personal_data": "self", "read_audit_events": "assigned", "import_and_export": "assigned",
        "manage_keys": "self", "introspect": "none",
    });
    let fields = json!({
        "staff": ["display_name", "phone", "tin_trunk_number", "verification_method"],
        "customer": ["is_active", "display_name", "phone", "metadata"],
    });
    json!({ "role": "manager", "actions": actions, "fields": fields })
}

fn event() -> Value {
    let changes = json!({
        "role": { "from": null, "to": "customer" }, "phone": { "from": null, "to": "+998901234567" },
        "display_name": { "from": null, "to": "Bob" }, "assigned_manager_id": { "from": null, "to": MIA },
    });
    json!({
        "id": "019cadc9-fd52-7c61-94e0-2d7f8b3a5c19", "at": ENTERED, "actor_id": MIA, "actor_role": "manager",
        "action": "user.created", "subject_id": BOB, "changes": changes, "request_id": REQUEST, "address": "192.0.2.7",
    })
}

fn personal_data() -> Value {
    let session = json!({
        "id": SESSION, "created_at": SIGNED_IN, "last_used_at": SIGNED_IN, "expires_at": "2026-04-02T07:30:12.400871Z",
        "address": "192.0.2.44", "user_agent": "curl/8.5.0",
    });
    let challenge = json!({
        "id": CHALLENGE, "purpose": "customer_sign_in", "channel": "phone", "contact": "+998901234567",
        "created_at": "2026-03-03T07:29:50.012345Z", "expires_at": "2026-03-03T07:34:50.012345Z", "used_at": SIGNED_IN,
    });
    json!({
        "user": bob(), "sessions": [session], "api_keys": [], "challenges": [challenge], "notices": [],
        "remembered_answer": null, "created_customers": 0, "assigned_customers": 0, "audit_events": [event()],
        "audit_events_complete": true,
    })
}
