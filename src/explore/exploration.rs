//! What an exploration asks and what it finds: a verdict on every point, the Pareto front, the best point.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::pareto;
use super::{Finished, Knobs, Point, Unfinished};
use crate::config::knob::quoted;
use crate::config::{Explore, Objective};
use crate::run::outcome::{Outcome, Savings};
use crate::run::statistics::judge;

/// What an exploration asks: all that is needed, besides the outcomes, to judge its points and to report them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// Version of the program.
    pub axsim: String,
    /// The command that repeats the exploration.
    pub repeat: String,
    /// Seed of every random stream.
    pub seed: u64,
    /// How many fault maps a faulty memory is tried with.
    pub fault_maps: u32,
    /// Largest tolerated drop of the score, as a fraction.
    pub floor: Option<f64>,
    /// Space and objectives.
    #[serde(flatten)]
    pub explore: Explore,
    /// Hash of the contents of the model's and the data's files.
    pub files: String,
    /// Complete settings of the exact point, every explored knob at its neutral value.
    pub exact: Value,
}

impl Question {
    /// The first thing that decides outcomes and differs from what another question was asked of.
    pub fn conflict(&self, other: &Self) -> Option<Conflict> {
        let decisive = |question: &Self| {
            serde_json::json!({
                "axsim": question.axsim, "seed": question.seed, "fault_maps": question.fault_maps, "files": question.files,
                "exact": question.exact
            })
        };
        conflict(&decisive(self), &decisive(other), "")
    }
}

/// A setting that differs, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` is {there} there and {here} here")]
pub struct Conflict {
    /// Its dotted path.
    pub path: String,
    /// Its value in this question.
    pub here: String,
    /// Its value in the other one.
    pub there: String,
}

fn conflict(here: &Value, there: &Value, path: &str) -> Option<Conflict> {
    if here == there {
        return None;
    }
    if let (Value::Object(one), Value::Object(other)) = (here, there) {
        let mut keys = one.keys().chain(other.keys().filter(|key| !one.contains_key(*key)));
        // A setting is named as in the configuration, where nothing says `exact`.
        let name = |key: &str| match path {
            "" | "exact" => quoted(key).into_owned(),
            _ => format!("{path}.{}", quoted(key)),
        };
        return keys.find_map(|key| conflict(&here[key.as_str()], &there[key.as_str()], &name(key)));
    }
    Some(Conflict { path: path.into(), here: here.to_string(), there: there.to_string() })
}

/// What an exploration found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exploration {
    /// What was asked.
    #[serde(flatten)]
    pub question: Question,
    /// The exact point: every explored knob at its neutral value.
    pub baseline: Outcome,
    /// Points in the order of the grid.
    pub points: Vec<Point>,
    /// Indices of the Pareto front of the points that meet the floor, in ascending order.
    pub front: Vec<usize>,
    /// Points in the grid; more than `points` when the exploration is not finished.
    pub evaluations: usize,
    /// The point of least energy that meets the floor; absent when none does.
    pub best: Option<usize>,
}

impl Exploration {
    /// Judges points that were evaluated on the same samples as the exact one.
    ///
    /// A point meets the floor by the one-sided 95 % upper bound of its paired drop, as in a run. One that was not run
    /// on the samples of the exact point failed.
    ///
    /// # Panics
    /// When an outcome does not say for every sample what the answer was worth.
    pub fn of(
        question: Question,
        baseline: Outcome,
        results: Vec<(Knobs, Result<Outcome, Unfinished>)>,
    ) -> Self {
        let finish = |mut outcome: Outcome| {
            let (samples, exact) = (outcome.score.samples, baseline.score.samples);
            if samples != exact {
                return Err(Unfinished::Failed(format!(
                    "run on {samples} samples, the exact point on {exact}; drops are compared in pairs"
                )));
            }
            outcome.compare(&baseline, question.seed);
            let verdict = question.floor.zip(outcome.delta.as_ref()).map(|(floor, delta)| {
                let (metric, exact) = (baseline.score.metric, baseline.score.value);
                judge(metric, delta, metric.allowed(floor, exact))
            });
            Ok(Finished { verdict, savings: Savings::of(&baseline, &outcome), outcome })
        };
        let point = |(knobs, result): (Knobs, Result<Outcome, Unfinished>)| Point {
            knobs,
            result: result.and_then(finish),
        };
        let points: Vec<Point> = results.into_iter().map(point).collect();
        let standing: Vec<(usize, &Outcome)> = points.iter().enumerate().filter_map(eligible).collect();
        let objectives = &question.explore.objectives;
        let costs: Vec<Vec<f64>> = standing.iter().map(|(_, outcome)| costs(objectives, outcome)).collect();
        let front: Vec<usize> = pareto::front(&costs).into_iter().map(|at| standing[at].0).collect();
        let cheapest = |a: &&(usize, &Outcome), b: &&(usize, &Outcome)| {
            a.1.energy_j.total.total_cmp(&b.1.energy_j.total)
        };
        let best = standing.iter().min_by(cheapest).map(|(at, _)| *at);
        let evaluations = super::grid(&question.explore).len();
        Self { question, baseline, points, front, evaluations, best }
    }
}

impl Exploration {
    /// How many points were not run, because their multipliers err too much.
    pub fn screened(&self) -> usize {
        let screened = |point: &&Point| matches!(point.result, Err(Unfinished::Screened(_)));
        self.points.iter().filter(screened).count()
    }

    /// The first index of `front` and `best` that names no finished point, as only an edited file has it.
    pub fn stray(&self) -> Option<usize> {
        let finished = |at: &usize| self.points.get(*at).is_some_and(|point| point.result.is_ok());
        self.front.iter().chain(&self.best).copied().find(|at| !finished(at))
    }
}

fn eligible((at, point): (usize, &Point)) -> Option<(usize, &Outcome)> {
    let finished = point.result.as_ref().ok().filter(|finished| finished.eligible())?;
    Some((at, &finished.outcome))
}

/// The objectives as figures to be made smaller.
fn costs(objectives: &[Objective], outcome: &Outcome) -> Vec<f64> {
    let cost = |objective: &Objective| match objective {
        Objective::Score => -outcome.score.merit(),
        Objective::Energy => outcome.energy_j.total,
        Objective::Datapath => outcome.datapath_energy_j,
        Objective::Latency => outcome.latency_s,
        Objective::Area => outcome.area_mm2,
    };
    objectives.iter().map(cost).collect()
}
