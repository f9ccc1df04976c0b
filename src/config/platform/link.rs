//! Configuration of what sends the result.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{BitRate, Joules};

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Payload {
    /// The task's answer: two bytes (a class and its confidence, a token, or how large an error is), ten for each object found,
    /// a byte for each element of a picture.
    Result,
    /// The captured image as the sensor sends it, uncompressed.
    Image,
    /// What the rest of the network reads when this layer is done, by its node name or place, in the bits that it is put away in;
    /// the layers after it run at the receiver, whose energy and time are not told.
    Layer(String),
}
