//! A point of the grid: its knobs, and what came of them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Knobs;
use crate::run::Worst;
use crate::run::outcome::{Outcome, Savings};
use crate::run::statistics::Verdict;

/// A point of the grid.
///
/// In JSON the fields of the outcome stand beside `knobs`, `verdict` and `savings`; a point that failed has `failed`
/// instead, one that was not run because its multipliers err too much `screened`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Row", into = "Row")]
pub struct Point {
    /// Knob path → value.
    pub knobs: Knobs,
    /// What came of it, or why nothing did.
    pub result: Result<Finished, Unfinished>,
}

/// Why a point has no outcome.
#[derive(Debug, Clone, PartialEq)]
pub enum Unfinished {
    /// It was run, or should have been, and this went wrong.
    Failed(String),
    /// It was not run: this layer's mean error is beyond the bound.
    Screened(Worst),
}

/// A point that was evaluated.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// Whether it meets the floor; absent when no floor is set.
    pub verdict: Option<Verdict>,
    /// What it saves, exact over this point.
    pub savings: Savings,
    /// Its outcome, with the paired difference to the exact point.
    pub outcome: Outcome,
}

impl Finished {
    /// Whether the point may be chosen: it meets the floor beyond doubt, or there is none.
    pub fn eligible(&self) -> bool {
        matches!(self.verdict, None | Some(Verdict::Met))
    }
}

/// The shape of a point in JSON.
#[derive(Serialize, Deserialize)]
struct Row {
    knobs: Knobs,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    screened: Option<Worst>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verdict: Option<Verdict>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    savings: Option<Savings>,
    #[serde(flatten)]
    outcome: Map<String, Value>,
}

impl From<Point> for Row {
    fn from(point: Point) -> Self {
        let empty = Self {
            knobs: point.knobs,
            failed: None,
            screened: None,
            verdict: None,
            savings: None,
            outcome: Map::new(),
        };
        match point.result {
            Err(Unfinished::Failed(why)) => Self { failed: Some(why), ..empty },
            Err(Unfinished::Screened(worst)) => Self { screened: Some(worst), ..empty },
            Ok(Finished { verdict, savings, outcome }) => {
                let Ok(Value::Object(outcome)) = serde_json::to_value(outcome) else {
                    unreachable!("an outcome is written as a mapping")
                };
                Self { verdict, savings: Some(savings), outcome, ..empty }
            }
        }
    }
}

impl TryFrom<Row> for Point {
    type Error = String;

    fn try_from(row: Row) -> Result<Self, String> {
        let screened = row.screened.map(Unfinished::Screened);
        if let Some(why) = row.failed.map(Unfinished::Failed).or(screened) {
            return Ok(Self { knobs: row.knobs, result: Err(why) });
        }
        let savings = row.savings.ok_or("missing field `savings`")?;
        let outcome = serde_path_to_error::deserialize(Value::Object(row.outcome))
            .map_err(|error| format!("`{}`: {}", error.path(), error.inner()))?;
        Ok(Self { knobs: row.knobs, result: Ok(Finished { verdict: row.verdict, savings, outcome }) })
    }
}
