//! Every sample through the sensor.

use rayon::prelude::*;

use super::parts::Parts;
use crate::config::Light;
use crate::config::platform::Sensor;
use crate::ledger::Ledger;
use crate::platform::Context;
use crate::tensor::Tensor;
use crate::units::Seconds;
use crate::workload::Task;
use crate::workload::data::Values;

/// Frames as the sensor delivers them, and what capturing one cost.
pub(super) struct Captured {
    /// Pixels 0..255 [samples, C, H, W], or what else the samples are made of.
    pub pixels: Tensor<f32>,
    pub ledger: Ledger,
    pub latency: Seconds,
}

impl Captured {
    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.pixels.data())
    }
}

/// Captures the first samples of a task.
pub(super) fn capture(task: &Task, seed: u64, parts: &Parts<'_>) -> Captured {
    let samples = parts.setup.workload.samples;
    let mut shape = vec![samples];
    shape.extend(&parts.sample);
    let size: usize = parts.sample.iter().product();
    let mut data = vec![0.0; samples * size];
    let bill = |(sample, to): (usize, &mut [f32])| {
        let (pixels, bill) = shoot(task, seed, parts, sample);
        to.copy_from_slice(&pixels);
        bill
    };
    let bills: Vec<Ledger> = data.par_chunks_mut(size.max(1)).enumerate().map(bill).collect();
    let mut ledger = Ledger::default();
    bills.into_iter().for_each(|bill| ledger.merge(bill));
    let [height, width] = [parts.sample.get(1), parts.sample.get(2)].map(|size| size.copied().unwrap_or(1));
    Captured {
        pixels: Tensor::new(shape, data).expect("a sensor keeps the shape of a sample"),
        ledger: ledger.per(samples as f64),
        latency: parts.platform.sensor.latency(height, width),
    }
}

fn shoot(task: &Task, seed: u64, parts: &Parts<'_>, sample: usize) -> (Vec<f32>, Ledger) {
    let mut ledger = Ledger::default();
    let seen = task.test.reals(sample..sample + 1);
    if matches!(task.test.values(), Values::Reals(_)) {
        return (seen.into_data(), ledger);
    }
    let image = seen.data().iter().map(|&pixel| pixel / 255.0);
    if parts.setup.platform.sensor == Sensor::Ideal {
        return (image.map(|value| value * 255.0).collect(), ledger);
    }
    let coded = task.light == Light::Srgb;
    let light = image.map(|value| if coded { to_light(value) } else { value }).collect();
    let frame = Tensor::new(parts.sample.clone(), light).expect("an image fills the sample shape");
    let mut cx = Context { seed, map: 0, sample, ledger: &mut ledger };
    let seen = parts.platform.sensor.capture(&mut cx, &frame);
    let pixel = |&value: &f32| 255.0 * if coded { to_code(value) } else { value };
    // A network of integers reads pixels as a picture's file has them.
    let read = |pixel: f32| if parts.network.takes_integers() { pixel.round_ties_even() } else { pixel };
    (seen.data().iter().map(pixel).map(read).collect(), ledger)
}

pub(super) fn slice(tensor: &Tensor<f32>, range: std::ops::Range<usize>) -> Tensor<f32> {
    let mut shape = tensor.shape().to_vec();
    let size: usize = shape[1..].iter().product();
    shape[0] = range.len();
    let data = tensor.data()[range.start * size..range.end * size].to_vec();
    Tensor::new(shape, data).expect("whole samples were taken")
}

/// sRGB code value 0..1 to light (IEC 61966-2-1).
fn to_light(code: f32) -> f32 {
    if code <= 0.04045 { code / 12.92 } else { ((code + 0.055) / 1.055).powf(2.4) }
}

/// Light to sRGB code value (IEC 61966-2-1).
fn to_code(light: f32) -> f32 {
    if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}
