//! `axsim explore`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indexmap::IndexMap;

use super::{Shared, files, run};
use crate::error::Error;
use crate::explore::{self, Search};
use crate::report;
use crate::run::{Evaluator, RunError};

pub(super) fn explore(shared: &Shared, resume: bool) -> Result<bool, Error> {
    let config = run::config(shared)?;
    let Some(space) = config.explore.clone() else {
        return Err(Error::Usage(format!("{} has no `explore` section", shared.config.display())));
    };
    let (exact, task) = run::task(shared, &config)?;
    let evaluator = Evaluator::new(&task, config.seed, config.fault_maps);
    let stop = interrupted()?;
    let bar = run::bar(shared);
    let progress = |done: usize, total: usize| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    };
    let setup =
        |knobs: &IndexMap<_, _>| config.setup(knobs).map_err(|error| RunError::Setup(Box::new(error)));
    let search = Search {
        evaluator: &evaluator,
        explore: &space,
        floor: config.floor,
        seed: config.seed,
        setup: &setup,
        progress: &progress,
        stop: &stop,
    };
    std::fs::create_dir_all(&shared.out)
        .map_err(|error| Error::File(shared.out.display().to_string(), error))?;
    let store = shared.out.join("points.jsonl");
    let found = explore::explore(&search, &store, resume)?;
    bar.finish_and_clear();
    if stop.load(Ordering::Relaxed) {
        eprintln!("stopped after {} points; go on with --resume", found.points.len());
        return Ok(false);
    }
    files::json(&shared.out.join("exploration.json"), &found)?;
    let page = report::exploration::html(&exact.workload.about, &found);
    files::write(&shared.out.join("report.html"), &page)?;
    if let Some(path) = &shared.json {
        files::json(path, &found)?;
    }
    if shared.json.as_deref() != Some(Path::new("-")) {
        files::print(&report::exploration::text(&found))?;
    }
    Ok(found.best.is_some())
}

/// Set by Ctrl-C: points under way are finished and stored, no new one is begun.
fn interrupted() -> Result<Arc<AtomicBool>, Error> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))
        .map_err(|error| Error::Usage(format!("Ctrl-C cannot be caught: {error}")))?;
    Ok(stop)
}
