//! Knob paths with the schema of their values, found by walking the platform and the workload.

use serde_json::{Map, Value, json};

use super::referred;
use crate::config::knob::{KNOBS, Knob};
use crate::config::platform::MEMORIES;
use crate::config::preset::KINDS;

/// The definition of `approximate`: a value for each path.
pub(super) const VALUES: &str = "Knobs";
/// The definition of `explore.space`: values for each path.
pub(super) const SPACE: &str = "Space";

/// Adds the definitions of `approximate` and `explore.space`.
pub(super) fn add(definitions: &mut Map<String, Value>) {
    let mut walk = Walk { document: json!({ "definitions": definitions }), found: Map::new() };
    for root in ["Platform", "Workload"] {
        walk.below(&format!("/definitions/{root}"), "");
    }
    let list = |value: &Value| json!({"type": "array", "minItems": 1, "items": value});
    let lists = walk.found.iter().map(|(path, value)| (path.clone(), list(value))).collect();
    definitions.insert(VALUES.into(), mapping(walk.found));
    definitions.insert(SPACE.into(), mapping(lists));
    definitions[SPACE]["minProperties"] = json!(1);
}

/// Known paths by pattern; the knobs also by name and with what they do, because editors propose names only.
fn mapping(patterns: Map<String, Value>) -> Value {
    let proposed: Map<String, Value> = KNOBS.iter().flat_map(proposals).collect();
    json!({
        "type": "object", "properties": proposed, "patternProperties": patterns, "additionalProperties": false,
    })
}

fn proposals(knob: &Knob) -> Vec<(String, Value)> {
    let neutral = knob.neutral().map_or("as configured".into(), |value| value.to_string());
    let description = format!("{}; {}; neutral: {neutral}; energy: {}", knob.does, knob.range, knob.energy);
    let named = |name: &str| (knob.path.replace('*', name), json!({ "description": description }));
    if knob.path.starts_with("memory.") { MEMORIES.map(named).into() } else { vec![named("#0")] }
}

/// Every path that a configuration may name, with a reference to the schema of its value.
struct Walk {
    document: Value,
    found: Map<String, Value>,
}

impl Walk {
    /// Collects the paths below the schema at a JSON pointer; `path` is the regular expression that leads there.
    fn below(&mut self, pointer: &str, path: &str) {
        let referred =
            referred(&self.document.pointer(pointer).expect("a pointer into the document").clone());
        let pointer = referred.map_or(pointer.to_string(), |name| format!("/definitions/{name}"));
        let schema = self.document.pointer(&pointer).expect("a reference into the document").clone();
        for key in keys(&schema["properties"]) {
            self.step(&format!("{pointer}/properties/{key}"), &join(path, &key));
        }
        if schema["additionalProperties"].is_object() {
            // Of the two mappings with names of the user's, one is of memories, the other of layers.
            let inner = format!("{pointer}/additionalProperties");
            match path {
                // A layer's settings are knobs one by one.
                "layers" => self.below(&inner, &join(path, ".+")),
                _ if path.ends_with("layers") => self.step(&inner, &join(path, ".+")),
                _ => self.step(&inner, &join(path, &format!("({})", MEMORIES.join("|")))),
            }
        }
        for (at, variant) in schema["oneOf"].as_array().into_iter().flatten().enumerate() {
            for kind in keys(&variant["properties"]) {
                self.kind(&format!("{pointer}/oneOf/{at}/properties/{kind}"), path, &kind);
            }
        }
    }

    fn step(&mut self, pointer: &str, path: &str) {
        self.note(pointer, path);
        self.below(pointer, path);
    }

    /// A kind such as `cmos` may be left out of the paths below it.
    fn kind(&mut self, pointer: &str, path: &str, kind: &str) {
        let whole = join(path, kind);
        self.note(pointer, &whole);
        let optional = KINDS.contains(&kind);
        self.below(pointer, &if optional { format!(r"{path}(\.{kind})?") } else { whole });
    }

    /// Takes a path; the platform's wins where the workload has the same.
    fn note(&mut self, pointer: &str, path: &str) {
        let value = json!({ "$ref": format!("#{pointer}") });
        self.found.entry(format!("^{path}$")).or_insert(value);
    }
}

fn keys(map: &Value) -> Vec<String> {
    map.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect()
}

fn join(path: &str, segment: &str) -> String {
    if path.is_empty() { segment.into() } else { format!(r"{path}\.{segment}") }
}
