//! The OpenAPI document, made from the code. An endpoint says what is particular to it; what all endpoints of its kind
//! share is added here.

mod answer_examples;
mod examples;
mod links;
mod problem_examples;

use serde_json::{Map, Value, json};
use utoipa::OpenApi as _;

use crate::extract::session_cookie::COOKIE;
use crate::problem::ProblemBody;
use crate::routes::{Paths, route};
use crate::schema::{CustomerRole, Role, StaffRole, VerificationMethod, reference};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Clientele",
        description = "Keeps a company's people: staff accounts, customers, and which manager looks after which \
                       customer.\n\nEvery path works with and without its trailing slash. Errors are \
                       `application/problem+json` (RFC 9457) with a stable `code`. Sign in at `POST /auth/signin` and \
                       send the `access_token` as `Authorization: Bearer`.",
    ),
    components(schemas(ProblemBody, Role, StaffRole, CustomerRole, VerificationMethod)),
    tags(
        (name = "auth", description = "Sign up, sign in, and the keys of the access tokens"),
        (name = "users", description = "Staff and customers"),
        (name = "audit", description = "Who did what to whom"),
        (name = "health", description = "Whether the process is up and ready"),
        (name = "documentation", description = "This document"),
    )
)]
struct About;

const ABOUT_TOKENS: &str = "The access token of somebody who is signed in.";
const ABOUT_KEYS: &str = "An API key, with which a program acts as its owner in the actions that the key is made for. \
                          Other actions are 403 `forbidden`.";

/// The OpenAPI 3.1 document of all routes.
#[must_use]
pub fn openapi() -> Value {
    let document = About::openapi().merge_from(Paths::openapi());
    let mut json = serde_json::to_value(document).unwrap_or_default();
    json["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    // Relative to where the document is read: below any path.
    json["servers"] = json!([{ "url": "." }]);
    json["security"] = json!([{ "bearer": [] }, { "apiKey": [] }]);
    json["components"]["securitySchemes"] = json!({
        "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": ABOUT_TOKENS },
        "apiKey": { "type": "http", "scheme": "bearer", "bearerFormat": "clk_…", "description": ABOUT_KEYS },
        "cookie": {
            "type": "apiKey", "in": "cookie", "name": COOKIE,
            "description": "The refresh token of a browser, from a page of the same origin only.",
        },
    });
    json["components"]["examples"] = problem_examples::components().into();
    for (component, staff, customer) in PERSON_SHAPES {
        json["components"]["schemas"][component]["discriminator"] = by_role(staff, customer);
    }
    for (path, item) in json["paths"].as_object_mut().into_iter().flatten() {
        for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
            complete(path, operation);
        }
    }
    json
}

/// The components that have two shapes, of staff and of customers.
const PERSON_SHAPES: [(&str, &str, &str); 2] =
    [("UserResponse", "StaffUser", "CustomerUser"), ("CreateUserRequest", "CreateStaff", "CreateCustomer")];

fn by_role(staff: &str, customer: &str) -> Value {
    let [staff, customer] = [staff, customer].map(|component| format!("#/components/schemas/{component}"));
    json!({ "propertyName": "role", "mapping": { "admin": staff, "manager": staff, "customer": customer } })
}

/// Adds what all endpoints of this kind share.
fn complete(path: &str, operation: &mut Value) {
    operation["tags"] = json!([tag(path)]);
    if route(path).is_public {
        operation["security"] = json!([{}]);
    } else if path.starts_with("/auth/") || path.ends_with("/sessions") {
        // A key manages no keys, sessions or passwords.
        operation["security"] = json!([{ "bearer": [] }]);
    }
    if route(path).takes_cookie {
        operation["security"] = json!([{ "bearer": [] }, { "cookie": [] }]);
    }
    if matches!(path, "/auth/signup" | "/auth/signin" | "/auth/verify") {
        add_parameter(operation, session_header());
    }
    add_id(path, operation);
    for (status, about) in common_answers(path, operation) {
        let answers = operation["responses"].as_object_mut();
        answers.map(|answers| answers.entry(status).or_insert_with(|| json!({ "description": about })));
    }
    for (status, answer) in operation["responses"].as_object_mut().into_iter().flatten() {
        if status.as_str() >= "400" {
            let problems = problem_examples::named(status, answer["description"].as_str().unwrap_or_default());
            answer["content"] =
                json!({ "application/problem+json": { "schema": reference("Problem"), "examples": problems } });
        }
        add_examples(path, answer.get_mut("content"));
        add_headers(status, answer);
    }
    add_examples(path, operation.pointer_mut("/requestBody/content"));
    links::add(operation);
}

