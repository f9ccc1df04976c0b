//! `--set`, workload file and preset put into the tree of a configuration.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::{ConfigError, suggest};
use super::knob::names;
use super::origins::Origins;
use super::preset;
use super::source::Source;
use super::tree::{at_mut, parse};

/// Keys of a configuration.
const KEYS: [&str; 7] = ["workload", "platform", "approximate", "explore", "floor", "seed", "fault_maps"];
/// Keys of a platform, which a user may write where the platform itself is asked for.
const PARTS: [&str; 5] = ["frame_period", "sensor", "memory", "compute", "link"];

impl Origins {
    /// Applies one `--set`; below `approximate` and `explore.space` the rest is one knob path. `null` takes away what a file says.
    pub(super) fn set(&mut self, tree: &mut Value, path: &str, text: &str) -> Result<(), ConfigError> {
        let value: Value = serde_yaml::from_str(text).map_err(|error| {
            ConfigError::new(format!("`--set {path}={text}` is not a YAML value: {error}"))
        })?;
        let knob = ["approximate.", "explore.space."]
            .iter()
            .find_map(|start| path.strip_prefix(start).map(|rest| (start, rest)));
        let segments: Vec<String> = match knob {
            Some((start, rest)) => {
                start.trim_end_matches('.').split('.').chain([rest]).map(String::from).collect()
            }
            None => names(path).map_err(|fault| ConfigError::new(format!("`--set {path}=…`: {fault}")))?,
        };
        if !KEYS.contains(&segments[0].as_str()) {
            let error = ConfigError::new(format!("`--set {path}=…`: there is no key `{}`", segments[0]));
            let part = PARTS.contains(&segments[0].as_str());
            let help = format!(
                "write `platform.{path}` to set it everywhere, `approximate.{path}` to try it as a knob"
            );
            return Err(error.maybe_help(if part { Some(help) } else { suggest(&segments[0], &KEYS) }));
        }
        Source::read(text, &format!("--set {path}"))?;
        if value.is_null() && !text.trim().is_empty() {
            return unset(tree, &segments, path);
        }
        let mut here = tree;
        for segment in &segments {
            if !here.is_object() {
                *here = Value::Object(Default::default());
            }
            here = here.as_object_mut().expect("just made one").entry(segment).or_insert(Value::Null);
        }
        *here = value;
        self.sets.push((segments, path.to_string()));
        Ok(())
    }

    pub(super) fn inline_workload(
        &mut self,
        tree: &mut Value,
        from: PathBuf,
        read: &dyn Fn(&Path) -> io::Result<String>,
    ) -> Result<PathBuf, ConfigError> {
        let Some(file) = tree.get("workload").and_then(Value::as_str).map(|file| from.join(file)) else {
            return Ok(from);
        };
        let text = read(&file).map_err(|error| {
            let message = format!("cannot read the workload file {}: {error}", file.display());
            self.locate(&["workload".into()], false, &message)
        })?;
        let (value, source) = parse(&text, &file.display().to_string())?;
        tree["workload"] = value;
        self.workload = Some(source);
        Ok(file.parent().unwrap_or(Path::new("")).to_path_buf())
    }

    pub(super) fn inline_platform(&mut self, tree: &mut Value) -> Result<(), ConfigError> {
        let at: &[&str] = if tree["platform"].is_string() { &["platform"] } else { &["platform", "preset"] };
        let at: Vec<String> = at.iter().map(|segment| segment.to_string()).collect();
        let Some(name) = at_mut(tree, &at).and_then(|value| value.as_str().map(String::from)) else {
            return Ok(());
        };
        let Some(text) = preset::platform(&name) else {
            let known: Vec<&str> = preset::PLATFORMS.iter().map(|(name, _)| *name).collect();
            let error = self.locate(&at, false, &format!("there is no platform preset `{name}`"));
            return Err(error.maybe_help(suggest(&name, &known)));
        };
        let (mut merged, source) = parse(text, &format!("preset {name}"))?;
        if let Value::Object(mut over) = tree["platform"].take() {
            over.shift_remove("preset");
            preset::merge(&mut merged, Value::Object(over));
        }
        tree["platform"] = merged;
        self.preset = Some((name, source));
        Ok(())
    }
}

fn unset(tree: &mut Value, segments: &[String], path: &str) -> Result<(), ConfigError> {
    let (last, parents) = segments.split_last().expect("a path has segments");
    let parent = parents.iter().try_fold(tree, |here, part| here.get_mut(part));
    let taken = parent.and_then(Value::as_object_mut).and_then(|map| map.shift_remove(last));
    let nothing = || format!("`--set {path}=null` takes away what a file says, and none says anything there");
    taken.map(drop).ok_or_else(|| ConfigError::new(nothing()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn null_takes_away_what_is_there_and_nothing_else() {
        let mut tree = json!({"workload": {"exit": {"outputs": []}, "samples": 4}});
        let path: Vec<String> = ["workload", "exit"].map(String::from).to_vec();
        unset(&mut tree, &path, "workload.exit").unwrap();
        assert_eq!(tree, json!({"workload": {"samples": 4}}));
        let again = unset(&mut tree, &path, "workload.exit").unwrap_err();
        assert!(again.to_string().contains("`--set workload.exit=null`"), "{again}");
        assert_eq!(tree, json!({"workload": {"samples": 4}}));
    }
}
