//! Examples of answers that are no components: of files, and of what other software reads.

use serde_json::{Value, json};

use super::examples::{BOB, ENTERED, MIA, bob};

/// The example of an answer that is no component.
pub(super) fn of_answer(path: &str, media_type: &str) -> Option<Value> {
    Some(match (path, media_type) {
        (_, "application/problem+json") => return None,
        ("/", _) => json!({ "service": "clientele", "documentation": "docs", "openapi": "openapi.json" }),
        ("/.well-known/jwks.json", _) => key_set(),
        ("/.well-known/oauth-authorization-server" | "/.well-known/openid-configuration", _) => metadata(),
        ("/openapi.json", _) => json!({ "openapi": "3.1.0", "info": { "title": "Clientele", "version": "0.1.0" } }),
        ("/docs", _) => "<!DOCTYPE html><html lang=\"en\">…</html>".into(),
        ("/users/export", "text/csv") => export().into(),
        ("/users/export", _) => format!("{}\n", bob()).into(),
        _ => return None,
    })
}

fn key_set() -> Value {
    json!({ "keys": [{
        "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "019cad9d-dd48-7a31-8c5e-2f6b9d0e4a11",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }] })
}

fn metadata() -> Value {
    json!({
        "issuer": "https://people.example.com", "jwks_uri": "https://people.example.com/.well-known/jwks.json",
        "introspection_endpoint": "https://people.example.com/oauth/introspect",
        "introspection_endpoint_auth_methods_supported": ["Bearer"],
        "service_documentation": "https://people.example.com/docs", "response_types_supported": [],
        "grant_types_supported": [], "token_endpoint_auth_methods_supported": [], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "claims_supported": ["iss", "aud", "sub", "role", "sid", "jti", "iat", "exp"],
    })
}

fn export() -> String {
    let header = "phone,display_name,assigned_manager_email,metadata,id,role,is_active,verified_at,email,\
                  tin_trunk_number,verification_method,created_by,assigned_manager_id,created_at,updated_at";
    let bob = format!(
        "+998901234567,Bob,mia@example.com,\"{{\"\"tier\"\":\"\"gold\"\"}}\",{BOB},customer,true,,,,,{MIA},{MIA},{ENTERED},{ENTERED}"
    );
    format!("{header}\n{bob}\n")
}
