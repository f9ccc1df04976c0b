//! Running samples of a setup: all of them to be scored, some of them to be looked at.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;

use rayon::prelude::*;

use super::{Evaluator, Ready, hardware};
use crate::config::Workload;
use crate::config::platform::WeightFormat;
use crate::platform::compute::array::MacArray;
use crate::run::arrays::Arrays;
use crate::run::capture::{Captured, slice};
use crate::run::error::RunError;
use crate::run::events::{Counted, Counter};
use crate::run::gather::Gather;
use crate::run::hardware::{Hardware, held};
use crate::run::parts::Parts;
use crate::run::prefix;
use crate::run::probe::{self, Probe, Seen};
use crate::run::tally::{Tallied, Tally};
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
    /// What codes came to in each layer on the device of the first map.
    pub tallied: Vec<Tallied>,
}

impl Evaluator<'_> {
    /// Runs all samples under every fault map, and counts in layers of which nothing is known.
    pub(super) fn run_maps(
        &self,
        parts: &Parts<'_>,
        (keys, known): (&[prefix::Key], &[Option<Seen>]),
        (plan, captured, products): Ready<'_>,
        workload: &Workload,
    ) -> Result<Scored, RunError> {
        let errs = parts.platform.memory.values().any(|memory| memory.errs());
        let maps = if errs { u64::from(self.fault_maps) } else { 1 };
        let counter = self.counter(parts, hardware(parts, products, &plan.layers, 0));
        let run = |map: u64| {
            let quantized = self.device(parts, &plan.network, map);
            let hardware = hardware(parts, products, &plan.layers, map);
            let engine: &dyn Engine = counter.as_ref().map_or(&hardware, |counter| counter);
            let tally = (map == 0).then(|| Tally::new(engine, &hardware, &quantized, known));
            let engine: &dyn Engine = tally.as_ref().map_or(engine, |tally| tally);
            // Layers that others ran are not counted here.
            let skipped = tally.as_ref().map_or(known.len(), Tally::uncounted);
            let graded = self.grade(workload, (&self.task.test, workload.samples), |range| {
                let batch = (range.start, map);
                let mut reach = |layer: usize, make: &dyn Fn() -> Checkpoint| {
                    self.prefixes.keep(keys, layer, batch, make);
                };
                if let Some(start) = self.prefixes.latest(keys, skipped, batch) {
                    let start = Start::Layer(&start);
                    return Ok(quantized.run_from(engine, start, range.start, &mut reach)?);
                }
                let pixels = slice(&captured.pixels, range.clone());
                let samples = Task::preprocess(workload, &pixels);
                let start = Start::Input(&samples);
                Ok(quantized.run_from(engine, start, range.start, &mut reach)?)
            })?;
            Ok((graded, tally.map(Tally::finish)))
        };
        let (graded, mut tallied): (Vec<Graded>, Vec<Option<Vec<Tallied>>>) =
            (0..maps).map(run).collect::<Result<Vec<_>, RunError>>()?.into_iter().unzip();
        let counted = counter.map_or_else(Vec::new, Counter::into_counted);
        Ok(Scored { graded, counted, tallied: tallied.swap_remove(0).unwrap_or_default() })
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

    /// What layers see in the first samples, and with what was counted in all of them.
    pub(super) fn probe(
        &self,
        parts: &Parts<'_>,
        (keys, known): (&[prefix::Key], Vec<Option<Seen>>),
        (plan, captured, products): Ready<'_>,
        tallied: &[Tallied],
    ) -> Result<(Vec<Seen>, BTreeMap<usize, Use>), RunError> {
        let hardware = hardware(parts, products, &plan.layers, 0);
        let probe =
            Probe { hardware, seed: self.seed, known, seen: Mutex::default(), used: Mutex::default() };
        let plain = self::hardware(parts, products, &plan.layers, 0);
        self.look(parts, &plan.network, captured, (&plain, &probe, probe::SAMPLES))?;
        let mut seen = probe.seen.into_inner().expect("no layer panicked while it was looked at");
        let samples = parts.setup.workload.samples;
        seen.iter_mut().zip(tallied).for_each(|(seen, tallied)| tallied.add_to(seen, samples));
        self.prefixes.saw(keys, &seen);
        Ok((seen, probe.used.into_inner().expect("nothing panicked while values were looked at")))
    }

    /// Runs the first samples on an engine that looks at them; one that does not serves as such in a loop over time.
    pub(super) fn look(
        &self,
        parts: &Parts<'_>,
        quantized: &Quantized,
        captured: &Captured,
        (plain, engine, samples): (&dyn Engine, &dyn Engine, usize),
    ) -> Result<(), RunError> {
        let samples = samples.min(parts.setup.workload.samples);
        let batch = Task::preprocess(&parts.setup.workload, &slice(&captured.pixels, 0..samples));
        let device = self.device(parts, quantized, 0);
        if !parts.network.repeats() {
            device.run(engine, &batch, 0)?;
            return Ok(());
        }
        let gather = Gather::new(plain);
        device.run(&gather, &batch, 0)?;
        gather.show(engine);
        Ok(())
    }

    /// What the answers to the first samples of a set are worth; batches run in parallel, the result is in sample order.
    pub(super) fn grade(
        &self,
        workload: &Workload,
        (set, samples): (&Set, usize),
        run: impl Fn(Range<usize>) -> Result<Vec<Tensor<f32>>, RunError> + Sync,
    ) -> Result<Graded, RunError> {
        let chunks = self.batches(samples, |range| Ok(grade(workload, set, range.clone(), &run(range)?)))?;
        Ok(chunks.into_iter().reduce(Graded::chain).unwrap_or_default())
    }

    /// What `run` makes of so many samples, batch by batch in their order.
    pub(super) fn batches<T: Send>(
        &self,
        samples: usize,
        run: impl Fn(Range<usize>) -> Result<T, RunError> + Sync,
    ) -> Result<Vec<T>, RunError> {
        let batch = self.task.network.together();
        let starts: Vec<usize> = (0..samples).step_by(batch).collect();
        starts.par_iter().map(|&start| run(start..(start + batch).min(samples))).collect()
    }
}
