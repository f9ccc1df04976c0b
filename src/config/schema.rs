//! The JSON Schema (draft-07) of the YAML files, made from the typed configuration.
//!
//! An editor that knows it completes keys, shows what they mean and underlines mistakes while they are
//! typed. What only a whole setup can tell (does a file exist, does a unit meet its clock) stays with
//! loading.

mod fields;
mod knobs;
mod overrides;

pub(super) use fields::whole_number;
pub use fields::{Field, fields};
use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::file::File;
use super::preset::PLATFORMS;
use super::{Platform, Workload};

/// The schema of every file in `configs/`: a configuration (run or exploration), a workload or a platform.
///
/// A file with the key `model` is a workload, one with `frame_period` a platform, any other a configuration.
///
/// ```
/// let schema = axsim::config::schema::schema();
/// assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
/// ```
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft07().into_generator();
    let configuration = generator.subschema_for::<File>();
    let (workload, platform) = (generator.subschema_for::<Workload>(), generator.subschema_for::<Platform>());
    let mut definitions = generator.take_definitions(true);
    knobs::add(&mut definitions);
    overrides::add(&mut definitions);
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "axsim",
        "description": "A run, an exploration, a workload or a platform of axsim",
        "if": {"required": ["model"]},
        "then": workload,
        "else": {"if": {"required": ["frame_period"]}, "then": platform, "else": configuration},
        "definitions": definitions,
    })
}

/// A reference to a definition that is added after all types are known.
fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{name}") })
}

/// The name of the definition that a schema refers to, also where siblings forced it into `allOf`.
fn referred(schema: &Value) -> Option<String> {
    let target = schema.get("$ref").or_else(|| schema.get("allOf")?.get(0)?.get("$ref"))?;
    Some(target.as_str()?.strip_prefix("#/definitions/")?.into())
}

/// The task itself, or the path of its file.
pub(super) fn workload(generator: &mut SchemaGenerator) -> Schema {
    let inline = generator.subschema_for::<Workload>();
    json_schema!({
        "description": "The task, or the path of a file that describes it, relative to this file",
        "if": {"type": "string"}, "then": {"minLength": 1}, "else": inline,
    })
}

/// A preset's name, a preset with overrides, or a whole platform.
pub(super) fn platform(generator: &mut SchemaGenerator) -> Schema {
    let whole = generator.subschema_for::<Platform>();
    json_schema!({
        "description": "The hardware, the name of a preset, or `preset` with what differs from it",
        "if": {"type": "string"},
        "then": presets(),
        "else": {"if": {"required": ["preset"]}, "then": reference(overrides::PLATFORM), "else": whole},
    })
}

fn presets() -> Value {
    let names: Vec<&str> = PLATFORMS.iter().map(|(name, _)| *name).collect();
    json!({"type": "string", "enum": names, "description": "A platform that ships with axsim"})
}

/// Knob path → value.
pub(super) fn approximate(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"description": "Knob path → value to try", "allOf": [reference(knobs::VALUES)]})
}

/// Knob path → values.
pub(super) fn space(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"description": "Knob path → values to try; the grid is their product", "allOf": [reference(knobs::SPACE)]})
}
