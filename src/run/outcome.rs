//! What a run says: the stable, machine-readable shape of its results.

mod formats;
mod layer;
mod rotation;
mod routes;
mod strain;
mod token_scales;

use indexmap::{IndexMap, IndexSet};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use formats::{FormatsOutcome, LayerFormat, Written};
pub use layer::{
    BinaryOutcome, LayerOutcome, MeanError, MultipliedOutcome, Recovered, SpikesOutcome, WeightsOutcome,
};
pub use rotation::RotationOutcome;
pub use routes::{ExitOutcome, ExpertsOutcome, Fetched, TokensOutcome, TunedExit};
pub use strain::{Overfull, Strain};
pub use token_scales::TokenScalesOutcome;

use super::graded::delta;
use super::plain_bits::{EqualAccuracy, Rival};
use super::statistics::{Delta, Verdict};
use crate::constant::Constant;
use crate::ledger::{Ledger, Stage};
use crate::workload::score::{Marks, Metric};

/// Quality of the task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The figure, for example `top1`.
    pub metric: Metric,
    /// Its value, shares as a fraction; the mean over fault maps where there are several.
    pub value: f64,
    /// Samples scored.
    pub samples: usize,
    /// 95 % interval: Wilson's of `top1`, Student's of means, percentiles of a bootstrap of the others.
    pub ci95: [f64; 2],
    /// Scores under the single fault maps; empty when no fault was drawn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fault_maps: Vec<f64>,
    /// Objects found in all samples, the mean over fault maps; absent for other scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detections: Option<f64>,
}

impl Score {
    /// The value as a figure of which more is better.
    pub fn merit(&self) -> f64 {
        self.metric.merit(self.value)
    }
}

/// Energy per sample by stage, in joules.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StageEnergy {
    /// Sum of the stages.
    pub total: f64,
    /// Capture.
    pub sensor: f64,
    /// Memories.
    pub memory: f64,
    /// Array.
    pub compute: f64,
    /// Link.
    pub link: f64,
}

impl StageEnergy {
    /// Sums the ledger by stage.
    pub fn of(ledger: &Ledger) -> Self {
        let [sensor, memory, compute, link] = Stage::ALL.map(|stage| ledger.stage(stage).0);
        Self { total: ledger.total().0, sensor, memory, compute, link }
    }

    /// The stages with their names, in the order of a sample's way.
    pub fn stages(&self) -> [(&'static str, f64); 4] {
        [("sensor", self.sensor), ("memory", self.memory), ("compute", self.compute), ("link", self.link)]
    }
}

/// The result of one configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Quality of the task.
    pub score: Score,
    /// Paired difference to the baseline; absent for the baseline itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta: Option<Delta>,
    /// Energy per sample.
    pub energy_j: StageEnergy,
    /// Energy per sample of multiplying and accumulating alone (gates, registers, clock).
    pub datapath_energy_j: f64,
    /// Time from the start of the exposure to the delivered result.
    pub latency_s: f64,
    /// Silicon area of array and on-chip memory in mm².
    pub area_mm2: f64,
    /// Array cycles per sample, the mean where samples leave early.
    pub cycles: u64,
    /// The array's clock in hertz; 0 for an ideal one. Arrays of single layers have clocks of their own where it fits.
    pub clock_hz: f64,
    /// Where samples leave the network; empty where it has no exits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exits: Vec<ExitOutcome>,
    /// How sure an exit must be, as found on the calibration samples; absent where that was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tuned_exit: Option<TunedExit>,
    /// Which experts samples ask; absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experts: Option<ExpertsOutcome>,
    /// Where tokens are left out; empty where none are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<TokensOutcome>,
    /// What number formats come to; absent where codes have no groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub formats: Option<FormatsOutcome>,
    /// What rotating channels comes to; absent where none are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<RotationOutcome>,
    /// What scales of tokens come to; absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_scales: Option<TokenScalesOutcome>,
    /// How late results come; absent where all are in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<Late>,
    /// Share of the cells of each memory that fail at its setting; those are left out of which none do.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub failing_cells: IndexMap<String, f64>,
    /// What the platform is asked for beyond what it can do; absent where it can do all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strain: Option<Strain>,
    /// Contractions in the order of the network.
    pub layers: Vec<LayerOutcome>,
    /// Share of the energy that hangs on each constant, largest first, those above 1 %.
    pub constants: Vec<ConstantShare>,
    /// The multiplier whose gates are priced in place of one that has none; absent where it has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priced_as: Option<String>,
    /// How many samples ranges of activations were found on; 0 in results that do not tell.
    #[serde(default)]
    pub calibrated_on: usize,
    /// Hash of all that decides answers, so that outcomes with the same one answer alike by construction; empty in results that do
    /// not tell.
    #[serde(default)]
    pub answers: String,
    /// The complete configuration that repeats this outcome.
    pub settings: Value,
    /// Every line of the account, per sample.
    pub ledger: Ledger,
    /// What answers are worth, sample by sample; not part of the output.
    #[serde(skip)]
    pub marks: Marks,
}