/// Adds what a body or an answer may look like, for each of its media types.
fn add_examples(path: &str, content: Option<&mut Value>) {
    for (media_type, body) in content.and_then(Value::as_object_mut).into_iter().flatten() {
        let component = body["schema"]["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
        let mut of_component = component.map(examples::of_component).unwrap_or_default();
        let alone = if of_component.len() == 1 { of_component.pop().map(|(_, value)| value) } else { None };
        if let Some(value) = alone.or_else(|| answer_examples::of_answer(path, media_type)) {
            body["example"] = value;
        } else if !of_component.is_empty() {
            let named = of_component.into_iter().map(|(name, value)| (name.to_owned(), json!({ "value": value })));
            body["examples"] = named.collect::<Map<_, _>>().into();
        }
    }
}

fn tag(path: &str) -> &'static str {
    match path.split('/').nth(1) {
        Some("users") => "users",
        Some("audit-events") => "audit",
        Some("health") => "health",
        Some("" | "docs" | "openapi.json") => "documentation",
        _ => "auth",
    }
}

/// The `{id}` of the path, unless the endpoint describes it.
fn add_id(path: &str, operation: &mut Value) {
    if !path.contains("{id}") || has_parameter(operation, "name", "id") {
        return;
    }
    let about = if path.starts_with("/users") { "The person." } else { "The session." };
    let schema = json!({ "type": "string", "format": "uuid" });
    let id = json!({ "name": "id", "in": "path", "required": true, "description": about, "schema": schema });
    add_parameter(operation, id);
}

fn add_parameter(operation: &mut Value, parameter: Value) {
    match operation["parameters"].as_array_mut() {
        Some(parameters) => parameters.insert(0, parameter),
        None => operation["parameters"] = json!([parameter]),
    }
}

fn session_header() -> Value {
    let about = "The refresh token comes as the cookie `__Host-clientele` and not in the body.";
    json!({ "name": "X-Clientele-Session", "in": "header", "description": about, "schema": { "type": "string", "enum": ["cookie"] } })
}

fn has_parameter(operation: &Value, key: &str, value: &str) -> bool {
    operation["parameters"].as_array().into_iter().flatten().any(|parameter| parameter[key] == value)
}

/// The answers that a request of this kind may get. An endpoint's own description of an answer wins.
fn common_answers(path: &str, operation: &Value) -> Vec<(&'static str, &'static str)> {
    let has_body = operation["requestBody"].is_object();
    let has_json = operation["requestBody"]["content"]["application/json"].is_object();
    let asks_the_database = ["/users", "/auth", "/audit", "/oauth"].iter().any(|area| path.starts_with(area));
    let answers = [
        (has_parameter(operation, "name", "If-None-Match"), "304", "The state is still that of `If-None-Match`."),
        (has_json, "400", "`malformed_json`"),
        (!route(path).is_public, "401", "`invalid_token`"),
        (has_body, "408", "`request_timeout`: the body took too long to arrive"),
        (has_parameter(operation, "name", "If-Match"), "412", "`precondition_failed`"),
        (has_body, "413", "`payload_too_large`"),
        (has_body, "415", "`unsupported_media_type`"),
        (has_json, "422", "`validation_failed`"),
        (has_parameter(operation, "in", "query"), "422", "`validation_failed`: an unknown or wrong parameter."),
        (path.starts_with("/users"), "422", "`validation_failed`: an unknown parameter"),
        (!path.starts_with("/health/"), "429", "`rate_limited`: try again after the time in `Retry-After`"),
        (asks_the_database, "503", "`unavailable`: try again after the time in `Retry-After`"),
    ];
    answers.into_iter().filter(|(may, ..)| *may).map(|(_, status, about)| (status, about)).collect()
}

/// The headers of every answer with this status or this body.
fn add_headers(status: &str, answer: &mut Value) {
    let body = answer["content"]["application/json"]["schema"]["$ref"].as_str().unwrap_or_default().to_owned();
    let headers = [
        (true, "X-Request-Id", "The name of this request in the log and in the audit trail"),
        (status == "401", "WWW-Authenticate", "`Bearer` (RFC 6750)"),
        (matches!(status, "429" | "503"), "Retry-After", "When to come back, in seconds"),
        (body.ends_with("/UserResponse"), "ETag", "The state of the record"),
        (body.ends_with("List"), "Link", "`<?…>; rel=\"next\"`, relative to the request, when there is a next page"),
    ];
    for (_, name, about) in headers.into_iter().filter(|(has, ..)| *has) {
        answer["headers"][name] = json!({ "description": about, "schema": { "type": "string" } });
    }
    // Indexing above inserts a `null` where there is no content.
    if let Some(answer) = answer.as_object_mut() {
        answer.retain(|_, part| !part.is_null());
    }
}

#[cfg(test)]
mod tests;
