//! Where each part of a configuration was written, so that an error points there.

use serde_json::Value;

use super::error::{ConfigError, reworded};
use super::source::Source;

/// Where the parts of a configuration were written.
#[derive(Debug, Clone)]
pub(super) struct Origins {
    pub main: Source,
    pub workload: Option<Source>,
    pub preset: Option<(String, Source)>,
    /// What is set on the command line: its path, name by name and as it was written.
    pub sets: Vec<(Vec<String>, String)>,
}

impl Origins {
    /// An error of the typed reader at a path, in our words.
    pub(super) fn wrong(&self, path: &[String], message: &str) -> ConfigError {
        let (message, help) = reworded(path, message);
        let below = |(set, _): &&(Vec<String>, String)| set.len() > path.len() && set.starts_with(path);
        if message.starts_with("exactly one kind")
            && let Some((set, written)) = self.sets.iter().rev().find(below)
        {
            let key = &set[path.len()];
            let place = path.join(".");
            let message =
                format!("in `--set {written}=…`: `{key}` is no kind, or not the only one, of `{place}`");
            return ConfigError::new(message)
                .help("`--set` names the kind too, as in `platform.compute.array.rows=8`");
        }
        let unknown = message.starts_with("unknown key");
        self.locate(path, unknown, &message).maybe_help(help)
    }

    /// The same of a value that is tried for a knob, written at `at`.
    pub(super) fn knob(
        &self,
        at: &[String],
        (knob, value): (&str, &Value),
        path: &[String],
        message: &str,
    ) -> ConfigError {
        let (message, help) = reworded(path, message);
        let one_of_many = at[0] == "explore";
        let which = if one_of_many { format!("`{knob}` cannot be {value}") } else { format!("`{knob}`") };
        self.locate(at, false, &format!("{which}: {message}")).maybe_help(help)
    }

    pub(super) fn knob_key(&self, knob: &str, message: &str) -> ConfigError {
        let explored = vec!["explore".to_string(), "space".into(), knob.into()];
        let tried = vec!["approximate".to_string(), knob.into()];
        let at = if self.main.depth(&explored) == 3 { explored } else { tried };
        self.locate(&at, true, message)
    }

    /// An error where the path was written: a `--set`, the file, the workload file, the preset, in this order.
    pub(super) fn locate(&self, path: &[String], at_key: bool, message: &str) -> ConfigError {
        let set = |covers: &dyn Fn(&[String]) -> bool| self.sets.iter().rev().find(|(set, _)| covers(set));
        let below = || set(&|set| set.starts_with(path)).filter(|_| !self.is_in_file(path));
        if let Some((_, written)) = set(&|set| path.starts_with(set)).or_else(below) {
            return ConfigError::new(format!("in `--set {written}=…`: {message}"));
        }
        let inner = path.get(1..).unwrap_or(&[]);
        let first = path.first().map(String::as_str);
        if first == Some("workload")
            && let Some(source) = &self.workload
        {
            return deepest(source, inner, at_key, message);
        }
        if first == Some("platform")
            && let Some((name, source)) = &self.preset
        {
            let in_preset = source.depth(inner) + 1 > self.main.depth(path);
            if in_preset {
                return deepest(source, inner, at_key, &format!("in preset `{name}`: {message}"));
            }
        }
        deepest(&self.main, path, at_key, message)
    }

    /// Whether a file or the preset says something at this path.
    fn is_in_file(&self, path: &[String]) -> bool {
        let inner = path.get(1..).unwrap_or(&[]);
        let of = |first: &str, source: Option<&Source>| {
            path.first().is_some_and(|name| name == first)
                && source.is_some_and(|source| source.depth(inner) == inner.len())
        };
        self.main.depth(path) == path.len()
            || of("workload", self.workload.as_ref())
            || of("platform", self.preset.as_ref().map(|(_, source)| source))
    }
}

fn deepest(source: &Source, path: &[String], at_key: bool, message: &str) -> ConfigError {
    let depth = source.depth(path);
    // A whole mapping is too much to underline: what it lacks is shown at its key.
    let at_key = at_key || depth < path.len();
    source.error_at(&path[..depth], at_key, message).unwrap_or_else(|| source.error(0..0, message.into()))
}
