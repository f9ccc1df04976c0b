//! Evaluating one setup: capture, calibrate, run every sample under every fault map, bill.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use rayon::prelude::*;

use super::bill::{Mapped, bill, price_name};
use super::hardware::{Hardware, held};
use super::outcome::{ConstantShare, LayerOutcome, Outcome, Score, StageEnergy};
use super::probe::{self, Probe, Seen};
use super::statistics::wilson;
use crate::config::platform::{Compute, Link, Payload, Sensor};
use crate::config::{Light, Setup};
use crate::kernel::Products;
use crate::ledger::{Ledger, Price, UnresolvedPrice};
use crate::platform::compute::array::{MacArray, unit};
use crate::platform::compute::mapping::Mapping;
use crate::platform::{Context, Platform, PlatformError};
use crate::tech::CellLibrary;
use crate::tensor::Tensor;
use crate::units::Seconds;
use crate::workload::data::Images;
use crate::workload::{CalibrationError, ModelError, Quantized, Scheme, Task, Weights, top1};

/// Why a setup cannot be evaluated.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RunError {
    /// The platform cannot be built.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// The network cannot be calibrated.
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
    /// The samples do not fit the network.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The knobs do not make a setup.
    #[error("{0}")]
    Setup(Box<crate::config::ConfigError>),
    /// A price was forgotten.
    #[error(transparent)]
    Price(#[from] UnresolvedPrice),
}

/// Samples that are run together.
const BATCH: usize = 32;

/// Evaluates setups on one task; captured frames are shared between setups with the same sensor.
pub struct Evaluator<'a> {
    task: &'a Task,
    seed: u64,
    fault_maps: u32,
    library: CellLibrary,
    captured: Mutex<HashMap<String, Arc<Captured>>>,
}

/// Frames as the sensor delivers them, and what capturing one cost.
struct Captured {
    /// Pixels 0..255 [samples, C, H, W].
    pixels: Tensor<f32>,
    ledger: Ledger,
    latency: Seconds,
}

/// The built parts of a setup.
pub(super) struct Parts<'a> {
    pub setup: &'a Setup,
    pub platform: Platform,
    pub array: Option<MacArray>,
    sample: Vec<usize>,
}

impl Parts<'_> {
    /// Bytes of a weight, an activation and a partial sum.
    pub(super) fn word_bytes(&self) -> [f64; 3] {
        let quantize = &self.setup.workload.quantize;
        let sum = self.array.as_ref().map_or(32, |array| array.mac().accumulator_width());
        [quantize.weight_bits, quantize.activation_bits, sum].map(|bits| f64::from(bits) / 8.0)
    }

    /// Elements of a captured sample.
    pub(super) fn frame_elements(&self) -> usize {
        self.sample.iter().product()
    }

    /// Bytes that are sent when the image itself is the payload.
    pub(super) fn payload_bytes(&self) -> Option<f64> {
        let Link::Serial(link) = &self.setup.platform.link else { return None };
        let bits = match &self.setup.platform.sensor {
            Sensor::Cmos(cmos) => cmos.adc_bits,
            Sensor::Ideal => 8,
        };
        (link.payload == Payload::Image).then(|| self.frame_elements() as f64 * f64::from(bits) / 8.0)
    }
}

impl<'a> Evaluator<'a> {
    /// An evaluator for one task.
    pub fn new(task: &'a Task, seed: u64, fault_maps: u32) -> Self {
        Self { task, seed, fault_maps, library: CellLibrary::nangate45(), captured: Mutex::default() }
    }

    /// The float model on samples as they are in the file.
    ///
    /// # Errors
    /// When the samples do not fit the network.
    pub fn reference(&self, setup: &Setup) -> Result<Score, RunError> {
        let samples = setup.workload.samples;
        let pixels = pixels(&self.task.test, samples);
        let right = self.score(samples, |range| {
            let batch = Task::preprocess(&setup.workload, &slice(&pixels, range.clone()));
            Ok(self.task.network.run(&batch)?)
        })?;
        Ok(score(vec![right.into_iter().map(f64::from).collect()], false))
    }

