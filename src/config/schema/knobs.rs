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
    walk.platform_and_workload();
    let found: Map<String, Value> =
        walk.found.iter().map(|(path, value)| (pattern(path), value.clone())).collect();
    let list = |value: &Value| json!({"type": "array", "minItems": 1, "items": value});
    let lists = found.iter().map(|(path, value)| (path.clone(), list(value))).collect();
    definitions.insert(VALUES.into(), mapping(found));
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
    let neutral = knob.neutral_in_words();
    let description = format!("{}; {}; neutral: {neutral}; energy: {}", knob.does, knob.range, knob.energy);
    let named = |name: &str| (knob.path.replace('*', name), json!({ "description": description }));
    if knob.path.starts_with("memory.") { MEMORIES.map(named).into() } else { vec![named("#0")] }
}

/// The name of a layer: all between its neighbours, or in quotes that are closed.
const LAYER: &str = r#"("([^"\\]|\\.)*"|[^"].*)"#;

/// The regular expression of a path.
fn pattern(path: &str) -> String {
    let mut out = String::from("^");
    for segment in path.split('.') {
        let between = if out == "^" { "" } else { r"\." };
        out += &match segment.strip_suffix('?') {
            Some(kind) => format!("({between}{kind})?"),
            // Of the two mappings with names of the user's, one is of layers, the other of memories.
            None if segment == "*" && out.ends_with("layers") => format!("{between}{LAYER}"),
            None if segment == "*" => format!("{between}({})", MEMORIES.join("|")),
            None => format!("{between}{segment}"),
        };
    }
    out + "$"
}

/// Every path that a configuration may name, with a reference to the schema of its value: `*` stands for a name of the user's,
/// `kind?` for a kind that may be left out.
pub(super) struct Walk {
    pub(super) document: Value,
    pub(super) found: Map<String, Value>,
}

impl Walk {
    /// Collects the paths of both.
    pub(super) fn platform_and_workload(&mut self) {
        ["Platform", "Workload"].iter().for_each(|root| self.below(&format!("/definitions/{root}"), ""));
    }

    /// Collects the paths below the schema at a JSON pointer; `path` leads there.
    pub(super) fn below(&mut self, pointer: &str, path: &str) {
        let referred =
            referred(&self.document.pointer(pointer).expect("a pointer into the document").clone());
        let pointer = referred.map_or(pointer.to_string(), |name| format!("/definitions/{name}"));
        let schema = self.document.pointer(&pointer).expect("a reference into the document").clone();
        for key in keys(&schema["properties"]) {
            self.step(&format!("{pointer}/properties/{key}"), &join(path, &key));
        }
        if schema["additionalProperties"].is_object() {
            let inner = format!("{pointer}/additionalProperties");
            match path {
                // A layer's settings are knobs one by one.
                "layers" => self.below(&inner, &join(path, "*")),
                _ => self.step(&inner, &join(path, "*")),
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
        self.below(pointer, &if optional { whole + "?" } else { whole });
    }

    /// Takes a path; the platform's wins where the workload has the same.
    pub(super) fn note(&mut self, pointer: &str, path: &str) {
        self.found.entry(path).or_insert(json!({ "$ref": format!("#{pointer}") }));
    }
}

pub(super) fn keys(map: &Value) -> Vec<String> {
    map.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect()
}

fn join(path: &str, segment: &str) -> String {
    if path.is_empty() { segment.into() } else { format!("{path}.{segment}") }
}
