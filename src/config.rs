//! The YAML configuration as typed data.
//!
//! A choice is written with the kind as key (`sensor: {cmos: {…}}`, `link: ideal`), a quantity with its
//! unit. Nothing here names a platform type or reads a file.

use std::path::PathBuf;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod bound;
mod check;
mod error;
mod exit;
mod experts;
mod file;
pub mod knob;
mod layer_settings;
mod load;
mod merge;
mod number_format;
mod origins;
mod outliers;
pub mod platform;
pub mod preset;
mod prune;
mod recovery;
mod rotation;
mod samples;
pub mod schema;
mod score;
mod source;
mod tokens;
mod tree;

pub use bound::Bound;
pub use error::ConfigError;
pub(crate) use error::{near, suggest};
pub use exit::{Confidence, Exit, Never, Threshold, Tune};
pub use experts::Experts;
pub use layer_settings::LayerSettings;
pub use load::Config;
pub use number_format::{IntScale, NumberFormat, NumberFormats, RazorCode, RazorRounding};
pub use outliers::Outliers;
pub use platform::Platform;
pub use prune::{Prune, Scope};
pub use recovery::{Measure, Recovery};
pub use rotation::Rotation;
pub use samples::{ArrayFiles, FeatureFiles, IdxFiles, Labels, Light, PictureFiles, Samples};
pub use score::{Decoder, Detection, Psnr, Score};
pub use tokens::{Ranking, Tokens};

/// One configuration with all presets and knobs applied: what a single evaluation runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The task.
    pub workload: Workload,
    /// The hardware.
    pub platform: Platform,
}

/// The task: a trained network, its data and its score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// One line for reports.
    #[serde(default)]
    pub about: String,
    /// Where a user gets model and data.
    #[serde(default)]
    pub origin: String,
    /// The ONNX file, relative to the configuration file or to a data folder.
    pub model: PathBuf,
    /// Sizes of a sample, without the batch, where the model leaves them open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sample_shape: Vec<usize>,
    /// Inputs of the model that are one number everywhere, such as a mask that hides nothing.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, f64>")]
    pub constants: IndexMap<String, f64>,
    /// Test and calibration samples.
    pub data: Samples,
    /// What is done to a pixel before the network sees it.
    #[serde(default)]
    pub preprocess: Preprocess,
    /// How many test samples are run, from the first on.
    #[schemars(range(min = 1))]
    pub samples: usize,
    /// How the answers are scored.
    #[serde(default)]
    pub score: Score,
    /// The output that is scored, by its name in the model; needed where there are several and the score names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Of a network that is one step in time, for each input but the first the output that is its next value: samples are
    /// sequences, such inputs start at 0, and the output scored is summed over the steps.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    pub states: IndexMap<String, String>,
    /// Where samples leave a network with several exits.
    #[serde(default, deserialize_with = "tree::written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Exit")]
    pub exit: Option<Exit>,
    /// Experts of which every sample asks some.
    #[serde(default, deserialize_with = "tree::written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Experts")]
    pub experts: Option<Experts>,
    /// Where and which tokens of a transformer are left out.
    #[serde(default, deserialize_with = "tree::written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Tokens")]
    pub tokens: Option<Tokens>,
    /// How the network is quantised.
    #[serde(default)]
    pub quantize: Quantize,
    /// Residual blocks that are left out, each by the name of the node that adds its input to what it computes.
    #[serde(default)]
    pub skip_blocks: Vec<String>,
    /// Channels of activations that are made large, the weights that read them as much smaller.
    #[serde(default)]
    pub outliers: Outliers,
    /// Which weights are left out, without training.
    #[serde(default)]
    pub prune: Prune,
    /// What single layers do otherwise, by node name or `#` and place from 0.
    #[serde(default)]
    pub layers: IndexMap<String, LayerSettings>,
}

/// `(pixel · scale − mean) / std`, per channel; one value stands for all channels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Preprocess {
    /// Factor on the pixel value 0..255.
    pub scale: f64,
    /// Subtracted per channel.
    pub mean: Vec<f64>,
    /// Divisor per channel.
    pub std: Vec<f64>,
    /// In which order the network takes colours; mean and divisor are in that order.
    #[serde(skip_serializing_if = "Colours::is_rgb")]
    pub colours: Colours,
}

/// In which order a network takes the colours of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Colours {
    /// As they are in the data: red, green, blue.
    #[default]
    Rgb,
    /// The other way round: blue, green, red.
    Bgr,
}

impl Colours {
    fn is_rgb(&self) -> bool {
        *self == Self::Rgb
    }
}