    /// Evaluates one setup; `settings` is kept in the outcome as what repeats it.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn evaluate(&self, setup: &Setup, settings: serde_json::Value) -> Result<Outcome, RunError> {
        let parts = self.build(setup)?;
        let scheme = match &parts.array {
            Some(array) if !array.mac().multiplier().signature().signed => Scheme::Affine,
            _ => Scheme::Symmetric,
        };
        let quantized = self.calibrate(setup, scheme)?;
        let products = products(&parts, &quantized)?;
        let captured = self.capture(&parts)?;
        let maps = self.run_maps(&parts, &quantized, &products, &captured)?;
        let seen = self.probe(&parts, &quantized, &products, &captured)?;
        self.outcome(&parts, &quantized, &captured, (maps, seen), settings)
    }

    fn build<'s>(&self, setup: &'s Setup) -> Result<Parts<'s>, RunError> {
        let quantize = &setup.workload.quantize;
        let bits = quantize.weight_bits.max(quantize.activation_bits);
        let array = match &setup.platform.compute {
            Compute::Ideal => None,
            Compute::Array(config) => Some(MacArray::new(config, unit(config, bits)?, &self.library)?),
        };
        let sample = self.task.network.sample_shape().to_vec();
        Ok(Parts { setup, platform: Platform::build(&setup.platform)?, array, sample })
    }

    fn calibrate(&self, setup: &Setup, scheme: Scheme) -> Result<Quantized, RunError> {
        let images = &self.task.calibration;
        let count = setup.workload.quantize.calibration_samples.min(images.len());
        let batch = Task::preprocess(&setup.workload, &pixels(images, count));
        Ok(Quantized::calibrate(&self.task.network, &setup.workload.quantize, scheme, &batch)?)
    }

    /// Passes every sample through the sensor, once per sensor setting.
    fn capture(&self, parts: &Parts<'_>) -> Result<Arc<Captured>, RunError> {
        let key = serde_json::to_string(&(&parts.setup.platform.sensor, parts.setup.platform.frame_period))
            .expect("a configuration is always writable");
        if let Some(known) = self.captured.lock().expect("no capture panicked").get(&key) {
            return Ok(known.clone());
        }
        let samples = parts.setup.workload.samples;
        let shots: Vec<(Vec<f32>, Ledger)> =
            (0..samples).into_par_iter().map(|sample| self.shoot(parts, sample)).collect();
        let (mut data, mut ledger) = (vec![], Ledger::default());
        for (pixels, bill) in shots {
            data.extend(pixels);
            ledger.merge(bill);
        }
        let mut shape = vec![samples];
        shape.extend(&parts.sample);
        let [height, width] =
            [parts.sample.get(1), parts.sample.get(2)].map(|size| size.copied().unwrap_or(1));
        let captured = Arc::new(Captured {
            pixels: Tensor::new(shape, data).expect("a sensor keeps the shape of a sample"),
            ledger: ledger.per(samples as f64),
            latency: parts.platform.sensor.latency(height, width),
        });
        self.captured.lock().expect("no capture panicked").insert(key, captured.clone());
        Ok(captured)
    }

    fn shoot(&self, parts: &Parts<'_>, sample: usize) -> (Vec<f32>, Ledger) {
        let mut ledger = Ledger::default();
        let image = self.task.test.image(sample).iter().map(|&pixel| f32::from(pixel) / 255.0);
        if parts.setup.platform.sensor == Sensor::Ideal {
            return (image.map(|value| value * 255.0).collect(), ledger);
        }
        let coded = self.task.light == Light::Srgb;
        let light = image.map(|value| if coded { to_light(value) } else { value }).collect();
        let frame = Tensor::new(parts.sample.clone(), light).expect("an image fills the sample shape");
        let mut cx = Context { seed: self.seed, map: 0, sample, ledger: &mut ledger };
        let seen = parts.platform.sensor.capture(&mut cx, &frame);
        let coded = |&value: &f32| if coded { to_code(value) } else { value };
        (seen.data().iter().map(|value| 255.0 * coded(value)).collect(), ledger)
    }

    /// Right answers per fault map; one map where no memory errs.
    fn run_maps(
        &self,
        parts: &Parts<'_>,
        quantized: &Quantized,
        products: &[Products],
        captured: &Captured,
    ) -> Result<Vec<Vec<f64>>, RunError> {
        let errs = parts.platform.memory.values().any(|memory| memory.errs());
        let maps = if errs { u64::from(self.fault_maps) } else { 1 };
        let run = |map: u64| {
            let quantized = self.device(parts, quantized, map);
            let hardware = hardware(parts, products, map);
            let right = self.score(parts.setup.workload.samples, |range| {
                let batch = Task::preprocess(&parts.setup.workload, &slice(&captured.pixels, range.clone()));
                Ok(quantized.run(&hardware, &batch, range.start)?)
            })?;
            Ok(right.into_iter().map(f64::from).collect())
        };
        (0..maps).map(run).collect()
    }

    /// The network with its weights as the memories of device `map` return them.
    fn device(&self, parts: &Parts<'_>, quantized: &Quantized, map: u64) -> Quantized {
        let through = |weights: Vec<Weights>, name: &str| match parts.platform.memory.get(name) {
            Some(memory) if memory.errs() => held(&**memory, map, weights),
            _ => weights,
        };
        let weights = through(quantized.weights().to_vec(), "main");
        quantized.with_weights(through(weights, "buffer"))
    }

    fn probe(
        &self,
        parts: &Parts<'_>,
        quantized: &Quantized,
        products: &[Products],
        captured: &Captured,
    ) -> Result<Vec<Seen>, RunError> {
        let hardware = hardware(parts, products, 0);
        let probe = Probe { hardware, library: &self.library, seed: self.seed, seen: Mutex::default() };
        let samples = probe::SAMPLES.min(parts.setup.workload.samples);
        let batch = Task::preprocess(&parts.setup.workload, &slice(&captured.pixels, 0..samples));
        self.device(parts, quantized, 0).run(&probe, &batch, 0)?;
        Ok(probe.seen.into_inner().expect("no layer panicked while it was looked at"))
    }

    /// Which of the first `samples` are right; batches run in parallel, the result is in sample order.
    fn score(
        &self,
        samples: usize,
        run: impl Fn(std::ops::Range<usize>) -> Result<Tensor<f32>, RunError> + Sync,
    ) -> Result<Vec<bool>, RunError> {
        let starts: Vec<usize> = (0..samples).step_by(BATCH).collect();
        let chunk = |&start: &usize| {
            let range = start..(start + BATCH).min(samples);
            Ok(top1(&run(range.clone())?, &self.task.test.labels[range]))
        };
        let chunks: Vec<Vec<bool>> = starts.par_iter().map(chunk).collect::<Result<_, RunError>>()?;
        Ok(chunks.concat())
    }

    fn outcome(
        &self,
        parts: &Parts<'_>,
        quantized: &Quantized,
        captured: &Captured,
        (maps, seen): (Vec<Vec<f64>>, Vec<Seen>),
        settings: serde_json::Value,
    ) -> Result<Outcome, RunError> {
        let mapped: Vec<Mapped> = quantized.layers().iter().map(|layer| map(parts, layer)).collect();
        let mut ledger = captured.ledger.clone();
        let time = bill(parts, &mapped, &mut ledger);
        let price = |name: &str| {
            let at = mapped.iter().position(|part| price_name(&part.layer) == name)?;
            let each = seen.get(at)?.replay?.each;
            Some((
                each,
                self.library.constant("mac.switching", each.0, "J per multiply-accumulate, replayed"),
            ))
        };
        let ledger = ledger.resolve(price)?;
        let errs = parts.platform.memory.values().any(|memory| memory.errs());
        let right = mean(&maps);
        Ok(Outcome {
            score: score(maps, errs),
            delta: None,
            energy_j: StageEnergy::of(&ledger),
            datapath_energy_j: datapath(&ledger),
            latency_s: (captured.latency + time).0,
            area_mm2: area(parts),
            cycles: mapped.iter().map(|part| part.mapping.cycles).sum(),
            clock_hz: parts.array.as_ref().map_or(0.0, |array| array.clock().0),
            layers: mapped.iter().zip(&seen).map(|(part, seen)| layer(part, seen)).collect(),
            constants: constants(&ledger),
            settings,
            ledger,
            right,
        })
    }
}

