//! Search over knobs: points, the store that survives an interruption, the Pareto front.

pub mod pareto;
pub mod store;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use indexmap::IndexMap;
use rayon::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};

use crate::config::{Explore, Objective, Setup};
use crate::run::{Evaluator, RunError};
use store::{Store, StoreError};

/// Knob path → value.
pub type Knobs = IndexMap<String, Value>;

/// What an exploration is asked to do.
pub struct Search<'a> {
    /// What evaluates a point.
    pub evaluator: &'a Evaluator<'a>,
    /// Space and objectives.
    pub explore: &'a Explore,
    /// Largest tolerated drop of the score, as a fraction.
    pub floor: Option<f64>,
    /// Seed of the run, part of a point's key.
    pub seed: u64,
    /// Makes a setup of knobs.
    pub setup: &'a (dyn Fn(&Knobs) -> Result<Setup, RunError> + Sync),
    /// Told after every point: how many are done, of how many.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
    /// Set from outside to begin no further point.
    pub stop: &'a AtomicBool,
}

/// A finished point: its knobs and its outcome, or why it failed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// Knob path → value.
    pub knobs: Knobs,
    /// The outcome as JSON; absent when the point failed.
    pub outcome: Option<Value>,
    /// Why the point failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// What an exploration found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Exploration {
    /// Finished points in the order of the grid.
    pub points: Vec<Point>,
    /// Indices of the points on the Pareto front of those that meet the floor.
    pub front: Vec<usize>,
    /// Points in the grid.
    pub evaluations: usize,
    /// The point of least energy that meets the floor; absent when none does.
    pub best: Option<usize>,
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
/// # Errors
/// When the store cannot be used. The floor is measured against the point with every knob neutral.
pub fn explore(search: &Search<'_>, path: &Path, resume: bool) -> Result<Exploration, StoreError> {
    let store = Mutex::new(Store::open(path, resume)?);
    let mut grid = grid(search.explore);
    let evaluations = grid.len();
    // The exact point is evaluated first: the floor is relative to it.
    grid.insert(0, Knobs::new());
    let done = AtomicUsize::new(0);
    let finished: Vec<Option<Point>> = grid
        .par_iter()
        .map(|knobs| {
            let point = point(search, &store, knobs)?;
            (search.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, evaluations + 1);
            Ok(point)
        })
        .collect::<Result<_, StoreError>>()?;
    let exact = finished[0].as_ref().and_then(|point| figure(point, "/score/value"));
    let points: Vec<Point> = finished.into_iter().skip(1).flatten().collect();
    Ok(judge(search, points, exact, evaluations))
}

fn point(search: &Search<'_>, store: &Mutex<Store>, knobs: &Knobs) -> Result<Option<Point>, StoreError> {
    let setup = match (search.setup)(knobs) {
        Ok(setup) => setup,
        Err(error) => return Ok(Some(failed(knobs, error.to_string()))),
    };
    let settings = serde_json::to_value(&setup).expect("a setup is always writable");
    let key = key(search.seed, &settings);
    if let Some(outcome) = store.lock().expect("storing does not panic").get(&key) {
        return Ok(Some(Point { knobs: knobs.clone(), outcome: Some(outcome.clone()), failed: None }));
    }
    if search.stop.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let evaluate = || search.evaluator.evaluate(&setup, settings);
    let outcome = match std::panic::catch_unwind(std::panic::AssertUnwindSafe(evaluate)) {
        Ok(Ok(outcome)) => serde_json::to_value(outcome).expect("an outcome is always writable"),
        Ok(Err(error)) => return Ok(Some(failed(knobs, error.to_string()))),
        Err(_) => return Ok(Some(failed(knobs, "the evaluation panicked; please report it".into()))),
    };
    store.lock().expect("storing does not panic").append(&key, outcome.clone())?;
    Ok(Some(Point { knobs: knobs.clone(), outcome: Some(outcome), failed: None }))
}

fn failed(knobs: &Knobs, why: String) -> Point {
    Point { knobs: knobs.clone(), outcome: None, failed: Some(why) }
}

/// Program version, seed and complete settings: what decides an outcome.
fn key(seed: u64, settings: &Value) -> String {
    let what = json!([env!("CARGO_PKG_VERSION"), seed, settings]).to_string();
    blake3::hash(what.as_bytes()).to_hex()[..24].to_string()
}

fn figure(point: &Point, path: &str) -> Option<f64> {
    point.outcome.as_ref()?.pointer(path)?.as_f64()
}

fn judge(search: &Search<'_>, points: Vec<Point>, exact: Option<f64>, evaluations: usize) -> Exploration {
    let lowest = search.floor.zip(exact).map_or(f64::NEG_INFINITY, |(floor, exact)| exact - floor);
    let meets = |point: &Point| figure(point, "/score/value").is_some_and(|score| score >= lowest);
    let standing: Vec<usize> = (0..points.len()).filter(|&at| meets(&points[at])).collect();
    let costs: Vec<Vec<f64>> = standing.iter().map(|&at| costs(search.explore, &points[at])).collect();
    let front: Vec<usize> = pareto::front(&costs).into_iter().map(|at| standing[at]).collect();
    let energy = |at: &usize| figure(&points[*at], "/energy_j/total").unwrap_or(f64::INFINITY);
    let best = front.iter().copied().min_by(|a, b| energy(a).total_cmp(&energy(b)));
    Exploration { points, front, evaluations, best }
}

/// The objectives as figures to be made smaller.
fn costs(explore: &Explore, point: &Point) -> Vec<f64> {
    let cost = |objective: &Objective| {
        let (path, sign) = match objective {
            Objective::Score => ("/score/value", -1.0),
            Objective::Energy => ("/energy_j/total", 1.0),
            Objective::Datapath => ("/datapath_energy_j", 1.0),
            Objective::Latency => ("/latency_s", 1.0),
            Objective::Area => ("/area_mm2", 1.0),
        };
        figure(point, path).map_or(f64::INFINITY, |value| sign * value)
    };
    explore.objectives.iter().map(cost).collect()
}
