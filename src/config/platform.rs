//! The hardware: one of each role.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Recovery;
use crate::constant::supply;
use crate::units::{BitRate, Bytes, Celsius, Hertz, Joules, Seconds, Volts, Watts};

/// Names of the memories that a sample passes; the first is needed.
pub(super) const MEMORIES: [&str; 2] = ["buffer", "main"];

/// Sensor, memories, array and link, and how often a sample comes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Platform {
    /// One line for reports.
    #[serde(default)]
    pub about: String,
    /// Time between two samples; idle time is billed.
    pub frame_period: Seconds,
    /// What captures a sample.
    pub sensor: Sensor,
    /// Memories by name: `buffer` feeds the array, `main` (optional) holds weights and frames.
    #[schemars(extend("propertyNames" = {"enum": MEMORIES}, "required" = [MEMORIES[0]]))]
    pub memory: IndexMap<String, Memory>,
    /// What computes.
    pub compute: Compute,
    /// What sends the result.
    pub link: Link,
}

/// What captures a sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sensor {
    /// Passes the sample unchanged and costs nothing.
    Ideal,
    /// A CMOS image sensor with a column converter.
    Cmos(Cmos),
}

/// A CMOS image sensor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cmos {
    /// Pixels per frame `[rows, columns]`; the sample is the frame where absent.
    #[serde(default)]
    #[schemars(inner(range(min = 1)))]
    pub resolution: Option<[usize; 2]>,
    /// Bits of the converter, 1 to 14.
    #[schemars(range(min = 1, max = 14))]
    pub adc_bits: u32,
    /// Every k-th row and column is read; 1 reads all.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub skip: usize,
    /// k×k pixels are averaged after conversion; 1 averages nothing.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub bin: usize,
    /// Exposure time.
    pub exposure: Seconds,
    /// Electrons that fill a pixel: full scale of the converter.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub full_well: f64,
    /// Standard deviation of the read noise in electrons.
    #[schemars(range(min = 0.0))]
    pub read_noise: f64,
    /// Whether shot noise is drawn.
    pub shot_noise: bool,
    /// Pixels read per second.
    pub pixel_rate: Hertz,
    /// Energy of one pixel and its analog readout.
    pub pixel_energy: Joules,
    /// Energy of one conversion step: a conversion takes 2^bits steps.
    pub adc_step_energy: Joules,
    /// Interface energy per byte.
    pub interface_energy: Joules,
    /// Static power while on.
    pub static_power: Watts,
    /// Power between frames.
    pub standby_power: Watts,
    /// Image signal processor, energy per pixel.
    pub isp_energy: Joules,
}

fn one() -> usize {
    1
}

/// A memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Memory {
    /// Never errs and costs nothing.
    Ideal,
    /// Dynamic memory with refresh.
    Dram(Dram),
    /// Static memory with a scalable supply.
    Sram(Sram),
}

/// Dynamic memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dram {
    /// The device.
    pub device: DramDevice,
    /// Devices in parallel.
    #[serde(default = "two")]
    #[schemars(range(min = 1))]
    pub dies: u32,
    /// Time between two refreshes of a row.
    pub refresh_interval: Seconds,
    /// Temperature of the device, 20 to 70 °C.
    pub temperature: Celsius,
}

fn two() -> u32 {
    2
}

/// A DRAM part whose currents are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DramDevice {
    /// LPDDR3-1600, 4 Gb, ×32.
    #[serde(rename = "lpddr3_1600")]
    Lpddr3_1600,
}

/// Static memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sram {
    /// Capacity; one of the tabulated sizes 8, 32, 128, 256, 512 KiB.
    pub size: Bytes,
    /// Transistor class.
    pub class: SramClass,
    /// Supply relative to the lowest error-free one.
    #[serde(default = "nominal")]
    #[schemars(range(min = 0.7, max = 1.2))]
    pub voltage: f64,
}

fn nominal() -> f64 {
    1.0
}

/// Transistor class of a static memory (CACTI's names).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SramClass {
    /// High performance.
    Hp,
    /// Low operating power.
    Lop,
    /// Low standby power.
    Lstp,
}

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
    /// What becomes of the zeros around an image.
    #[serde(default)]
    pub padding: Padding,
    /// What the multiplier takes of a code.
    #[serde(default)]
    pub products: Products,
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

/// What becomes of the zeros around an image; every one of them takes its clock either way.
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

/// The array's clock.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Clock {
    /// As fast as the unit's critical path allows.
    Fit,
    /// A fixed frequency; a slower unit is an error, or errs (see [`Timing`]).
    Fixed(Hertz),
}

impl JsonSchema for Clock {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Clock".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let fit = schemars::json_schema!({"const": "fit", "description": "as fast as the unit allows"});
        schemars::json_schema!({"anyOf": [fit, generator.subschema_for::<Hertz>()]})
    }
}

impl TryFrom<String> for Clock {
    type Error = crate::units::UnitError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == "fit" { Ok(Self::Fit) } else { text.parse().map(Self::Fixed) }
    }
}

impl From<Clock> for String {
    fn from(clock: Clock) -> Self {
        match clock {
            Clock::Fit => "fit".into(),
            Clock::Fixed(hertz) => format!("{} Hz", hertz.0),
        }
    }
}

/// The multiplier of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
pub enum Multiplier {
    /// `exact` or a design id.
    Id(#[schemars(regex(pattern = r"^(exact|mul\d+[us]_\w+)$"))] String),
    /// A product table from a file.
    Table {
        /// Products as text, little-endian words or NPY; row = code of the activation, column = code of the weight.
        table: PathBuf,
        /// Whether codes are two's complement; where absent, a table with a negative product is signed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signed: Option<bool>,
        /// Femtojoules of a multiplication as text or NPY; row = code of the activation, column = code of the weight. The
        /// exact multiplier's where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        energy_table: Option<PathBuf>,
    },
    /// A design whose multiplications cost what a file says.
    Design {
        /// `exact` or a design id.
        #[schemars(regex(pattern = r"^(exact|mul\d+[us]_\w+)$"))]
        design: String,
        /// Femtojoules of a multiplication as text or NPY; row = code of the activation, column = code of the weight.
        energy_table: PathBuf,
    },
}

impl Multiplier {
    /// The file of energies by operand pair, where multiplications are priced by one.
    pub fn energy_table(&self) -> Option<&Path> {
        match self {
            Self::Id(_) => None,
            Self::Table { energy_table, .. } => energy_table.as_deref(),
            Self::Design { energy_table, .. } => Some(energy_table),
        }
    }
}

/// What sends the result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// Delivers at once and costs nothing.
    Ideal,
    /// A link with an energy per bit and a cost of waking up.
    Serial(Serial),
}

/// A link with an energy per useful bit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Serial {
    /// Short name of the figures' source, for example `csi2` or `wifi_esp8266`.
    pub radio: Radio,
    /// What is sent per sample.
    pub payload: Payload,
    /// Energy per useful bit.
    pub bit_energy: Joules,
    /// Energy per message for waking up and association.
    pub wake_energy: Joules,
    /// Useful bits per second.
    pub goodput: BitRate,
}

/// The link whose figures are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Radio {
    /// Wired camera serial interface.
    Csi2,
    /// Wi-Fi, ESP8266 class.
    WifiEsp8266,
    /// Bluetooth low energy, nRF52840 class.
    BleNrf52840,
}

/// What is sent per sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Payload {
    /// The network's answer: two bytes (class and confidence).
    Result,
    /// The captured image, uncompressed.
    Image,
}
