//! Configuration of what captures a sample.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{Hertz, Joules, Seconds, Watts};

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
    /// Exposure time. What pixels gather does not depend on it: light is a share of the full well.
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
