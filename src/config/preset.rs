//! Platforms that ship with the program, and how an override changes one.

use serde_json::Value;

/// Name and YAML text of every platform compiled in.
pub const PLATFORMS: [(&str, &str); 3] = [
    ("always_on", include_str!("../../configs/platforms/always_on.yaml")),
    ("camera_edge", include_str!("../../configs/platforms/camera_edge.yaml")),
    ("ideal", include_str!("../../configs/platforms/ideal.yaml")),
];

/// Keys that choose a kind: writing another one replaces the whole role.
pub(super) const KINDS: [&str; 6] = ["ideal", "cmos", "dram", "sram", "array", "serial"];

/// The text of a platform by name.
pub fn platform(name: &str) -> Option<&'static str> {
    PLATFORMS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// Lays `over` on `base`: mappings merge key by key, anything else replaces, another kind replaces.
pub(super) fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) if !switches_kind(base, &over) => {
            for (key, value) in over {
                merge(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over,
    }
}

fn switches_kind(base: &serde_json::Map<String, Value>, over: &serde_json::Map<String, Value>) -> bool {
    over.keys().any(|key| KINDS.contains(&key.as_str()) && !base.contains_key(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_override_changes_its_key_alone_and_another_kind_replaces() {
        let mut base =
            json!({"link": {"serial": {"a": 1, "b": 2}}, "memory": {"buffer": {"sram": {"size": "8 KiB"}}}});
        merge(&mut base, json!({"link": {"serial": {"a": 3}}}));
        assert_eq!(base["link"], json!({"serial": {"a": 3, "b": 2}}));
        merge(&mut base, json!({"link": "ideal", "memory": {"buffer": {"dram": {}}}}));
        assert_eq!(base, json!({"link": "ideal", "memory": {"buffer": {"dram": {}}}}));
    }
}