/// A unit under a clock that is too fast for it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Late {
    /// Supply in volts.
    pub supply_v: f64,
    /// Period of the clock in seconds.
    pub period_s: f64,
    /// What the longest path needs in seconds.
    pub delay_s: f64,
    /// The same at the slow end of the band of the supply's law, in seconds.
    pub slowest_s: f64,
}

impl Outcome {
    /// The files by which multiplications of its layers are priced.
    pub fn energy_tables(&self) -> Vec<&str> {
        let files: IndexSet<&str> =
            self.multipliers().filter_map(|multiplier| multiplier["energy_table"].as_str()).collect();
        files.into_iter().collect()
    }

    /// The design as which a product table is priced that has neither gates nor energies of a file: no saving of its own can
    /// show.
    pub fn unpriced_as(&self) -> Option<&str> {
        self.priced_as.as_deref().filter(|_| self.multipliers().any(unpriced))
    }

    /// The layers as configured that have such a table of their own where the array has none; else none.
    pub fn unpriced_layers(&self) -> Vec<&str> {
        if self.multiplier().is_some_and(unpriced) {
            return vec![];
        }
        let own = self.layer_multipliers().filter(|(_, multiplier)| unpriced(multiplier));
        own.map(|(layer, _)| layer).collect()
    }

    /// The multipliers as configured: the array's, then those of single layers.
    fn multipliers(&self) -> impl Iterator<Item = &Value> {
        self.multiplier().into_iter().chain(self.layer_multipliers().map(|(_, multiplier)| multiplier))
    }

    /// The array's multiplier as configured.
    fn multiplier(&self) -> Option<&Value> {
        self.settings.pointer("/platform/compute/array/multiplier")
    }

    /// Multipliers of single layers as configured.
    fn layer_multipliers(&self) -> impl Iterator<Item = (&str, &Value)> {
        let layers = self.settings.pointer("/platform/compute/array/layers").and_then(Value::as_object);
        layers.into_iter().flatten().map(|(layer, multiplier)| (&**layer, multiplier))
    }

    /// What a comparison calls this, its baseline: `exact`, or `baseline` where the platform itself errs.
    pub fn baseline_name(&self) -> &'static str {
        let is_exact = self.erring_layers() == 0 && self.score.fault_maps.is_empty();
        if is_exact { "exact" } else { "baseline" }
    }

    /// How many layers have sums that are not the exact ones of their codes.
    pub fn erring_layers(&self) -> usize {
        self.layers.iter().filter(|layer| layer.relative_error != 0.0).count()
    }

    /// Whether score, energy, time and area are those of another outcome.
    pub fn has_figures_of(&self, other: &Self) -> bool {
        let figures = |one: &Self| {
            (one.energy_j, one.datapath_energy_j, one.latency_s, one.area_mm2, one.cycles, one.clock_hz)
        };
        self.score == other.score && figures(self) == figures(other)
    }

    /// Adds the paired difference to the baseline on the same samples; `seed` is that of the draws behind its interval. It is
    /// none where both answer alike by construction.
    ///
    /// # Panics
    /// When the two were not run on the same samples.
    pub fn compare(&mut self, baseline: &Self, seed: u64) {
        let single = |outcome: &Self| outcome.score.fault_maps.len() <= 1;
        let single = single(baseline) && single(self);
        let found = delta(self.score.metric, (&baseline.marks, &self.marks), single, seed);
        let alike =
            !self.answers.is_empty() && self.answers == baseline.answers && self.marks == baseline.marks;
        self.delta = Some(if alike { found.of_same_answers() } else { found });
    }
}

/// Whether a multiplier as configured is a product table without energies of a file.
fn unpriced(multiplier: &Value) -> bool {
    multiplier["table"].is_string() && multiplier["energy_table"].is_null()
}

/// A constant and the energy that hangs on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConstantShare {
    /// Fraction of the total energy.
    pub share: f64,
    /// The figure with its source.
    #[serde(flatten)]
    pub constant: Constant,
}

/// One knob: its effect alone and the effect of leaving it out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnobOutcome {
    /// The knob's path.
    pub knob: String,
    /// The value tried.
    pub value: Value,
    /// The baseline with this knob alone.
    pub alone: Outcome,
    /// The full configuration with this knob at its neutral value.
    pub without: Outcome,
}

/// Ratios baseline / approximate; absent where one of the two is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Savings {
    /// Energy of the whole system.
    pub energy: Option<f64>,
    /// Latency.
    pub latency: Option<f64>,
    /// Area.
    pub area: Option<f64>,
    /// Energy of the whole system, again under the name that stands beside `datapath`.
    pub system: Option<f64>,
    /// Energy of multiplying and accumulating alone.
    pub datapath: Option<f64>,
}

