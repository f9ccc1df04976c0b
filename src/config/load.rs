//! From YAML text to a checked configuration, with every error at its line.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use miette::{Diagnostic, NamedSource, SourceSpan};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::check;
use super::knob::Knob;
use super::preset::{self, KINDS};
use super::source::Source;
use super::{Explore, Setup};

/// What is wrong with a configuration, and where.
#[derive(Debug, Clone, thiserror::Error, Diagnostic)]
#[error("{message}")]
pub struct ConfigError {
    message: String,
    label: String,
    #[source_code]
    text: Option<Arc<NamedSource<String>>>,
    #[label("{label}")]
    span: Option<SourceSpan>,
    #[help]
    help: Option<String>,
}

impl ConfigError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), label: "here".into(), text: None, span: None, help: None }
    }
    pub(super) fn at(mut self, text: Arc<NamedSource<String>>, span: SourceSpan) -> Self {
        (self.text, self.span) = (Some(text), Some(span));
        self
    }
    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
    fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }
}

/// A share, written `1 %` or `0.01`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Share {
    Fraction(f64),
    Text(String),
}

impl Share {
    fn fraction(&self) -> Option<f64> {
        let value = match self {
            Self::Fraction(value) => *value,
            Self::Text(text) => text.trim().strip_suffix('%')?.trim().parse::<f64>().ok()? / 100.0,
        };
        (0.0..=1.0).contains(&value).then_some(value)
    }
}

/// The file as written, workload and platform still untyped.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// The task, or the path of a file that describes it.
    workload: Value,
    /// The hardware, or the name of a preset.
    platform: Value,
    /// Knob path → value to try.
    #[serde(default)]
    approximate: IndexMap<String, Value>,
    /// Search over knobs.
    #[serde(default)]
    explore: Option<Explore>,
    /// Largest tolerated drop of the score.
    #[serde(default)]
    floor: Option<Share>,
    /// Seed of every random stream.
    #[serde(default = "one")]
    seed: u64,
    /// How many fault maps a faulty memory is tried with, at least 8.
    #[serde(default = "eight")]
    fault_maps: u32,
}

fn one() -> u64 {
    1
}
fn eight() -> u32 {
    8
}

/// A checked configuration: the exact baseline and the knobs to try on it.
#[derive(Debug, Clone)]
pub struct Config {
    /// Workload and platform with every default written out and every named knob at its neutral value.
    pub baseline: Value,
    /// Knob path as written → value to try.
    pub approximate: IndexMap<String, Value>,
    /// The search, if one is asked for.
    pub explore: Option<Explore>,
    /// Largest tolerated drop of the score, as a fraction.
    pub floor: Option<f64>,
    /// Seed of every random stream.
    pub seed: u64,
    /// How many fault maps a faulty memory is tried with.
    pub fault_maps: u32,
    /// Folder that the relative paths of the workload start from.
    pub base_dir: PathBuf,
    origins: Origins,
}

/// Where the parts of a configuration were written.
#[derive(Debug, Clone)]
struct Origins {
    main: Source,
    workload: Option<Source>,
    preset: Option<(String, Source)>,
    sets: Vec<Vec<String>>,
}

impl Config {
    /// Reads the YAML `text` of the file `name`; `read` opens the workload file it may name, `sets` are
    /// `path=value` edits that win over the file.
    ///
    /// # Errors
    /// Anything unknown, misspelt, of the wrong unit or out of range, as a diagnostic at its line.
    pub fn load(
        text: &str,
        name: &Path,
        read: &dyn Fn(&Path) -> io::Result<String>,
        sets: &[(String, String)],
    ) -> Result<Self, ConfigError> {
        let dir = name.parent().unwrap_or(Path::new("")).to_path_buf();
        let (mut tree, main) = parse(text, &name.display().to_string())?;
        rebase_tables(&mut tree, &dir);
        let mut origins = Origins { main, workload: None, preset: None, sets: vec![] };
        let workload_set = sets.iter().any(|(path, _)| path == "workload");
        let (whole, inner): (Vec<_>, Vec<_>) = sets
            .iter()
            .partition(|(path, _)| ["workload", "platform", "platform.preset"].contains(&path.as_str()));
        for (path, value) in whole {
            origins.set(&mut tree, path, value)?;
        }
        let from = if workload_set { PathBuf::new() } else { dir };
        let base_dir = origins.inline_workload(&mut tree, from, read)?;
        origins.inline_platform(&mut tree)?;
        for (path, value) in inner {
            origins.set(&mut tree, path, value)?;
        }
        Self::typed(tree, base_dir, origins)
    }

