//! From YAML text to a checked configuration, with every error at its line.

use std::io;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::error::{ConfigError, NO_SHARE, suggest};
use super::file::File;
use super::knob::{Knob, Misquoted, Neutral, first_name, names};
use super::origins::Origins;
use super::source::Source;
use super::tree::{parse, rebase_tables, sole_kind, typed};
use super::{Explore, LayerSettings, Setup, check};

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
        is_configuration(&tree, &main)?;
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
            Some(share) => {
                Some(share.fraction().ok_or_else(|| origins.locate(&["floor".into()], false, NO_SHARE))?)
            }
        };
        if !(8..=1000).contains(&file.fault_maps) {
            let message = "fewer than 8 fault maps do not show their spread, more than 1000 show no more; \
                           write 8 to 1000";
            return Err(origins.locate(&["fault_maps".into()], false, message));
        }
        let baseline = serde_json::to_value(&setup).map_err(|error| ConfigError::new(error.to_string()))?;
        let (approximate, explore) = (file.approximate, file.explore);
        let (seed, fault_maps) = (file.seed, file.fault_maps);
        let mut config = Self { baseline, approximate, explore, floor, seed, fault_maps, base_dir, origins };
        config.neutralise()?;
        config.each_knob_once()?;
        config.try_all()?;
        Ok(config)
    }

    /// Puts every named knob of the baseline at its neutral value.
    fn neutralise(&mut self) -> Result<(), ConfigError> {
        let space = self.explore.iter().flat_map(|explore| explore.space.keys());
        for knob in self.approximate.keys().chain(space).cloned().collect::<Vec<_>>() {
            let path = self.resolve(&knob)?;
            let Some(known) = Knob::of(&path[1..]) else { continue };
            match (known.neutral, known.neutral()) {
                (Neutral::Absent(_), _) => remove(&mut self.baseline, &path),
                (_, Some(neutral)) => put(&mut self.baseline, &path, neutral),
                (_, None) => {}
            }
        }
        Ok(())
    }

    /// No knob may stand beside itself in other words, or beside one that holds it: one of the two values would not be tried.
    fn each_knob_once(&self) -> Result<(), ConfigError> {
        let space = self.explore.iter().flat_map(|explore| explore.space.keys());
        self.once(&["approximate"], self.approximate.keys())?;
        self.once(&["explore", "space"], space)
    }

    fn once<'k>(&self, section: &[&str], knobs: impl Iterator<Item = &'k String>) -> Result<(), ConfigError> {
        let mut known: Vec<(Vec<String>, &String)> = vec![];
        for knob in knobs {
            let path = self.resolve(knob)?;
            let clash = known.iter().find_map(|(other, name)| clash((&path, knob), (other, name)));
            if let Some((message, label, help)) = clash {
                let at: Vec<String> = section.iter().copied().chain([&**knob]).map(String::from).collect();
                return Err(self.origins.locate(&at, true, &message).label(label).help(help));
            }
            known.push((path, knob));
        }
        Ok(())
    }

    /// Every value to try must give a setup: an exploration shall not fail half-way.
    fn try_all(&self) -> Result<(), ConfigError> {
        self.setup(&self.approximate)?;
        let Some(explore) = &self.explore else {
            return Ok(());
        };
        if explore.space.is_empty() {
            let path = ["explore".into(), "space".into()];
            return Err(self.origins.locate(
                &path,
                false,
                "`space` names no knob; there is nothing to explore",
            ));
        }
        if explore.points().is_none_or(|points| points > MOST_POINTS) {
            let points = explore.points().map_or("2^64 or more".into(), |points| points.to_string());
            let message = format!(
                "`space` asks for {points} points, of {MOST_POINTS} at most; leave out values or knobs"
            );
            return Err(self.origins.locate(&["explore".into(), "space".into()], true, &message));
        }
        for (knob, values) in &explore.space {
            if values.is_empty() {
                let path = ["explore".into(), "space".into(), knob.clone()];
                return Err(self.origins.locate(&path, false, &format!("`{knob}` has no value to try")));
            }
            if let Some(at) = repeated(values) {
                let path = ["explore".into(), "space".into(), knob.clone(), at.to_string()];
                let message = format!("`{knob}` has this value twice; its points would count twice");
                return Err(self.origins.locate(&path, false, &message));
            }
            for value in values {
                self.setup(&IndexMap::from([(knob.clone(), value.clone())]))?;
            }
        }
        let objectives = ["explore".into(), "objectives".into()];
        if explore.objectives.is_empty() || repeated(&explore.objectives).is_some() {
            let message =
                "`objectives` names nothing, or one thing twice; write for example `[score, energy]`";
            return Err(self.origins.locate(&objectives, false, message));
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
            put(&mut tree, &path, value.clone());
            paths.push((path, knob, value));
        }
        let located = |path: &[String], message: &str| {
            let knob = paths.iter().find(|(set, ..)| path.starts_with(set));
            knob.map_or_else(
                || self.origins.wrong(path, message),
                |(_, knob, value)| self.origins.knob(&self.tried(knob, value), (knob, value), path, message),
            )
        };
        let setup: Setup = typed(&tree).map_err(|(path, message)| located(&path, &message))?;
        check::setup(&setup).map_err(|fault| located(&fault.path, &fault.message))?;
        Ok(setup)
    }

    /// Where a value to try is written: its entry in the list of an exploration, or else what is tried at once.
    fn tried(&self, knob: &str, value: &Value) -> Vec<String> {
        let listed = self.explore.as_ref().and_then(|explore| explore.space.get(knob));
        let entry = listed.and_then(|values| values.iter().position(|listed| listed == value));
        match entry {
            Some(entry) => vec!["explore".into(), "space".into(), knob.into(), entry.to_string()],
            None => vec!["approximate".into(), knob.into()],
        }
    }

    /// As [`Config::fault`], where a value is tried for a knob: at that value if the knob is the field.
    pub fn fault_of_value(&self, field: &str, (knob, value): (&str, &Value), message: &str) -> ConfigError {
        let paths = self.resolve(field).ok().zip(self.resolve(knob).ok());
        match paths.is_some_and(|(field, knob)| field.starts_with(&knob) || knob.starts_with(&field)) {
            true => self.origins.locate(&self.tried(knob, value), false, message),
            false => self.fault(field, message),
        }
    }

    /// An error about the value of a field of the platform or the workload, where it was written.
    ///
    /// For faults that only show when hardware is built: `field` is a path such as `compute.array.rows`, kind keys
    /// may be left out; `layers.NAME` stands for all settings of a layer, its name [quoted](super::knob::quoted) where it has dots. A
    /// field that the configuration does not have gives the message alone.
    pub fn fault(&self, field: &str, message: &str) -> ConfigError {
        let layer = || Some(names(field).ok()?).filter(|names| names.len() == 2 && names[0] == SETTINGS[1]);
        let layer = || layer().map(|names| [&[SETTINGS[0].to_string()], &names[..]].concat());
        let Some(path) = self.resolve(field).ok().or_else(layer) else {
            return ConfigError::new(message);
        };
        let tried = self.approximate.keys().map(|knob| vec!["approximate".to_string(), knob.clone()]);
        let space = self.explore.iter().flat_map(|explore| explore.space.keys());
        let space = space.map(|knob| vec!["explore".to_string(), "space".into(), knob.clone()]);
        let named = |written: &Vec<String>| {
            let knob = self.resolve(&written[written.len() - 1]);
            knob.is_ok_and(|knob| path.starts_with(&knob) || knob.starts_with(&path))
        };
        let path = tried.chain(space).find(named).unwrap_or_else(|| path.clone());
        self.origins.locate(&path, false, message)
    }

    /// The path of a knob below platform or workload, name by name, in whichever way it is written: kinds that it leaves out stand
    /// here, quotes do not.
    ///
    /// # Errors
    /// A path that names no field.
    pub fn canonical(&self, knob: &str) -> Result<Vec<String>, ConfigError> {
        self.resolve(knob).map(|path| path[1..].to_vec())
    }

    /// The full path of a knob in the baseline; kind keys such as `cmos` may be left out.
    ///
    /// A layer is what stands in quotes behind `layers.`, or else all that follows, dots and all, and need not be there: only the
    /// model knows its name.
    fn resolve(&self, knob: &str) -> Result<Vec<String>, ConfigError> {
        let first = knob.split('.').next().unwrap_or("");
        let platform = self.baseline["platform"].as_object().is_some_and(|map| map.contains_key(first));
        let mut path = vec![if platform { "platform" } else { "workload" }.to_string()];
        let mut here = &self.baseline[path[0].as_str()];
        let mut rest = Some(knob);
        while let Some(text) = rest {
            if path == LAYERS {
                path.push(self.layer(knob, text)?);
                break;
            }
            if path == SETTINGS {
                path.extend(self.setting_of_layer(knob, text)?);
                break;
            }
            if path == QUANTIZE && (text == "format" || text.starts_with("format.")) {
                path.extend(text.split('.').map(String::from));
                break;
            }
            let (segment, after) = first_name(text).map_err(|fault| self.misquoted(knob, &fault))?;
            rest = after;
            if let Some((kind, inner)) = sole_kind(here).filter(|(kind, _)| **kind != segment) {
                path.push(kind.clone());
                here = inner;
            }
            let Some(next) = here.get(&*segment) else {
                return Err(self.no_such_knob(knob, &segment, here));
            };
            path.push(segment.into_owned());
            here = next;
        }
        let may_differ = ALGORITHM.contains(&&*path[1])
            || [["exit", "threshold"], ["experts", "top"]].iter().any(|own| path[1..] == *own);
        let asked = path[0] == "workload" && !may_differ;
        if asked {
            let message =
                format!("`{knob}` is part of what is asked, so it cannot differ between configurations");
            let help = "knobs are paths into the platform, `quantize.…`, `skip_blocks`, `outliers`, `prune` and `layers.…`; set this in the workload instead";
            return Err(self.origins.knob_key(knob, &message).help(help));
        }
        Ok(path)
    }

    fn misquoted(&self, knob: &str, fault: &Misquoted) -> ConfigError {
        self.origins.knob_key(knob, &format!("`{knob}`: {fault}"))
    }

    /// A layer's name at the end of a knob, as it is or in quotes.
    fn layer(&self, knob: &str, text: &str) -> Result<String, ConfigError> {
        if !text.starts_with('"') {
            return Ok(text.into());
        }
        match first_name(text).map_err(|fault| self.misquoted(knob, &fault))? {
            (name, None) => Ok(name.into_owned()),
            (_, Some(rest)) => {
                let message = format!("`{knob}`: nothing may follow the name of the layer here");
                Err(self.origins.knob_key(knob, &message).help(format!("leave `.{rest}` out")))
            }
        }
    }

    /// Layer and setting: without quotes all before the last dot is the layer's name.
    fn setting_of_layer(&self, knob: &str, text: &str) -> Result<[String; 2], ConfigError> {
        let known = LayerSettings::NAMES;
        let parted = match text.starts_with('"') {
            true => {
                let (layer, setting) = first_name(text).map_err(|fault| self.misquoted(knob, &fault))?;
                setting.map(|setting| (layer, setting))
            }
            false => text.rsplit_once('.').map(|(layer, setting)| (layer.into(), setting)),
        };
        let found = parted.filter(|(layer, setting)| !layer.is_empty() && known.contains(setting));
        found.map(|(layer, setting)| [layer.into_owned(), setting.into()]).ok_or_else(|| {
            let message = format!("`{knob}` names no setting of a layer");
            let known: Vec<String> = known.iter().map(|name| format!("`layers.NAME.{name}`")).collect();
            self.origins.knob_key(knob, &message).help(format!("write {}", known.join(" or ")))
        })
    }

    fn no_such_knob(&self, knob: &str, segment: &str, here: &Value) -> ConfigError {
        if knob.starts_with(segment)
            && let Some((section, needs)) = SECTIONS.into_iter().find(|(section, _)| *section == segment)
        {
            let message = format!("`{knob}` is a knob of workloads with `{section}`, and this one has none");
            let help = format!("add `{section}: {needs}` to the workload");
            return self.origins.knob_key(knob, &message).help(help);
        }
        let message =
            format!("`{knob}` names no field of the workload or the platform: there is no `{segment}`");
        let mut known: Vec<&str> =
            here.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        if knob.starts_with(segment) {
            known = ["sensor", "memory", "compute", "link"].into_iter().chain(ALGORITHM).collect();
        }
        if let Some(start) = knob.strip_suffix(&format!(".{segment}")).filter(|_| TABLE.contains(&segment)) {
            let help = format!("a multiplier is set as a whole: `{start}: {{table: FILE}}`");
            return self.origins.knob_key(knob, &message).help(help);
        }
        let within = ["platform.", "workload."].iter().find_map(|start| knob.strip_prefix(start));
        let help = within
            .map(|inner| format!("write `{inner}`: a knob is a path inside the platform or the workload"));
        self.origins.knob_key(knob, &message).maybe_help(help.or_else(|| suggest(segment, &known)))
    }
}

