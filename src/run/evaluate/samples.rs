//! Running samples of a setup: all of them to be scored, some of them to be looked at.

use std::collections::BTreeMap;
use std::iter;
use std::ops::Range;

use rayon::prelude::*;

use super::{Evaluator, Ready, hardware};
use crate::config::Workload;
use crate::config::platform::WeightFormat;
use crate::platform::compute::array::MacArray;
use crate::run::arrays::Arrays;
use crate::run::capture::{Captured, slice};
use crate::run::error::RunError;
use crate::run::events::{Counted, Counter};
use crate::run::formats;
use crate::run::gather::Gather;
use crate::run::hardware::{Hardware, held};
use crate::run::parts::Parts;
use crate::run::prefix;
use crate::run::probe::{self, Probe, Seen};
use crate::run::tally::Tally;
use crate::run::zeros;
use crate::tensor::Tensor;
use crate::workload::data::Set;
use crate::workload::score::{Graded, grade};
use crate::workload::{Checkpoint, Engine, Quantized, Start, Task, Use, Weights};

/// What running all samples gave.
pub(super) struct Scored {
    /// What answers are worth per fault map, one map where no memory errs.
    pub graded: Vec<Graded>,
    /// What came to each layer where spikes are added.
    pub counted: Vec<Counted>,
    /// What was seen in each layer on the device of the first map: in the first batch, and counted in all of them.
    pub seen: Vec<Seen>,
    /// What became of values whose codes have shifts, in the first batch.
    pub used: BTreeMap<usize, Use>,
}

/// A device and what runs on it.
struct Device<'a> {
    map: u64,
    quantized: &'a Quantized,
    /// Runs the first batch, and the others.
    engines: [&'a dyn Engine; 2],
    /// How many of the first layers need not be run by each where others ran them.
    skipped: [usize; 2],
}

