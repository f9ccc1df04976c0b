//! Search over knobs: points, the store that survives an interruption, the verdict on each, the Pareto front.

pub mod exploration;
pub mod pareto;
pub mod point;
pub mod store;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use indexmap::IndexMap;
use rayon::prelude::*;
use serde_json::{Value, json};

use crate::config::{Explore, Setup};
use crate::run::outcome::Outcome;
use crate::run::{Evaluator, Meter, Progress, RunError, Worst};
pub use exploration::{Exploration, Question};
pub use point::{Finished, Point, Unfinished};
use store::{Store, StoreError};

/// Knob path → value.
pub type Knobs = IndexMap<String, Value>;

/// What an exploration is asked to do.
pub struct Search<'a> {
    /// What evaluates a point.
    pub evaluator: &'a Evaluator<'a>,
    /// What is explored, under which floor.
    pub question: &'a Question,
    /// Makes a setup of knobs.
    pub setup: &'a (dyn Fn(&Knobs) -> Result<Setup, RunError> + Sync),
    /// Told how far the points have come.
    pub progress: &'a (dyn Fn(Progress) + Sync),
    /// Set from outside to begin no further point.
    pub stop: &'a AtomicBool,
}

/// Why an exploration has no result.
#[derive(Debug, thiserror::Error)]
pub enum ExploreError {
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Without the exact point there is nothing to compare with.
    #[error("the exact point, every knob at its neutral value, failed: {0}")]
    Exact(String),
    /// Nothing to compare with is stored yet.
    #[error(
        "{0}: the exploration was stopped before its first point was finished; go on with `axsim explore CONFIG --resume`"
    )]
    Unfinished(String),
    /// It was asked to stop.
    #[error("stopped after {done} of {of} points{}; go on with --resume", if *done == 0 { "" } else { ", all of them stored" })]
    Stopped {
        /// Points of the grid that are finished.
        done: usize,
        /// Points of the grid.
        of: usize,
    },
}

/// Every combination of the space, the last knob changing fastest.
pub fn grid(explore: &Explore) -> Vec<Knobs> {
    let mut points = vec![Knobs::new()];
    for (knob, values) in &explore.space {
        let with = |point: &Knobs| {
            let point = point.clone();
            let set = move |value: &Value| {
                let mut point = point.clone();
                point.insert(knob.clone(), value.clone());
                point
            };
            values.iter().map(set).collect::<Vec<_>>()
        };
        points = points.iter().flat_map(with).collect();
    }
    points
}

/// Evaluates the grid in parallel, storing each point at once; a point that fails or panics is one failed point.
///
/// The exact point comes first: the floor is relative to it, on the same samples. Finished points of the store are
/// kept with `resume`, failed ones are tried again. Where mean errors have a bound, those of all points are found before any is
/// run, and points beyond it are not run.
///
/// # Errors
/// [`ExploreError`].
pub fn explore(search: &Search<'_>, path: &Path, resume: bool) -> Result<Exploration, ExploreError> {
    let mut plan = vec![planned(search, &Knobs::new())];
    plan.extend(grid(&search.question.explore).iter().map(|knobs| planned(search, knobs)));
    let keys: Vec<String> = plan.iter().map(|planned| planned.key.clone()).collect();
    let store = Mutex::new(Store::open(path, resume, search.question, &keys)?);
    screen(search, &plan, &store)?;
    prepare(search, &plan, &store);
    let meter = Meter::new(plan.len(), search.progress);
    let evaluate = |planned: &Planned| meter.evaluation(|told| planned.evaluate(search, &store, told));
    let first = evaluate(&plan[0])?;
    let in_a_row = search.evaluator.in_a_row(plan.len() - 1);
    let rest: Vec<Option<()>> =
        plan[1..].par_iter().with_min_len(in_a_row).map(evaluate).collect::<Result<_, _>>()?;
    let done = rest.iter().flatten().count();
    if first.is_none() || done < rest.len() {
        return Err(ExploreError::Stopped { done, of: rest.len() });
    }
    store.into_inner().expect("storing does not panic").exploration()
}

/// Finds what multipliers do to the means of sums, where that has a bound, of all points but the exact one.
///
/// A point that cannot be judged is run, and reports why it fails.
fn screen(search: &Search<'_>, plan: &[Planned], store: &Mutex<Store>) -> Result<(), StoreError> {
    if search.question.explore.screen.is_none() {
        return Ok(());
    }
    let store = || store.lock().expect("storing does not panic");
    for planned in plan.iter().filter(|planned| planned.key != plan[0].key) {
        let open = !search.stop.load(Ordering::Relaxed) && !store().judged(&planned.key);
        if let Some(worst) = open.then(|| planned.worst(search)).flatten() {
            store().judge(&planned.key, worst)?;
        }
    }
    Ok(())
}

/// Captures and calibrates once what points under way at the same time would each do by themselves.
///
/// What fails here fails again, and is reported, when its point is evaluated.
fn prepare(search: &Search<'_>, plan: &[Planned], store: &Mutex<Store>) {
    let finished = |planned: &&Planned| store.lock().expect("storing does not panic").finished(&planned.key);
    let open = plan.iter().filter(|planned| !finished(planned));
    let going = |_: &&Setup| !search.stop.load(Ordering::Relaxed);
    for setup in open.filter_map(|planned| planned.setup.as_ref().ok()).take_while(going) {
        drop(catch_unwind(AssertUnwindSafe(|| search.evaluator.prepare(&[setup]))));
    }
}

/// A point before it is evaluated.
struct Planned {
    key: String,
    setup: Result<Setup, String>,
}

fn planned(search: &Search<'_>, knobs: &Knobs) -> Planned {
    let setup = (search.setup)(knobs).map_err(|error| error.to_string());
    let settings = setup.as_ref().map_or_else(|_| json!({ "impossible": knobs }), written);
    let question = search.question;
    // Program version, seed, fault maps, contents of files and complete settings: what decides an outcome.
    let table = setup.as_ref().ok().and_then(|setup| search.evaluator.table_hash(setup));
    let what = json!([question.axsim, question.seed, question.fault_maps, question.files, table, settings]);
    let what = what.to_string();
    Planned { key: blake3::hash(what.as_bytes()).to_hex()[..24].to_string(), setup }
}

fn written(setup: &Setup) -> Value {
    serde_json::to_value(setup).expect("a setup is always writable")
}

impl Planned {
    /// Where its multipliers do most to the means of sums; nothing where that cannot be found out.
    fn worst(&self, search: &Search<'_>) -> Option<Option<Worst>> {
        let setup = self.setup.as_ref().ok()?;
        catch_unwind(AssertUnwindSafe(|| search.evaluator.worst(setup))).ok()?.ok()
    }

    /// Evaluates and stores the point where it is not stored; nothing when a stop was asked for.
    fn evaluate(
        &self,
        search: &Search<'_>,
        store: &Mutex<Store>,
        told: &(dyn Fn(f64) + Sync),
    ) -> Result<Option<()>, StoreError> {
        let store = || store.lock().expect("storing does not panic");
        if store().finished(&self.key) {
            return Ok(Some(()));
        }
        if search.stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let result = self.setup.clone().and_then(|setup| outcome(search, &setup, told));
        store().append(&self.key, result).map(Some)
    }
}

fn outcome(search: &Search<'_>, setup: &Setup, told: &(dyn Fn(f64) + Sync)) -> Result<Outcome, String> {
    let evaluate = || search.evaluator.evaluate_telling(setup, written(setup), told);
    match catch_unwind(AssertUnwindSafe(evaluate)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("the evaluation panicked; please report it".into()),
    }
}
