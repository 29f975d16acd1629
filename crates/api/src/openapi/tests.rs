//! The document is whole.

use std::collections::BTreeSet;

use super::*;

/// The references in this part of the document.
fn references(part: &Value) -> BTreeSet<&str> {
    match part {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str);
            own.into_iter().chain(members.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => BTreeSet::new(),
    }
}

#[test]
fn every_reference_leads_to_a_component_and_every_component_is_referred_to() {
    let document = openapi();
    let components = document["components"]["schemas"].as_object().unwrap().keys();
    let components: BTreeSet<_> = components.map(|name| format!("#/components/schemas/{name}")).collect();
    assert_eq!(references(&document), components.iter().map(String::as_str).collect());
}