impl Evaluator<'_> {
    /// Runs all samples under every fault map, and looks at layers of which nothing is known.
    pub(super) fn run_maps(
        &self,
        parts: &Parts<'_>,
        (keys, known): (&[prefix::Key], Vec<Option<Seen>>),
        ready: Ready<'_>,
        (workload, told): (&Workload, &(dyn Fn(f64) + Sync)),
    ) -> Result<Scored, RunError> {
        let (plan, captured, products) = ready;
        let errs = parts.platform.memory.values().any(|memory| memory.errs());
        let maps = if errs { u64::from(self.fault_maps) } else { 1 };
        let ran = |samples: usize| told(samples as f64 / (workload.samples as f64 * maps as f64));
        let run = |device: &Device<'_>| self.run_device((workload, captured), keys, device, &ran);
        let mut scored = self.run_first(parts, (keys, known), ready, &run)?;
        let other = |map: u64| {
            let quantized = &self.device(parts, &plan.network, map);
            let hardware = hardware(parts, products, &plan.layers, map);
            let skipped = [plan.network.layers().len(); 2];
            run(&Device { map, quantized, engines: [&hardware; 2], skipped })
        };
        for map in 1..maps {
            scored.graded.push(other(map)?);
        }
        Ok(scored)
    }

    /// Runs on the device of the first map, where layers are looked at.
    fn run_first(
        &self,
        parts: &Parts<'_>,
        (keys, known): (&[prefix::Key], Vec<Option<Seen>>),
        (plan, _, products): Ready<'_>,
        run: &dyn Fn(&Device<'_>) -> Result<Graded, RunError>,
    ) -> Result<Scored, RunError> {
        let hardware = || hardware(parts, products, &plan.layers, 0);
        let (plain, counter) = (hardware(), self.counter(parts, hardware()));
        let engine: &dyn Engine = counter.as_ref().map_or(&plain, |counter| counter);
        let quantized = &self.device(parts, &plan.network, 0);
        let tally = Tally::new(engine, &plain, quantized, &known);
        let later = tally.uncounted();
        // What becomes of values whose codes have shifts is seen on the way to every layer.
        let unseen = known.iter().position(Option::is_none).unwrap_or(known.len());
        let skipped = [if formats::any(parts.setup) { 0 } else { unseen }, later];
        // In a loop over time a layer is looked at once, at all that it took.
        let gather = parts.network.repeats().then(|| Gather::new(&tally));
        let probe =
            Probe::new(if gather.is_some() { &plain } else { &tally }, hardware(), (self.seed, known));
        let first: &dyn Engine = gather.as_ref().map_or(&probe, |gather| gather);
        let graded = run(&Device { map: 0, quantized, engines: [first, &tally], skipped })?;
        gather.into_iter().for_each(|gather| gather.show(&probe));
        let (mut seen, used) = probe.into_seen();
        let samples = parts.setup.workload.samples;
        seen.iter_mut().zip(tally.finish()).for_each(|(seen, tallied)| tallied.add_to(seen, samples));
        self.prefixes.saw(keys, &seen);
        let counted = counter.map_or_else(Vec::new, Counter::into_counted);
        Ok(Scored { graded: vec![graded], counted, seen, used })
    }

    /// Runs all samples on a device, each batch from the latest layer to which another setup has brought it; `ran` hears of how
    /// many samples a batch was.
    fn run_device(
        &self,
        (workload, captured): (&Workload, &Captured),
        keys: &[prefix::Key],
        device: &Device<'_>,
        ran: &(dyn Fn(usize) + Sync),
    ) -> Result<Graded, RunError> {
        self.grade(workload, (&self.task.test, workload.samples), |range| {
            let (later, batch) = (usize::from(range.start > 0), ([range.start, range.end], device.map));
            let mut reach = |layer: usize, make: &dyn Fn() -> Checkpoint| {
                self.prefixes.keep(keys, layer, batch, make);
            };
            let mut run = |start: Start<'_>| {
                Ok(device.quantized.run_from(device.engines[later], start, range.start, &mut reach)?)
            };
            let answers = match self.prefixes.latest(keys, device.skipped[later], batch) {
                Some(start) => run(Start::Layer(&start)),
                None => {
                    run(Start::Input(&Task::preprocess(workload, &slice(&captured.pixels, range.clone()))))
                }
            };
            ran(range.len());
            answers
        })
    }

    /// What counts spikes, where they are added.
    pub(super) fn counter<'p>(&self, parts: &Parts<'p>, hardware: Hardware<'p>) -> Option<Counter<'p>> {
        let adds = parts.arrays.as_ref().and_then(Arrays::neurons).is_some();
        adds.then(|| Counter::new(hardware, parts.network.layers().len()))
    }

    /// The network with its weights as the memories of device `map` return them.
    pub(super) fn device(&self, parts: &Parts<'_>, quantized: &Quantized, map: u64) -> Quantized {
        let through = |weights: Vec<Weights>, name: &str| match parts.platform.memory.get(name) {
            Some(memory) if memory.errs() => held(&**memory, map, weights),
            _ => weights,
        };
        let weights = through(quantized.weights().to_vec(), "main");
        let mut weights = through(weights, "buffer");
        for (layer, (weights, meant)) in weights.iter_mut().zip(quantized.weights()).enumerate() {
            let format = parts.array(layer).map_or(WeightFormat::Dense, MacArray::weight_format);
            if format != WeightFormat::Dense {
                zeros::restore(weights, meant);
            }
        }
        quantized.with_weights(weights)
    }

    /// What the answers to the first samples of a set are worth; batches run in parallel, the result is in sample order.
    pub(super) fn grade(
        &self,
        workload: &Workload,
        (set, samples): (&Set, usize),
        run: impl Fn(Range<usize>) -> Result<Vec<Tensor<f32>>, RunError> + Sync + Send,
    ) -> Result<Graded, RunError> {
        let chunks = self.batches(samples, |range| Ok(grade(workload, set, range.clone(), &run(range)?)))?;
        Ok(chunks.into_iter().reduce(Graded::chain).unwrap_or_default())
    }

    /// Of so many samples those of the first batch, at which is looked.
    pub(super) fn first_batch(&self, samples: usize) -> usize {
        self.task.network.together().min(probe::SAMPLES).min(samples)
    }

    /// What `run` makes of so many samples, batch by batch in their order.
    pub(super) fn batches<T: Send>(
        &self,
        samples: usize,
        run: impl Fn(Range<usize>) -> Result<T, RunError> + Sync + Send,
    ) -> Result<Vec<T>, RunError> {
        let first = self.first_batch(samples);
        let most = self.task.network.together_in(rayon::current_num_threads());
        let later = (first..samples).step_by(most).map(|start| start..(start + most).min(samples));
        let batches: Vec<Range<usize>> =
            iter::once(0..first).filter(|first| !first.is_empty()).chain(later).collect();
        batches.into_par_iter().map(run).collect()
    }
}
