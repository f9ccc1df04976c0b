//! Configuration of memories.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{Bytes, Celsius, Seconds};

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
    #[schemars(range(min = 0.7, max = 1.0))]
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
