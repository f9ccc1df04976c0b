//! Sensors: what captures a sample and what that costs.

use super::{Context, PlatformError};
use crate::config::platform as config;
use crate::tensor::Tensor;
use crate::units::Seconds;

pub mod cmos;
pub mod ideal;

/// A sensor.
pub trait Sensor: Send + Sync {
    /// Captures `frame` (`[channels, height, width]`, linear light, 0 black to 1 white), bills the capture
    /// and returns a frame of the same shape.
    fn capture(&self, cx: &mut Context<'_>, frame: &Tensor<f32>) -> Tensor<f32>;

    /// Time from the start of the exposure until a frame of `height` × `width` is read.
    fn latency(&self, height: usize, width: usize) -> Seconds;

    /// Bytes of a frame of `height` × `width` as it is sent; none where nothing converts light to codes.
    fn frame_bytes(&self, _height: usize, _width: usize) -> Option<f64> {
        None
    }
}

/// Builds a sensor that takes one frame every `period`.
///
/// # Errors
/// When a value is outside the model's range.
pub fn build(config: &config::Sensor, period: Seconds) -> Result<Box<dyn Sensor>, PlatformError> {
    Ok(match config {
        config::Sensor::Ideal => Box::new(ideal::Ideal),
        config::Sensor::Cmos(part) => Box::new(cmos::Cmos::new(part, period)?),
    })
}
