//! Every key of the YAML files in words, from the schema.

use serde_json::{Map, Value};

use super::knobs::{Walk, keys};
use super::{referred, schema};
use crate::config::knob::stands_for;

/// A key of a configuration, a platform or a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its path; `*` stands for a name of the user's, `kind?` for a kind that may be left out.
    pub path: String,
    /// What it is.
    pub does: String,
    /// Its values in words, each with what it means.
    pub values: Vec<String>,
}

/// All of them, in the order of the schema.
///
/// ```
/// use axsim::config::schema::fields;
/// let floor = fields().into_iter().find(|field| field.path == "floor").unwrap();
/// assert!(floor.does.starts_with("Largest tolerated drop of the score: 0.01 is one point"));
/// ```
pub fn fields() -> Vec<Field> {
    let mut walk = Walk { document: schema(), found: Map::new() };
    walk.platform_and_workload();
    let root = "/definitions/Configuration/properties";
    for key in keys(walk.document.pointer(root).unwrap_or(&Value::Null)) {
        walk.note(&format!("{root}/{key}"), &key);
    }
    walk.below("/definitions/Explore", "explore");
    let Walk { document, found } = walk;
    found.iter().filter_map(|(path, value)| field(&document, path, value["$ref"].as_str()?)).collect()
}

/// Which whole numbers the key at a path takes, in words.
pub(in crate::config) fn whole_number(path: &[String]) -> String {
    let inner = match path.first().map(String::as_str) {
        Some("platform" | "workload") => &path[1..],
        _ => path,
    };
    let inner = inner.join(".");
    let own = fields().into_iter().find(|field| stands_for(&field.path, &inner));
    let told = |value: &String| value.starts_with(WHOLE_NUMBER) && value.contains(" from ");
    let range = own.and_then(|field| field.values.into_iter().find(told));
    format!("a {}", range.unwrap_or(format!("{WHOLE_NUMBER} from 0")))
}

const WHOLE_NUMBER: &str = "whole number";

fn field(document: &Value, path: &str, target: &str) -> Option<Field> {
    let own = document.pointer(target.strip_prefix('#')?)?;
    let whole = referred(own).and_then(|name| document["definitions"].get(&name)).unwrap_or(own);
    // What a kind is stands beside its key.
    let beside = || document.pointer(target[1..].rsplit_once("/properties/")?.0).and_then(text);
    let does = text(own).or_else(|| text(whole)).or_else(beside).unwrap_or_default();
    let kinds = ["oneOf", "anyOf"].into_iter().filter_map(|of| whole[of].as_array()).flatten();
    let listed: Vec<String> = kinds.filter_map(kind).collect();
    let values =
        if listed.is_empty() { range(own).or_else(|| range(whole)).into_iter().collect() } else { listed };
    let default = own.get("default").filter(|default| !default.is_null() && !default.is_object());
    let default = default.map(|default| format!("{default} where absent"));
    Some(Field { path: path.into(), does, values: values.into_iter().chain(default).collect() })
}

fn text(schema: &Value) -> Option<String> {
    Some(schema["description"].as_str()?.replace('\n', " "))
}

/// One of several values.
fn kind(schema: &Value) -> Option<String> {
    let key = || Some(format!("{{{}: …}}", keys(&schema["properties"]).first()?));
    let name = schema["const"].as_str().map(String::from).or_else(key)?;
    Some(text(schema).map_or(format!("`{name}`"), |does| format!("`{name}`: {does}")))
}

/// The type of a value with its ends.
fn range(schema: &Value) -> Option<String> {
    let name = match schema["type"].as_str().or_else(|| schema["type"][0].as_str())? {
        "integer" => WHOLE_NUMBER,
        "array" => "list",
        "object" => return None,
        "string" => schema["description"].as_str().unwrap_or("text"),
        other => other,
    };
    let end = |word: &str, key: &str| schema.get(key).map_or(String::new(), |end| format!(" {word} {end}"));
    let from = end("from", "minimum") + &end("above", "exclusiveMinimum");
    Some(format!("{name}{from}{}", end("to", "maximum")))
}