    fn typed(tree: Value, base_dir: PathBuf, origins: Origins) -> Result<Self, ConfigError> {
        let file: File = typed(&tree).map_err(|(path, message)| origins.wrong(&path, &message))?;
        let both = serde_json::json!({"workload": file.workload, "platform": file.platform});
        let setup: Setup = typed(&both).map_err(|(path, message)| origins.wrong(&path, &message))?;
        check::setup(&setup).map_err(|fault| origins.locate(&fault.path, false, &fault.message))?;
        let floor = match &file.floor {
            None => None,
            Some(share) => Some(share.fraction().ok_or_else(|| {
                origins.locate(
                    &["floor".into()],
                    false,
                    "`floor` is not a share from 0 to 1; write `1 %` or 0.01",
                )
            })?),
        };
        if file.fault_maps < 8 {
            let message = "fewer than 8 fault maps do not show their spread; write 8 or more";
            return Err(origins.locate(&["fault_maps".into()], false, message));
        }
        let baseline = serde_json::to_value(&setup).map_err(|error| ConfigError::new(error.to_string()))?;
        let (approximate, explore) = (file.approximate, file.explore);
        let (seed, fault_maps) = (file.seed, file.fault_maps);
        let mut config = Self { baseline, approximate, explore, floor, seed, fault_maps, base_dir, origins };
        config.neutralise()?;
        config.try_all()?;
        Ok(config)
    }

    /// Puts every named knob of the baseline at its neutral value.
    fn neutralise(&mut self) -> Result<(), ConfigError> {
        let space = self.explore.iter().flat_map(|explore| explore.space.keys());
        for knob in self.approximate.keys().chain(space).cloned().collect::<Vec<_>>() {
            let path = self.resolve(&knob)?;
            if let Some(neutral) = Knob::of(&path[1..]).and_then(Knob::neutral) {
                *at_mut(&mut self.baseline, &path).expect("a resolved path exists") = neutral;
            }
        }
        Ok(())
    }

    /// Every value to try must give a setup: an exploration shall not fail half-way.
    fn try_all(&self) -> Result<(), ConfigError> {
        self.setup(&self.approximate)?;
        let Some(explore) = &self.explore else { return Ok(()) };
        if explore.space.is_empty() {
            let path = ["explore".into(), "space".into()];
            return Err(self.origins.locate(
                &path,
                false,
                "`space` names no knob; there is nothing to explore",
            ));
        }
        for (knob, values) in &explore.space {
            if values.is_empty() {
                let path = ["explore".into(), "space".into(), knob.clone()];
                return Err(self.origins.locate(&path, false, &format!("`{knob}` has no value to try")));
            }
            for value in values {
                self.setup(&IndexMap::from([(knob.clone(), value.clone())]))?;
            }
        }
        Ok(())
    }

    /// The baseline with these knobs set.
    ///
    /// # Errors
    /// A path that names no field, or a value that its field does not take.
    pub fn setup(&self, knobs: &IndexMap<String, Value>) -> Result<Setup, ConfigError> {
        let mut tree = self.baseline.clone();
        let mut paths = vec![];
        for (knob, value) in knobs {
            let path = self.resolve(knob)?;
            *at_mut(&mut tree, &path).expect("a resolved path exists") = value.clone();
            paths.push((path, knob, value));
        }
        let located = |path: &[String], message: &str| {
            let knob = paths.iter().find(|(set, ..)| path.starts_with(set));
            knob.map_or_else(
                || self.origins.wrong(path, message),
                |(_, knob, value)| self.origins.knob(knob, value, message),
            )
        };
        let setup: Setup = typed(&tree).map_err(|(path, message)| located(&path, &message))?;
        check::setup(&setup).map_err(|fault| located(&fault.path, &fault.message))?;
        Ok(setup)
    }

    /// The full path of a knob in the baseline; kind keys such as `cmos` may be left out.
    fn resolve(&self, knob: &str) -> Result<Vec<String>, ConfigError> {
        let first = knob.split('.').next().unwrap_or("");
        let platform = self.baseline["platform"].as_object().is_some_and(|map| map.contains_key(first));
        let mut path = vec![if platform { "platform" } else { "workload" }.to_string()];
        let mut here = &self.baseline[path[0].as_str()];
        for segment in knob.split('.') {
            if let Some((kind, inner)) = sole_kind(here).filter(|(kind, _)| *kind != segment) {
                path.push(kind.clone());
                here = inner;
            }
            let Some(next) = here.get(segment) else { return Err(self.no_such_knob(knob, segment, here)) };
            path.push(segment.to_string());
            here = next;
        }
        Ok(path)
    }

    fn no_such_knob(&self, knob: &str, segment: &str, here: &Value) -> ConfigError {
        let message =
            format!("`{knob}` names no field of the workload or the platform: there is no `{segment}`");
        let mut known: Vec<&str> =
            here.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        if knob.starts_with(segment) {
            known.extend(["sensor", "memory", "compute", "link"]);
        }
        self.origins.knob_key(knob, &message).maybe_help(suggest(segment, &known))
    }
}

