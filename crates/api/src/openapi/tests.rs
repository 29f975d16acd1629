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
    let of = |kind: &'static str| {
        let names = document["components"][kind].as_object().unwrap().keys();
        names.map(move |name| format!("#/components/{kind}/{name}"))
    };
    let components: BTreeSet<_> = of("schemas").chain(of("examples")).collect();
    assert_eq!(references(&document), components.iter().map(String::as_str).collect());
}

/// A schema or an example with where it is.
struct Checked<'a> {
    place: String,
    schema: &'a Value,
    example: &'a Value,
}

/// The examples in this part of the document: of bodies, answers and parameters, and of schemas.
fn examples<'a>(document: &'a Value, part: &'a Value, place: &str, found: &mut Vec<Checked<'a>>) {
    if let Value::Array(items) = part {
        items.iter().enumerate().for_each(|(at, item)| examples(document, item, &format!("{place}/{at}"), found));
    }
    let Value::Object(members) = part else { return };
    let schema = members.get("schema").unwrap_or(part);
    // The components have examples without a schema. They are checked where they are referred to.
    let named = members.get("schema").and(members.get("examples")).and_then(Value::as_object).into_iter().flatten();
    let values = named.map(|(_, example)| match example["$ref"].as_str() {
        Some(reference) => &document.pointer(reference.trim_start_matches('#')).unwrap()["value"],
        None => &example["value"],
    });
    for example in members.get("example").into_iter().chain(values) {
        found.push(Checked { place: place.to_owned(), schema, example });
    }
    for (name, member) in members.iter().filter(|(name, _)| !matches!(name.as_str(), "example" | "examples")) {
        examples(document, member, &format!("{place}/{name}"), found);
    }
}

#[test]
fn every_example_is_valid() {
    let document = openapi();
    let mut found = Vec::new();
    examples(&document, &document, "", &mut found);
    for Checked { place, schema, example } in &found {
        let mut schema = (*schema).clone();
        schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
        schema["components"] = document["components"].clone();
        let schema = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        let errors: Vec<_> = schema.iter_errors(example).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{place}: {example}");
    }
    assert!(found.len() > 250, "{}", found.len());
}

#[test]
fn an_example_that_is_wrong_would_be_found() {
    let schema = json!({ "$ref": "#/components/schemas/UserResponse", "components": openapi()["components"] });
    let schema = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let (_, mut bob) = examples::of_component("UserResponse").remove(0);
    assert!(schema.is_valid(&bob));
    bob["created_at"] = "yesterday".into();
    assert!(!schema.is_valid(&bob));
}

#[test]
fn every_body_and_every_good_answer_has_an_example() {
    let document = openapi();
    let operations = document["paths"].as_object().unwrap().iter().filter(|(path, _)| !path.starts_with("/docs/"));
    for (path, item) in operations {
        for (method, operation) in item.as_object().unwrap() {
            let body = &operation["requestBody"]["content"];
            let answers = operation["responses"].as_object().unwrap().values().map(|answer| &answer["content"]);
            for (media_type, body) in std::iter::once(body).chain(answers).filter_map(Value::as_object).flatten() {
                let has_one =
                    body["example"] != Value::Null || body["examples"].as_object().is_some_and(|all| !all.is_empty());
                assert!(has_one, "{method} {path}: {media_type}");
            }
        }
    }
}

#[test]
fn every_link_leads_to_an_operation_and_names_its_parameters() {
    let document = openapi();
    let operations =
        || document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    let mut links = 0;
    for answer in operations().flat_map(|operation| operation["responses"].as_object().unwrap().values()) {
        for link in answer["links"].as_object().into_iter().flat_map(Map::values) {
            let target = operations().find(|operation| operation["operationId"] == link["operationId"]).unwrap();
            let parameters = link["parameters"].as_object().into_iter().flat_map(Map::keys);
            parameters.for_each(|name| assert!(has_parameter(target, "name", name), "{link}"));
            assert_eq!(link["requestBody"].is_object(), target["operationId"] == "refresh", "{link}");
            links += 1;
        }
    }
    assert_eq!(links, links::count());
}
