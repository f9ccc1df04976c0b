//! The hardware: one of each role.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::Seconds;

mod array;
mod clock;
mod link;
mod memory;
mod multiplier;
mod sensor;
mod spikes;
mod zeros;

pub use array::{AccumulationOrder, Array, Compute, Dataflow, Overflow, Padding, Products, Timing};
pub use clock::Clock;
pub use link::{Link, Payload, Radio, Serial};
pub use memory::{Dram, DramDevice, Memory, Sram, SramClass};
pub use multiplier::Multiplier;
pub use sensor::{Cmos, Sensor};
pub use spikes::Spikes;
pub use zeros::{WeightFormat, Zeros};

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