/// The place of the first of some values that stands before it too.
fn repeated<T: PartialEq>(values: &[T]) -> Option<usize> {
    (1..values.len()).find(|&at| values[..at].contains(&values[at]))
}

/// Keys of a multiplier that is a product table.
/// Points that are planned, each of which takes some kilobytes.
const MOST_POINTS: usize = 100_000;

const TABLE: [&str; 2] = ["table", "signed"];
/// Where the multipliers of single layers stand.
const LAYERS: [&str; 4] = ["platform", "compute", "array", "layers"];
/// Where other settings of single layers stand.
const SETTINGS: [&str; 2] = ["workload", "layers"];
/// Where number formats stand, which are left out where they are plain.
const QUANTIZE: [&str; 2] = ["workload", "quantize"];
/// Parts of a workload that not every network has, each with what it needs at least.
const SECTIONS: [(&str, &str); 3] =
    [("exit", "{outputs: [EARLY, LAST]}"), ("experts", "{gates: OUTPUT}"), ("tokens", "{after: [NODE]}")];
/// Parts of the workload that are no part of what is asked.
const ALGORITHM: [&str; 6] = ["quantize", "skip_blocks", "outliers", "prune", "tokens", "layers"];

/// Why a knob cannot stand beside an earlier one, each with its path: a message, a label and what to write instead.
fn clash(
    (path, knob): (&[String], &str),
    (before, other): (&[String], &str),
) -> Option<(String, &'static str, String)> {
    let (whole, part) = if path.len() < before.len() { (knob, other) } else { (other, knob) };
    if path == before {
        let help = "keep one of the two; a later one does not silently win";
        return Some((format!("`{knob}` is the same knob as `{other}`"), "second time", help.into()));
    }
    let message =
        format!("`{part}` is a part of `{whole}`, so that the later of the two would undo the other");
    let help =
        format!("write `{whole}` alone, with all that its values shall hold, or knobs of its parts alone");
    let nested = path.starts_with(before) || before.starts_with(path);
    nested.then_some((message, "later", help))
}