impl Savings {
    /// Compares what two outcomes cost.
    pub fn of(baseline: &Outcome, approximate: &Outcome) -> Self {
        let ratio =
            |of: fn(&Outcome) -> f64| Some(of(baseline) / of(approximate)).filter(|ratio| ratio.is_finite());
        let system = ratio(|outcome| outcome.energy_j.total);
        Self {
            energy: system,
            latency: ratio(|outcome| outcome.latency_s),
            area: ratio(|outcome| outcome.area_mm2),
            system,
            datapath: ratio(|outcome| outcome.datapath_energy_j),
        }
    }
}

/// The float model, for orientation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// Score of the float model on ideal samples.
    pub score: Score,
    /// Whether the calibration samples are among them: where a set has none of its own, and all others are scored.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub with_calibration: bool,
    /// Then also the score on the others alone, which is what quantised runs compare with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_scored: Option<Score>,
    /// Where samples leave the float model; empty where it has no exits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exits: Vec<ExitOutcome>,
}

/// Everything a run says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Version of the program.
    pub axsim: String,
    /// The command that repeats the run.
    pub repeat: String,
    /// Seed of every random stream.
    pub seed: u64,
    /// One line on the task.
    pub about: String,
    /// The float model.
    pub reference: Reference,
    /// Every knob at its neutral value.
    pub baseline: Outcome,
    /// The configuration asked for.
    pub approximate: Outcome,
    /// Each knob on its own and left out.
    pub knobs: Vec<KnobOutcome>,
    /// Joint energy saving minus the sum of the savings alone, as a fraction of the baseline's energy; absent where
    /// that is nothing.
    pub interaction_energy: Option<f64>,
    /// Joint score difference minus the sum of the differences alone.
    pub interaction_score: f64,
    /// Exact b-bit designs beside the approximate multiplier; empty when none is configured.
    pub rivals: Vec<Rival>,
    /// What those cost at the accuracy of the approximate multiplier; absent when none is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equal_accuracy: Option<EqualAccuracy>,
    /// Baseline over approximate.
    pub savings: Savings,
    /// The floor asked for and whether it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<Floor>,
    /// What is approximated in this model itself, in sentences.
    pub notes: Vec<String>,
}

/// A floor on the drop of the score and its verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Floor {
    /// Largest tolerated drop: of a share so many points as a fraction, of other scores that part of the exact one.
    pub drop: f64,
    /// Whether it holds.
    pub verdict: Verdict,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// An outcome of nothing, with these multipliers: the array's and those of layers.
    fn outcome(multiplier: &Value, layers: &Value) -> Outcome {
        let stages = json!({"total": 0.0, "sensor": 0.0, "memory": 0.0, "compute": 0.0, "link": 0.0});
        let array = json!({"multiplier": multiplier, "layers": layers});
        Outcome {
            score: Score {
                metric: Metric::Top1,
                value: 1.0,
                samples: 1,
                ci95: [0.0, 1.0],
                fault_maps: vec![],
                detections: None,
            },
            delta: None,
            energy_j: serde_json::from_value(stages).unwrap(),
            datapath_energy_j: 0.0,
            latency_s: 0.0,
            area_mm2: 0.0,
            cycles: 0,
            clock_hz: 0.0,
            exits: vec![],
            tuned_exit: None,
            tokens: vec![],
            experts: None,
            formats: None,
            rotation: None,
            token_scales: None,
            late: None,
            failing_cells: IndexMap::new(),
            strain: None,
            layers: vec![],
            constants: vec![],
            priced_as: Some("mul8s_bw".into()),
            calibrated_on: 0,
            answers: String::new(),
            settings: json!({"platform": {"compute": {"array": array}}}),
            ledger: Ledger::default(),
            marks: Marks::default(),
        }
    }

    #[test]
    fn a_table_without_energies_is_unpriced_whatever_other_layers_have() {
        let (priced, other) = (json!({"table": "t", "energy_table": "e"}), json!({"table": "u"}));
        assert_eq!(outcome(&priced, &json!({})).unpriced_as(), None);
        assert_eq!(outcome(&other, &json!({})).unpriced_as(), Some("mul8s_bw"));
        assert_eq!(outcome(&priced, &json!({"a": other})).unpriced_as(), Some("mul8s_bw"));
        assert_eq!(
            outcome(&priced, &json!({"a": other, "b": priced, "c": other})).unpriced_layers(),
            ["a", "c"]
        );
        assert!(
            outcome(&other, &json!({"a": other})).unpriced_layers().is_empty(),
            "the array's own says it all"
        );
    }

    #[test]
    fn files_of_energies_are_named_once_each() {
        let of = |file: &str| json!({"design": "exact", "energy_table": file});
        let layers = json!({"a": of("f"), "b": of("e"), "c": "exact"});
        assert_eq!(outcome(&of("e"), &layers).energy_tables(), ["e", "f"]);
    }
}