impl Default for Preprocess {
    fn default() -> Self {
        Self { scale: 1.0, mean: vec![0.0], std: vec![1.0], colours: Colours::default() }
    }
}

/// Static post-training quantisation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Quantize {
    /// Bits of a weight code, 2 to 8; symmetric.
    #[schemars(range(min = 2, max = 8))]
    pub weight_bits: u32,
    /// Bits of an activation code, 2 to 8; per tensor.
    #[schemars(range(min = 2, max = 8))]
    pub activation_bits: u32,
    /// How the range of an activation is found on the calibration samples.
    pub calibration: Calibration,
    /// How many calibration samples are used; where absent 256, or as many as there are of fewer.
    #[schemars(range(min = 1))]
    pub calibration_samples: Option<usize>,
    /// What shares a scale among weights.
    pub weight_scales: WeightScales,
    /// How an activation is rounded to a code; weights and zero points are rounded half to even.
    pub rounding: Rounding,
    /// How the numbers that contractions read are written: as plain codes, or as codes whose groups have shifts.
    #[serde(skip_serializing_if = "NumberFormats::are_plain")]
    pub format: NumberFormats,
    /// By which matrix the channels that layers with stored weights sum over are multiplied before they become codes.
    pub rotation: Rotation,
}

impl Default for Quantize {
    fn default() -> Self {
        Self {
            weight_bits: 8,
            activation_bits: 8,
            calibration: Calibration::MinMax,
            calibration_samples: None,
            weight_scales: WeightScales::default(),
            rounding: Rounding::default(),
            format: NumberFormats::default(),
            rotation: Rotation::default(),
        }
    }
}

impl Quantize {
    /// How many of the calibration samples at hand are used.
    ///
    /// ```
    /// use axsim::config::Quantize;
    /// assert_eq!([20, 1000].map(|held| Quantize::default().calibrates_on(held)), [20, 256]);
    /// ```
    pub fn calibrates_on(&self, held: usize) -> usize {
        self.calibration_samples.unwrap_or(256).min(held)
    }
}

/// What shares a scale among weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WeightScales {
    /// The filter of an output channel.
    #[default]
    PerChannel,
    /// All weights of a layer.
    PerTensor,
}

/// How a real is rounded to a whole number of steps from the zero point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// To the nearest; from half-way to the even one, as ONNX's QuantizeLinear does.
    #[default]
    HalfEven,
    /// To the nearest; from half-way up, as adding a half before a shift does.
    HalfUp,
    /// To the nearest; from half-way away from zero, as C's `round` does.
    HalfAway,
    /// Down, as a shift alone does.
    Floor,
}

/// How the range of an activation is found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Calibration {
    /// Smallest and largest value seen.
    MinMax,
    /// The range that leaves out 100 less this percentage of the values at each end, for example 99.99; above 50.
    Percentile(#[schemars(range(max = 100.0), extend("exclusiveMinimum" = 50.0))] f64),
    /// The hundredth part of the range from smallest to largest value, or a multiple of it, whose codes have the least mean
    /// squared error.
    Mse,
    /// The range whose codes lose the least information: least Kullback-Leibler divergence over a histogram of magnitudes.
    Entropy,
}

/// Search over knobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Explore {
    /// Knob path → values to try; the grid is their product.
    #[schemars(schema_with = "schema::space")]
    pub space: IndexMap<String, Vec<serde_json::Value>>,
    /// What a point of the Pareto front must not be beaten in.
    #[serde(default = "Objective::defaults")]
    pub objectives: Vec<Objective>,
    /// Points are not run of which some layer's mean error by output channel, over the root mean square of its exact sums, is
    /// larger on the codes that calibration samples give the exact network.
    #[serde(default, deserialize_with = "tree::written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Bound")]
    pub screen: Option<Bound>,
}

impl Explore {
    /// Points of the grid; `None` where they are beyond counting.
    pub fn points(&self) -> Option<usize> {
        self.space.values().try_fold(1usize, |points, values| points.checked_mul(values.len()))
    }
}

/// A quantity to improve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Objective {
    /// Score, in the direction that is better for its kind.
    Score,
    /// Energy per sample, smaller is better.
    Energy,
    /// Energy of the array's arithmetic alone, smaller is better.
    Datapath,
    /// Latency per sample, smaller is better.
    Latency,
    /// Area, smaller is better.
    Area,
}

impl Objective {
    fn defaults() -> Vec<Self> {
        vec![Self::Score, Self::Energy]
    }
}