/// Puts a value at a resolved path, of which a layer may not be there yet.
fn put(tree: &mut Value, path: &[String], value: Value) {
    let (last, parents) = path.split_last().expect("a resolved path has segments");
    let parent = parents.iter().fold(tree, |here, part| {
        let here = here.as_object_mut().expect("a resolved path exists");
        here.entry(part.clone()).or_insert_with(|| Value::Object(Map::new()))
    });
    parent.as_object_mut().expect("a resolved path exists").insert(last.clone(), value);
}

/// Takes what is at a resolved path away, if it is there.
fn remove(tree: &mut Value, path: &[String]) {
    let (last, parents) = path.split_last().expect("a resolved path has segments");
    let parent = parents.iter().try_fold(tree, |here, part| here.get_mut(part));
    if let Some(map) = parent.and_then(Value::as_object_mut) {
        map.shift_remove(last);
    }
}

/// A part of a configuration is not a whole one: it is told apart by a key that only it has.
fn is_configuration(tree: &Value, main: &Source) -> Result<(), ConfigError> {
    let part = [("model", "workload"), ("frame_period", "platform")]
        .into_iter()
        .find(|(key, _)| tree.get(key).is_some());
    let Some((key, part)) = part else {
        return Ok(());
    };
    let error = main.error_at(&[key.into()], true, &format!("this file describes a {part} alone"));
    Err(error.expect("the key is in the file").help("a configuration has the keys `workload` and `platform`"))
}
