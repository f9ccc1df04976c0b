//! `axsim explore`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indexmap::IndexMap;

use super::bar::Bar;
use super::{Shared, files, report, run};
use crate::error::Error;
use crate::explore::{self, Question, Search};
use crate::report::text;
use crate::run::{Evaluator, RunError};

pub(super) fn explore(shared: &Shared, resume: bool) -> Result<bool, Error> {
    let config = run::config(shared)?;
    let Some(explore) = config.explore.clone() else {
        return Err(Error::Usage(format!("{} has no `explore` section", shared.config.display())));
    };
    run::feasible(&config, run::layers(shared, &config)?.as_deref(), None)?;
    files::writable(&shared.out)?;
    let (exact, task) = run::task(shared, &config)?;
    let question = Question {
        axsim: env!("CARGO_PKG_VERSION").into(),
        repeat: run::repeat("explore", shared),
        seed: config.seed,
        fault_maps: config.fault_maps,
        floor: config.floor,
        explore,
        files: task.files.clone(),
        exact: serde_json::to_value(exact).expect("a setup is always writable"),
    };
    let evaluator = Evaluator::new(&task, config.seed, config.fault_maps, files::OPEN);
    let stop = interrupted()?;
    let bar = Bar::of_configurations(shared.quiet);
    let setup =
        |knobs: &IndexMap<_, _>| config.setup(knobs).map_err(|error| RunError::Setup(Box::new(error)));
    let search = Search {
        evaluator: &evaluator,
        question: &question,
        setup: &setup,
        progress: &|progress| bar.show(progress),
        stop: &stop,
    };
    let found = explore::explore(&search, &shared.out.join("points.jsonl"), resume)?;
    drop(bar);
    let whole = shared.out.join("exploration.json");
    files::json(&whole, &found)?;
    let mut written = report::explored(&found, &shared.out)?;
    written.insert(1, whole);
    if let Some(path) = &shared.json {
        files::json(path, &found)?;
    }
    if !run::to_stdout(shared) {
        files::print(&format!("{}\n{}", text::exploration(&found), files::written(&written)))?;
    }
    Ok(found.best.is_some())
}

/// Set by Ctrl-C: points under way are finished and stored, no new one is begun. A second Ctrl-C ends at once.
fn interrupted() -> Result<Arc<AtomicBool>, Error> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    let handler = move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(Error::STOPPED.into());
        }
        eprintln!("finishing the points under way; press Ctrl-C again to end at once");
    };
    ctrlc::set_handler(handler).map_err(|error| Error::Usage(format!("Ctrl-C cannot be caught: {error}")))?;
    Ok(stop)
}
