//! `axsim run` and `axsim check`.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::bar::Bar;
use super::{Layers, Shared, emulator, extras, files, report};
use crate::config::knob::{assignment, quoted as quoted_name};
use crate::config::{Config, Explore, Setup};
use crate::error::Error;
use crate::platform::PlatformError;
use crate::report::text;
use crate::run::{Evaluator, RunError, Settings, buildable, is_width, names_layers, study};
use crate::units::counted;
use crate::workload::{Layer, LoadError, ModelError, Task, load, network};

/// Loads the configuration with its overrides.
pub(super) fn config(shared: &Shared) -> Result<Config, Error> {
    if let Some(folder) = shared.data.iter().find(|folder| !folder.is_dir()) {
        let at = folder.display();
        return Err(Error::Usage(format!(
            "--data {at}: there is no such folder; name the one that models and data are in"
        )));
    }
    let name = &shared.config;
    let text = files::text(name).map_err(|error| Error::File(name.display().to_string(), error))?;
    let pair = |set: &String| match assignment(set) {
        Some((path, value)) => Ok((path.to_string(), value.to_string())),
        None => Err(Error::Usage(format!("`--set {set}` has no `=`; write --set path=value"))),
    };
    let sets: Vec<(String, String)> = shared.set.iter().map(pair).collect::<Result<_, _>>()?;
    if shared.seed.is_some() && sets.iter().any(|(path, _)| path == "seed") {
        return Err(Error::Usage("`--seed` and `--set seed=…` name one value; keep one of the two".into()));
    }
    let mut config = Config::load(&text, name, &files::text, &sets)?;
    if let Some(seed) = shared.seed {
        config.seed = seed;
    }
    Ok(config)
}

/// Loads model and data and sets the number of threads.
pub(super) fn task(shared: &Shared, config: &Config) -> Result<(Setup, Task), Error> {
    if let Some(threads) = shared.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
        pool.map_err(|error| Error::Usage(format!("`--threads {threads}`: {error}")))?;
    }
    let setup = config.setup(&IndexMap::new())?;
    let task = load(&setup.workload, &roots(shared, config))?;
    Ok((setup, task))
}

/// The folders in which model and data are looked up.
fn roots(shared: &Shared, config: &Config) -> Vec<PathBuf> {
    [folder(&config.base_dir)].into_iter().chain(shared.data.iter().cloned()).collect()
}

