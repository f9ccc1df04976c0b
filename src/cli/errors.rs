//! What `characterize` adds on request: errors weighted by operands, of sums, as histograms; the longest path.

use std::fmt::Write;
use std::time::Duration;

use super::characterize::Errors;
use super::path::{self, Stage};
use crate::arith::metric::operands::{Operands, Weighted};
use crate::arith::metric::{Accumulated, Formal, Histogram, Histograms, Intervals, formal, histograms};
use crate::arith::{Characterization, Unit};
use crate::error::Error;
use crate::table::Operation;

/// What was asked for besides the metrics of uniform operands; what was not is absent.
#[derive(Default, serde::Serialize)]
pub(super) struct Further {
    #[serde(skip_serializing_if = "Option::is_none")]
    intervals: Option<Intervals>,
    #[serde(skip_serializing_if = "Option::is_none")]
    formal: Option<Formal>,
    /// Seconds after which metrics of all pairs were given up, by time or by memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    formal_given_up_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weighted: Option<Weighted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accumulated: Option<Accumulated>,
    #[serde(skip_serializing_if = "Option::is_none")]
    histograms: Option<Histograms>,
    #[serde(skip_serializing_if = "Option::is_none")]
    longest_path: Option<Vec<Stage>>,
}

impl Further {
    /// With the longest path.
    pub(super) fn with_path(self, stages: Vec<Stage>) -> Self {
        Self { longest_path: Some(stages), ..self }
    }
}

/// A unit in figures, with what was asked for besides.
#[derive(serde::Serialize)]
pub(super) struct Joined<'a> {
    #[serde(flatten)]
    measured: &'a Characterization,
    #[serde(flatten)]
    further: &'a Further,
}

pub(super) fn joined<'a>(measured: &'a [Characterization], further: &'a [Further]) -> Vec<Joined<'a>> {
    measured.iter().zip(further).map(|(measured, further)| Joined { measured, further }).collect()
}

/// What was asked for, of each unit; MAC units have none of it.
pub(super) fn further(
    units: &[Unit],
    measured: &[Characterization],
    asked: &Errors,
) -> Result<Vec<Further>, Error> {
    let refused = |error: &dyn std::fmt::Display| {
        let path = asked.operands.as_ref().map_or(String::new(), |path| path.display().to_string());
        Error::Usage(format!("{path}: {error}"))
    };
    let operands = match &asked.operands {
        None => None,
        Some(path) => {
            let text = std::fs::read(path).map_err(|error| refused(&error))?;
            Some(Operands::read(&text).map_err(|error| refused(&error))?)
        }
    };
    let one = |(unit, measured): (&Unit, &Characterization)| {
        let (Unit::Design(design), Some(error)) = (unit, &measured.error) else {
            return Ok(Further::default());
        };
        let weighted = operands.as_ref().map(|operands| operands.metrics(&**design)).transpose();
        let sampled = measured.inputs.as_ref().is_some_and(|inputs| inputs.method == "sampled");
        // Diagrams of sums are small; those of products are tried where time is given for them.
        let time = asked.formal.unwrap_or(match design.signature().operation {
            Operation::Add => 1.0,
            Operation::Mul => 0.0,
        });
        let time = Duration::from_secs_f64(if sampled { time } else { 0.0 });
        let formal = if time.is_zero() { None } else { formal(&**design, time) };
        let given_up = asked.formal.filter(|_| formal.is_none() && !time.is_zero());
        Ok(Further {
            intervals: sampled.then(|| error.intervals()),
            formal,
            formal_given_up_s: given_up,
            weighted: weighted.map_err(|error| refused(&error))?,
            accumulated: asked.terms.map(|terms| error.accumulated(terms)),
            histograms: asked.histogram.then(|| histograms(&**design, error)),
            longest_path: None,
        })
    };
    units.iter().zip(measured).map(one).collect()
}

pub(super) fn text(measured: &[Characterization], further: &[Further]) -> String {
    let mut out = String::new();
    for (Characterization { design, .. }, further) in measured.iter().zip(further) {
        if let Some(Intervals { error_rate, med, bias, .. }) = &further.intervals {
            let range = |[low, high]: &[f64; 2]| format!("{low:.4} to {high:.4}");
            let _ = writeln!(
                out,
                "{design}, 95 % intervals of the sample: error rate {}, med {}, bias {}",
                range(error_rate),
                range(med),
                range(bias)
            );
        }
        if let Some(Formal { method, error_rate, med, bias, wce, .. }) = &further.formal {
            let _ = writeln!(
                out,
                "{design}, all pairs by {method}: error rate {error_rate:.6}, med {med:.6}, bias {bias:.6}, wce {wce}"
            );
        }
        if let Some(time) = further.formal_given_up_s {
            let _ = writeln!(
                out,
                "{design}, all pairs: not finished within {time} s or the memory that diagrams may take (`--formal SECONDS`)"
            );
        }
        if let Some(Weighted { pairs, error_rate, med, mred, mse, bias, wce, .. }) = &further.weighted {
            let mred = mred.map_or("–".into(), |mred| format!("{mred:.3e}"));
            let _ = writeln!(
                out,
                "{design} weighted by operands ({pairs} pairs): error rate {error_rate:.4}, med {med:.4}, mred {mred}, mse {mse:.4}, bias {bias:.4}, wce {wce}"
            );
        }
        if let Some(Accumulated { terms, bias, deviation, error_range: [low, high], med_if_normal, .. }) =
            &further.accumulated
        {
            let _ = writeln!(
                out,
                "{design}, sums of {terms} independent results: bias {bias:.4}, standard deviation {deviation:.4}, med {med_if_normal:.4} if normal (approximation), within {low} to {high}"
            );
        }
        if let Some(stages) = &further.longest_path {
            out += &path::text(design, stages);
        }
        if let Some(Histograms { error, relative }) = &further.histograms {
            out += &bars(&format!("{design}, error"), error);
            out += &relative
                .as_ref()
                .map_or(String::new(), |bins| bars(&format!("{design}, error / |exact|"), bins));
        }
    }
    out
}

/// A line a bin, its bar as long as its share of the largest.
fn bars(title: &str, histogram: &Histogram) -> String {
    const LONGEST: f64 = 40.0;
    let largest = histogram.counts.iter().max().copied().unwrap_or(0).max(1) as f64;
    let mut out = format!("{title}\n");
    for (at, count) in histogram.counts.iter().enumerate() {
        let bar = "█".repeat((*count as f64 / largest * LONGEST).ceil() as usize);
        let from = histogram.from + at as f64 * histogram.width;
        let from = if histogram.width >= 1.0 { format!("{from:.0}") } else { format!("{from:.4}") };
        let _ = writeln!(out, "{from:>12} {count:>10} {bar}");
    }
    out
}