fn hardware<'a>(parts: &'a Parts<'_>, products: &'a [Products], map: u64) -> Hardware<'a> {
    let buffer = parts.platform.memory.get("buffer").map(|memory| &**memory);
    Hardware { products, array: parts.array.as_ref(), buffer, map }
}

/// Products per layer; layers with equal zero points share the work.
fn products(parts: &Parts<'_>, quantized: &Quantized) -> Result<Vec<Products>, RunError> {
    let quantize = &parts.setup.workload.quantize;
    let bits = quantize.weight_bits.max(quantize.activation_bits);
    let mut known: HashMap<[u8; 2], Products> = HashMap::new();
    let mut of = |(layer, weights): (usize, &Weights)| {
        let zeros = [weights.zero_point, quantized.input_zero_point(layer)];
        if let Some(products) = known.get(&zeros) {
            return Ok(products.clone());
        }
        let products = match &parts.array {
            Some(array) => array.products(bits, zeros[0], zeros[1])?,
            None => Products::exact(zeros[0], zeros[1]),
        };
        known.insert(zeros, products.clone());
        Ok(products)
    };
    quantized.weights().iter().enumerate().map(&mut of).collect()
}

fn map(parts: &Parts<'_>, layer: &crate::workload::Layer) -> Mapped {
    let work = layer.geometry.gemm();
    let (mapping, time) = match &parts.array {
        Some(array) => {
            let mapping = array.map(&work);
            (mapping, array.time(&mapping))
        }
        None => {
            (Mapping::of(&work, 0, 0, crate::config::platform::Dataflow::OutputStationary), Seconds::ZERO)
        }
    };
    Mapped { layer: layer.clone(), mapping, time }
}