/// The layers of the network, where its model is at hand.
pub(super) fn layers(shared: &Shared, config: &Config) -> Result<Option<Vec<Layer>>, Error> {
    let setup = config.setup(&IndexMap::new())?;
    match network(&setup.workload, &roots(shared, config)) {
        Ok(network) => Ok(Some(network.layers())),
        Err(LoadError::Missing { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The field whose value is at fault, where an error is of one.
fn field(error: &RunError) -> Option<String> {
    let field = match error {
        RunError::Platform(fault) => fault.field()?,
        RunError::Layer { name, .. } => return Some(format!("compute.array.layers.{}", quoted_name(name))),
        RunError::NoSteps | RunError::SpikesErr => "compute.array.spikes",
        RunError::Block(_) => "skip_blocks",
        RunError::Outliers(_) => "outliers",
        RunError::Less(ModelError::Tokens { .. }) => "tokens",
        RunError::Experts { .. } => "experts.top",
        RunError::Unlabelled => "exit.threshold",
        RunError::Prune(fault) => return Some(format!("layers.{}", quoted_name(&fault.layer))),
        RunError::Misnamed { field, fault } => return Some(format!("{field}.{}", quoted_name(fault.name()))),
        _ => return None,
    };
    Some(field.into())
}

/// Points at the line of a value with which no hardware can be built.
fn located(config: &Config, error: RunError) -> Error {
    match field(&error) {
        Some(field) => config.fault(&field, &error.to_string()).into(),
        None => error.into(),
    }
}

/// The same where the value is one that an exploration tries.
fn located_in_list(config: &Config, tried: (&str, &serde_json::Value), error: RunError) -> Error {
    match field(&error) {
        Some(field) => config.fault_of_value(&field, tried, &error.to_string()).into(),
        None => error.into(),
    }
}

fn folder(path: &Path) -> PathBuf {
    if path.as_os_str().is_empty() { ".".into() } else { path.into() }
}

/// Builds the hardware of every setup that a run needs, and of every value that an exploration tries; the baseline must
/// be in time. Layers must be those of the network, where that is at hand.
///
/// A unit that misses a fixed clock is a finding of an exploration, not a mistake in its configuration.
///
/// With the task itself at hand each setup is built for its network too.
pub(super) fn feasible(config: &Config, layers: Option<&[Layer]>, task: Option<&Task>) -> Result<(), Error> {
    let alone =
        |(knob, value): (&String, &serde_json::Value)| IndexMap::from([(knob.clone(), value.clone())]);
    let evaluator = task.map(|task| Evaluator::new(task, config.seed, config.fault_maps, files::OPEN));
    let build = |setup: &Setup| {
        layers.map_or(Ok(()), |layers| names_layers(setup, layers))?;
        let arrays = buildable(setup, files::OPEN)?;
        evaluator.as_ref().map_or(Ok(()), |evaluator| evaluator.evaluable(setup))?;
        Ok::<_, RunError>(arrays)
    };
    let built = |knobs: &IndexMap<_, _>| -> Result<_, Error> {
        build(&config.setup(knobs)?).map_err(|error| located(config, error))
    };
    for array in built(&IndexMap::new())? {
        array.in_time().map_err(|error| located(config, error.into()))?;
    }
    built(&config.approximate)?;
    let without = |knob: &String| {
        let others = config.approximate.iter().filter(|(other, _)| *other != knob);
        others.map(|(knob, value)| (knob.clone(), value.clone())).collect()
    };
    let variants = config.approximate.iter().map(alone).chain(config.approximate.keys().map(without));
    for knobs in variants {
        match built(&knobs) {
            // It goes along with those that make codes narrow.
            Err(_) if build(&config.setup(&knobs)?).is_err_and(|error| error.is_of_widths()) => {}
            other => drop(other?),
        }
    }
    let space = config.explore.iter().flat_map(|explore| &explore.space);
    layers.map_or(Ok(()), |layers| explored_layers(config, layers))?;
    for tried in space.flat_map(|(knob, values)| values.iter().map(move |value| (knob, value))) {
        match build(&config.setup(&alone(tried))?) {
            Ok(_) | Err(RunError::Platform(PlatformError::TooSlow { .. })) => {}
            Err(error) if error.is_of_widths() && sets_widths(config) => {}
            Err(error) => return Err(located_in_list(config, (tried.0, tried.1), error)),
        }
    }
    Ok(())
}

/// Checks that knobs of an exploration name layers of the network, no two knobs one layer in other words: that shows in no value
/// alone.
fn explored_layers(config: &Config, layers: &[Layer]) -> Result<(), Error> {
    let space = config.explore.iter().flat_map(|explore| &explore.space);
    let tried: Vec<_> = space.filter_map(|(knob, values)| Some((knob, values.first()?))).collect();
    let pairs = (0..tried.len()).flat_map(|later| (0..=later).map(move |earlier| [earlier, later]));
    for pair in pairs {
        let knobs = pair.map(|at| (tried[at].0.clone(), tried[at].1.clone()));
        // Values that do not go together are a finding of their point.
        let Ok(setup) = config.setup(&IndexMap::from(knobs)) else { continue };
        names_layers(&setup, layers).map_err(|error| located(config, error))?;
    }
    Ok(())
}

/// Whether some knob decides how wide codes are.
fn sets_widths(config: &Config) -> bool {
    let tried = config.explore.iter().flat_map(|explore| explore.space.keys());
    config
        .approximate
        .keys()
        .chain(tried)
        .any(|knob| config.canonical(knob).is_ok_and(|path| is_width(&path)))
}

pub(super) fn check(shared: &Shared) -> Result<bool, Error> {
    let config = config(shared)?;
    let (layers, task) = match task(shared, &config) {
        Ok((_, task)) => (Some(task.network.layers()), Some(task)),
        Err(Error::Load(LoadError::Missing { .. })) => (layers(shared, &config)?, None),
        Err(error) => return Err(error),
    };
    feasible(&config, layers.as_deref(), task.as_ref())?;
    let setup = config.setup(&config.approximate)?;
    let unseen = match (&layers, &task) {
        (None, _) => "; the model was not found, so names of layers were not looked up",
        (Some(_), None) => "; data were not found, so they were not looked at",
        _ => "",
    };
    let tried = config.explore.iter().flat_map(|explore| explore.space.keys());
    let knobs: Vec<&String> = config.approximate.keys().chain(tried).collect();
    let points = config.explore.as_ref().and_then(Explore::points);
    if let Some(path) = &shared.json {
        files::json(
            path,
            &serde_json::json!({
                "config": shared.config,
                "model": setup.workload.model,
                "samples": setup.workload.samples,
                "knobs": knobs,
                "points": points,
                "layers": layers.as_deref().map(names),
                "data_found": task.is_some(),
            }),
        )?;
    }
    if to_stdout(shared) {
        return Ok(true);
    }
    let layers = layers.as_deref().map_or(String::new(), |layers| match layers.len() {
        0 => "no layer multiplies and adds\n".into(),
        count => format!("layers #0 to #{}: {}\n", count - 1, names(layers).join(", ")),
    });
    let explored =
        points.map_or(String::new(), |points| format!(", {} to explore", counted(points, "point")));
    files::print(&format!(
        "{} is right: {} of {}, {}{explored}{unseen}\n{layers}",
        shared.config.display(),
        counted(setup.workload.samples, "sample"),
        setup.workload.model.display(),
        counted(knobs.len(), "knob")
    ))
}

/// The names of layers, in their order.
fn names(layers: &[Layer]) -> Vec<&str> {
    layers.iter().map(|layer| &*layer.name).collect()
}

/// Whether JSON goes to standard output, where nothing else may then be.
pub(super) fn to_stdout(shared: &Shared) -> bool {
    shared.json.as_deref() == Some(Path::new("-"))
}

pub(super) fn run(shared: &Shared, asked: &Layers) -> Result<bool, Error> {
    let config = config(shared)?;
    files::writable(&shared.out)?;
    let (_, task) = task(shared, &config)?;
    feasible(&config, Some(&task.network.layers()), Some(&task))?;
    let places = extras::places(asked, &shared.out, &task.network.layers())?;
    let evaluator = Evaluator::new(&task, config.seed, config.fault_maps, files::OPEN);
    stoppable()?;
    let bar = Bar::of_configurations(shared.quiet);
    let setup =
        |knobs: &IndexMap<_, _>| config.setup(knobs).map_err(|error| RunError::Setup(Box::new(error)));
    let canonical = |knob: &str| config.canonical(knob).map_err(|error| RunError::Setup(Box::new(error)));
    let settings = Settings {
        approximate: &config.approximate,
        floor: config.floor,
        seed: config.seed,
        repeat: &repeat("run", shared),
        setup: &setup,
        canonical: &canonical,
        progress: &|progress| bar.show(progress),
    };
    let approximate = config.setup(&config.approximate)?;
    // First, for they are soon made, and what cannot be made or written is told before the work.
    let what = (&evaluator, &approximate);
    let mut kept = places.write(what, (settings.repeat, config.seed), |error| located(&config, error))?;
    let codings = if asked.emulator.is_empty() { vec![] } else { evaluator.codings(&approximate)? };
    for &emulator in &asked.emulator {
        kept += &emulator::write(&shared.out, emulator, &codings, settings.repeat)?;
    }
    let result = study(&evaluator, &settings).map_err(|error| located(&config, error))?;
    drop(bar);
    let outcome = shared.out.join("outcome.json");
    files::json(&outcome, &result)?;
    let mut written = report::run(&result, &shared.out)?;
    written.insert(1, outcome);
    if let Some(path) = &shared.json {
        files::json(path, &result)?;
    }
    if to_stdout(shared) {
        return Ok(true);
    }
    files::print(&format!("{}\n{}{kept}", text::write(&result), files::written(&written)))
}

/// Ctrl-C ends a run at once, and says what becomes of it.
fn stoppable() -> Result<(), Error> {
    let stop = || {
        eprintln!("stopped; a run keeps nothing that is not finished");
        std::process::exit(Error::STOPPED.into());
    };
    ctrlc::set_handler(stop).map_err(|error| Error::Usage(format!("Ctrl-C cannot be caught: {error}")))
}

/// The command that repeats what `verb` does; threads and output folder change no result.
pub(super) fn repeat(verb: &str, shared: &Shared) -> String {
    let mut words = vec![format!("axsim {verb}"), quoted(&shared.config.display().to_string())];
    words.extend(shared.set.iter().map(|set| format!("--set {}", quoted(set))));
    words.extend(shared.data.iter().map(|data| format!("--data {}", quoted(&data.display().to_string()))));
    words.extend(shared.seed.map(|seed| format!("--seed {seed}")));
    words.join(" ")
}

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-=+,:@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