impl Origins {
    /// Applies one `--set`; below `approximate` and `explore.space` the rest is one knob path.
    fn set(&mut self, tree: &mut Value, path: &str, text: &str) -> Result<(), ConfigError> {
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
            None => path.split('.').map(String::from).collect(),
        };
        let mut here = tree;
        for segment in &segments {
            if !here.is_object() {
                *here = Value::Object(Default::default());
            }
            here = here.as_object_mut().expect("just made one").entry(segment).or_insert(Value::Null);
        }
        *here = value;
        self.sets.push(segments);
        Ok(())
    }

    fn inline_workload(
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

    fn inline_platform(&mut self, tree: &mut Value) -> Result<(), ConfigError> {
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

    /// An error of the typed reader at a path, in our words.
    fn wrong(&self, path: &[String], message: &str) -> ConfigError {
        let (message, help) = reworded(message);
        let unknown = message.starts_with("unknown key");
        self.locate(path, unknown, &message).maybe_help(help)
    }

    fn knob(&self, knob: &str, value: &Value, message: &str) -> ConfigError {
        let (message, help) = reworded(message);
        let mut at = vec!["explore".to_string(), "space".into(), knob.into()];
        if self.main.depth(&at) == 3 {
            let shown = format!("`{knob}` cannot be {value}: {message}");
            return self.locate(&at, false, &shown).maybe_help(help);
        }
        at = vec!["approximate".into(), knob.into()];
        self.locate(&at, false, &format!("`{knob}`: {message}")).maybe_help(help)
    }

    fn knob_key(&self, knob: &str, message: &str) -> ConfigError {
        let explored = vec!["explore".to_string(), "space".into(), knob.into()];
        let tried = vec!["approximate".to_string(), knob.into()];
        let at = if self.main.depth(&explored) == 3 { explored } else { tried };
        self.locate(&at, true, message)
    }

    /// An error where the path was written: a `--set`, the file, the workload file, the preset, in this order.
    fn locate(&self, path: &[String], at_key: bool, message: &str) -> ConfigError {
        if let Some(set) = self.sets.iter().rev().find(|set| path.starts_with(set)) {
            return ConfigError::new(format!("in `--set {}=…`: {message}", set.join(".")));
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
}

fn deepest(source: &Source, path: &[String], at_key: bool, message: &str) -> ConfigError {
    let depth = source.depth(path);
    // A whole mapping is too much to underline: what it lacks is shown at its key.
    let at_key = at_key || depth < path.len();
    source.error_at(&path[..depth], at_key, message).unwrap_or_else(|| source.error(0..0, message.into()))
}

/// Splits what serde says into a sentence and a suggestion.
fn reworded(message: &str) -> (String, Option<String>) {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    for (start, word) in [("unknown field", "key"), ("unknown variant", "value")] {
        if message.starts_with(start)
            && let Some((bad, known)) = quoted.split_first()
        {
            return (format!("unknown {word} `{bad}`"), suggest(bad, known));
        }
    }
    if message.contains("expected map with a single key") {
        let message = "exactly one kind is expected here as the only key; check its spelling";
        return (message.into(), None);
    }
    match message.strip_prefix("missing field") {
        Some(rest) => (format!("missing key{rest}"), None),
        None => (message.to_string(), None),
    }
}

/// `did you mean …?` for a near miss, else everything that is allowed.
fn suggest(bad: &str, known: &[&str]) -> Option<String> {
    let near = known
        .iter()
        .map(|name| (strsim::jaro_winkler(bad, name), name))
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    let all = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    Some(if near.0 >= 0.8 { format!("did you mean `{}`?", near.1) } else { format!("allowed here: {all}") })
}

fn parse(text: &str, name: &str) -> Result<(Value, Source), ConfigError> {
    let source = Source::read(text, name)?;
    let value = serde_yaml::from_str(text).map_err(|error| {
        let at = error.location().map_or(0, |location| location.index().min(text.len()));
        let at = (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        source.error(at..at, error.to_string())
    })?;
    match value {
        Value::Object(_) => Ok((value, source)),
        _ => Err(source.error(0..text.len(), "the file is not a mapping of keys to values".into())),
    }
}

fn typed<T: DeserializeOwned>(tree: &Value) -> Result<T, (Vec<String>, String)> {
    use serde_path_to_error::Segment;
    serde_path_to_error::deserialize(tree).map_err(|error| {
        let segment = |segment: &Segment| match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.clone(),
            Segment::Enum { variant } => variant.clone(),
            Segment::Unknown => "?".into(),
        };
        (error.path().iter().map(segment).collect(), error.inner().to_string())
    })
}

fn at_mut<'a>(tree: &'a mut Value, path: &[String]) -> Option<&'a mut Value> {
    path.iter().try_fold(tree, |here, segment| here.get_mut(segment))
}

fn sole_kind(value: &Value) -> Option<(&String, &Value)> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    map.iter().next().filter(|(kind, _)| KINDS.contains(&kind.as_str()))
}

/// Makes the relative path of every `{table: FILE}` start where the program runs.
fn rebase_tables(value: &mut Value, dir: &Path) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map.iter_mut() {
                match inner {
                    Value::String(file) if key == "table" => {
                        *file = dir.join(&*file).to_string_lossy().into_owned()
                    }
                    inner => rebase_tables(inner, dir),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rebase_tables(item, dir)),
        _ => {}
    }
}
