//! An API key as bodies and answers have it.

use domain::api_key::MAX_NETWORKS;
use domain::{Action, ApiKey, ApiKeyId, DisplayName, KeyScopes, NewApiKey, Timestamp, UserId, ValueError};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};
use uuid::Uuid;

use crate::extract::page::decode_cursor;
use crate::extract::query::PageParams;
use crate::extract::{Fields, bodies, list, query_params};
use crate::schema::{DateTime, schema};

/// An API key.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct ApiKeyResponse {
    id: Uuid,
    /// What its owner calls it.
    name: String,
    #[schema(schema_with = scopes_schema)]
    scopes: Vec<&'static str>,
    created_at: DateTime,
    expires_at: DateTime,
    /// To about a minute; `null` before its first use.
    #[schema(required = true)]
    last_used_at: Option<DateTime>,
    /// From where it may be used; from anywhere when it is empty.
    #[schema(example = json!(["192.0.2.0/24"]))]
    networks: Vec<String>,
    /// As whom it acts.
    owner_id: Uuid,
    /// The key itself, which is shown only in the answer that made it. Send it as `Authorization: Bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "clk_…")]
    key: Option<String>,
}

list!(ApiKeyList of ApiKeyResponse, "The keys of a person.");
query_params!(ApiKeyListParams = list_query);
bodies! { CreateApiKey = new_key, "A key to be made."; }

/// The place of the last key of a page.
#[derive(PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApiKeyCursor {
    pub(super) created_at: Timestamp,
    pub(super) id: ApiKeyId,
}

fn scope_names() -> Value {
    json!({ "type": "array", "items": { "type": "string", "enum": KeyScopes::ALL.names().collect::<Vec<_>>() } })
}

fn scopes_schema() -> RefOr<Schema> {
    let mut names = scope_names();
    names["description"] = "What it may do, within what its owner may.".into();
    schema(names)
}

fn new_scopes_schema() -> Value {
    let mut names = scope_names();
    names["minItems"] = 1.into();
    names["uniqueItems"] = true.into();
    names
}

fn networks_schema() -> Value {
    json!({
        "type": "array",
        "maxItems": MAX_NETWORKS,
        "items": { "type": "string" },
        "example": ["192.0.2.0/24", "2001:db8::7"],
    })
}

pub(super) fn new_key(fields: &mut Fields) -> Option<NewApiKey> {
    let name: Option<DisplayName> = fields.required("name", "What you call it.");
    let about = "What it is to do. You must be allowed to do so yourself.";
    let scopes = fields.required_texts("scopes", about, new_scopes_schema, Action::of_scope);
    let scopes = scopes.and_then(|scopes| distinct(fields, scopes));
    let about = "When it is to stop working: in a year unless said otherwise, in three years at the latest.";
    let expires_at: Option<Option<Timestamp>> = fields.optional("expires_at", about);
    let about = "From where it may be used, as networks or addresses; from anywhere when it is empty.";
    let networks = fields.texts("networks", about, networks_schema, str::parse);
    let networks = networks.map(Option::unwrap_or_default);
    if networks.as_ref().is_some_and(|networks| networks.len() > MAX_NETWORKS) {
        fields.refuse("networks", ValueError::new("too_many", format!("at most {MAX_NETWORKS}")));
    }
    Some(NewApiKey { name: name?, scopes: scopes?, expires_at: expires_at?, networks: networks? })
}

/// The scopes, if there are some and none is named twice.
fn distinct(fields: &mut Fields, scopes: Vec<Action>) -> Option<Vec<Action>> {
    if scopes.is_empty() {
        fields.refuse("scopes", ValueError::new("too_short", "must name at least one"));
        return None;
    }
    let is_repeated = |(index, scope): (usize, &Action)| scopes[..index].contains(scope).then_some(index);
    let repeated: Vec<_> = scopes.iter().enumerate().filter_map(is_repeated).collect();
    for &index in &repeated {
        fields.refuse_member("scopes", index, ValueError::new("repeated", "may be named once"));
    }
    repeated.is_empty().then_some(scopes)
}

impl ApiKeyResponse {
    /// The answer that made the key, with its text.
    pub(super) fn with_text(key: &ApiKey, text: &SecretString) -> Self {
        Self { key: Some(text.expose_secret().to_owned()), ..Self::from(key) }
    }
}

impl From<&ApiKey> for ApiKeyResponse {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id.as_uuid(),
            name: key.name.to_string(),
            scopes: key.scopes.names().collect(),
            created_at: key.created_at.into(),
            expires_at: key.expires_at.into(),
            last_used_at: key.last_used_at.map(DateTime::from),
            networks: key.networks.iter().map(ToString::to_string).collect(),
            owner_id: key.owner_id.as_uuid(),
            key: None,
        }
    }
}

pub(super) fn list_query(fields: &mut Fields) -> Option<(Option<UserId>, PageParams<ApiKeyCursor>)> {
    let owner = fields.user_id("owner_id", "Whose; the caller's own unless said otherwise. For admins.");
    let page = fields.page(decode_cursor);
    Some((owner?, page?))
}
