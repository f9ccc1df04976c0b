//! Configuration of what computes.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Clock, Multiplier, Spikes, WeightFormat, Zeros};
use crate::config::Recovery;
use crate::constant::supply;
use crate::units::Volts;

/// What computes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Compute {
    /// Exact arithmetic that costs nothing.
    Ideal,
    /// A grid of multiply-accumulate units.
    Array(Box<Array>),
}

/// A grid of multiply-accumulate units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Array {
    /// Rows of units.
    #[schemars(range(min = 1))]
    pub rows: usize,
    /// Columns of units.
    #[schemars(range(min = 1))]
    pub columns: usize,
    /// Which operand stays in place.
    pub dataflow: Dataflow,
    /// `fit`, or a frequency such as `400 MHz`.
    pub clock: Clock,
    #[doc = concat!("Supply of the units, ", supply!(range), "; the one at which their figures were taken (1.1 V) where absent.")]
    #[serde(default)]
    pub voltage: Option<Volts>,
    /// Whether results may come after the clock edge.
    #[serde(default)]
    pub timing: Timing,
    /// `exact` (fits the code width), a design id such as `mul8s_drum_k4`, or a table file; also with energies of a file.
    pub multiplier: Multiplier,
    /// Multipliers of single layers, by node name or `#` and place from 0; each has an array of its own like this one.
    #[serde(default)]
    pub layers: IndexMap<String, Multiplier>,
    /// `exact`, or an adder id whose family and parameters are used at the accumulator's width.
    #[schemars(regex(pattern = r"^(exact|add\d+[us]_\w+)$"))]
    pub accumulator: String,
    /// What is done, without training, about the errors of the multiplier: `none`, `auto`, or a list of measures; each
    /// layer chooses on the calibration samples.
    #[serde(default)]
    pub recovery: Recovery,
    /// Bits of the accumulator, 4 to 64, where it saturates from those of a product to 32; twice the multiplier's and 16
    /// where absent.
    #[serde(default)]
    #[schemars(range(min = 4, max = 64))]
    pub accumulator_bits: Option<u32>,
    /// What an accumulator does with a sum beyond its bits.
    #[serde(default)]
    pub overflow: Overflow,
    /// In which order an accumulator meets the products of an output.
    #[serde(default)]
    pub accumulation_order: AccumulationOrder,
    /// What becomes of the zeros around an image.
    #[serde(default)]
    pub padding: Padding,
    /// What the multiplier takes of a code.
    #[serde(default)]
    pub products: Products,
    /// What is done about operands that are zero.
    #[serde(default)]
    pub zeros: Zeros,
    /// Products that follow each other among which a unit that skips zeros chooses, 2 to 256: all columns leave such a window
    /// together.
    #[serde(default = "four")]
    #[schemars(range(min = 2, max = 256))]
    pub zero_window: usize,
    /// How weights are kept in the memories.
    #[serde(default)]
    pub weight_format: WeightFormat,
    /// What is made of activations that are spikes.
    #[serde(default)]
    pub spikes: Spikes,
}

#[cfg(test)]
impl Array {
    /// So many rows and columns of exact units, for tests.
    pub(crate) fn exact([rows, columns]: [usize; 2], dataflow: Dataflow) -> Self {
        Self {
            rows,
            columns,
            dataflow,
            clock: Clock::Fit,
            voltage: None,
            timing: Timing::default(),
            multiplier: Multiplier::Id("exact".into()),
            layers: IndexMap::new(),
            accumulator: "exact".into(),
            recovery: Recovery::default(),
            accumulator_bits: None,
            overflow: Overflow::default(),
            accumulation_order: AccumulationOrder::default(),
            padding: Padding::default(),
            products: Products::default(),
            zeros: Zeros::default(),
            zero_window: four(),
            weight_format: WeightFormat::default(),
            spikes: Spikes::default(),
        }
    }
}

fn four() -> usize {
    4
}

/// What a multiplier takes of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Products {
    /// The code less its zero point; an unsigned multiplier takes the magnitude, the sign passes outside.
    #[default]
    Centred,
    /// The code itself, as two's complement where the multiplier is signed; what zero points add is taken from the sums
    /// exactly. Activations use all codes from lowest to highest value, also with a signed multiplier.
    Raw,
}

/// What an accumulator does with a sum beyond its bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Overflow {
    /// Its low bits stay.
    #[default]
    Wrap,
    /// The nearest sum that the accumulator holds stays.
    Saturate,
}

/// In which order an accumulator meets the products of an output, named after the layouts in memory that they come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccumulationOrder {
    /// Channel, row, column of the filter: all taps of a channel before the next channel, as windows of NCHW images unfold.
    #[default]
    ChannelsFirst,
    /// Row, column, channel of the filter: all channels of a tap before the next tap, as windows of NHWC images unfold.
    ChannelsLast,
}

/// What becomes of the zeros around an image; every one of them takes its clock either way. Those that the network itself
/// puts among activations, in transposed convolutions, around volumes along depth and height and by `Pad`, are codes like any
/// other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// A zero passes the unit, which takes energy, and its product is not added.
    #[default]
    Drop,
    /// The unit idles: its operands stay, nothing switches, nothing is added. The bypass of sums that pass it is not priced.
    Skip,
    /// A zero passes the unit and its product is added, whatever multiplier and accumulator make of it.
    Multiply,
}

/// Which operand stays in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Dataflow {
    /// Partial sums stay.
    OutputStationary,
    /// Weights stay.
    WeightStationary,
}

/// Whether results may come after the clock edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Timing {
    /// They may not: a clock that a unit cannot meet is an error, and `clock: fit` follows the supply.
    #[default]
    Safe,
    /// They may, and what has not arrived is lost: registers latch what is there. `clock: fit` fits the supply at which
    /// the figures were taken, so that a lower one makes errors.
    Latch,
}
