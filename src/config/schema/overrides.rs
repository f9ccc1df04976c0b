//! Definitions of which nothing is required: what may differ from a preset.

use serde_json::{Map, Value, json};

use super::{presets, reference, referred};

/// The definition of a preset with overrides.
pub(super) const PLATFORM: &str = "PlatformOverrides";

/// Adds a twin that requires nothing for the platform and for everything in it that requires something.
pub(super) fn add(definitions: &mut Map<String, Value>) {
    let mut twins = Map::new();
    twin(definitions, "Platform", &mut twins);
    let platform = &mut twins[PLATFORM];
    platform["properties"]["preset"] = presets();
    platform["required"] = json!(["preset"]);
    definitions.extend(twins);
}

/// Makes the twin of a definition if it differs; returns the name to refer to.
fn twin(definitions: &Map<String, Value>, name: &str, twins: &mut Map<String, Value>) -> String {
    let mut copy = definitions[name].clone();
    // The key of a kind stays required: it is what tells the kinds apart.
    let mut differs = copy.as_object_mut().is_some_and(|copy| copy.remove("required").is_some());
    for property in
        copy.get_mut("properties").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut)
    {
        property.as_object_mut().map(|property| property.remove("required"));
    }
    each_reference(&mut copy, &mut |target| {
        let new = twin(definitions, target, twins);
        differs |= new != target;
        new
    });
    if !differs {
        return name.into();
    }
    let name = format!("{name}Overrides");
    twins.insert(name.clone(), copy);
    name
}

/// Replaces the target of every reference.
fn each_reference(schema: &mut Value, new: &mut dyn FnMut(&str) -> String) {
    if schema.get("$ref").is_some()
        && let Some(target) = referred(schema)
    {
        *schema = reference(&new(&target));
        return;
    }
    match schema {
        Value::Object(map) => map.values_mut().for_each(|inner| each_reference(inner, new)),
        Value::Array(items) => items.iter_mut().for_each(|inner| each_reference(inner, new)),
        _ => {}
    }
}