fn layer(part: &Mapped, seen: &Seen) -> LayerOutcome {
    let macs = part.layer.geometry.macs();
    let each = seen.replay.map_or(0.0, |replay| replay.each.0);
    LayerOutcome {
        name: part.layer.name.clone(),
        macs,
        cycles: part.mapping.cycles,
        utilisation: part.mapping.utilisation,
        mac_energy_j: each,
        mac_energy_spread_j: seen.replay.map_or(0.0, |replay| replay.spread.0),
        replayed_pairs: seen.replay.map_or(0, |replay| replay.pairs),
        energy_j: each * macs as f64,
        relative_error: seen.relative_error,
        bias: seen.bias,
    }
}

/// Switching and clocking of the array: what the choice of a multiplier acts on.
fn datapath(ledger: &Ledger) -> f64 {
    let computes = ledger.entries().filter(|entry| entry.component == "compute.array");
    computes
        .filter(|entry| !entry.action.starts_with("leak"))
        .filter_map(|entry| entry.energy())
        .map(|e| e.0)
        .sum()
}

fn area(parts: &Parts<'_>) -> f64 {
    let memories: f64 = parts.platform.memory.values().map(|memory| memory.area().0).sum();
    (memories + parts.array.as_ref().map_or(0.0, |array| array.area().0)) * 1e-6
}

/// Constants by the energy that hangs on them, those above 1 %.
fn constants(ledger: &Ledger) -> Vec<ConstantShare> {
    let total = ledger.total().0;
    let mut shares: Vec<ConstantShare> = vec![];
    for entry in ledger.entries() {
        let (Some(energy), Price::Each(_, constant)) = (entry.energy(), &entry.price) else { continue };
        let share = energy.0 / total;
        match shares.iter_mut().find(|known| known.constant.name == constant.name) {
            Some(known) => known.share += share,
            None => shares.push(ConstantShare { share, constant: constant.clone() }),
        }
    }
    shares.retain(|entry| entry.share > 0.01);
    shares.sort_by(|a, b| b.share.total_cmp(&a.share));
    shares
}

fn mean(maps: &[Vec<f64>]) -> Vec<f64> {
    let samples = maps.first().map_or(0, Vec::len);
    (0..samples).map(|at| maps.iter().map(|map| map[at]).sum::<f64>() / maps.len() as f64).collect()
}

fn score(maps: Vec<Vec<f64>>, errs: bool) -> Score {
    let share = |map: &Vec<f64>| map.iter().sum::<f64>() / map.len().max(1) as f64;
    let fault_maps: Vec<f64> = maps.iter().map(share).collect();
    let value = fault_maps.iter().sum::<f64>() / fault_maps.len().max(1) as f64;
    let samples = maps.first().map_or(0, Vec::len);
    let ci95 = wilson(value * samples as f64, samples as f64);
    Score { metric: "top1", value, samples, ci95, fault_maps: if errs { fault_maps } else { vec![] } }
}

/// The first `count` images as reals 0..255.
fn pixels(images: &Images, count: usize) -> Tensor<f32> {
    let mut shape = images.pixels.shape().to_vec();
    shape[0] = count;
    let data = images.pixels.data()[..count * images.size()].iter().map(|&pixel| f32::from(pixel)).collect();
    Tensor::new(shape, data).expect("whole images were taken")
}

fn slice(tensor: &Tensor<f32>, range: std::ops::Range<usize>) -> Tensor<f32> {
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
