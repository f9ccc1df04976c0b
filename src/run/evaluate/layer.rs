//! Single layers of a setup, for those who look at them with other tools.

use super::{Captured, Evaluator, Quantized, Task, Workload, hardware};
use crate::config::Setup;
use crate::kernel::Products;
use crate::platform::compute::array::MacArray;
use crate::run::activity::Activity;
use crate::run::capture::slice;
use crate::run::coding::{LayerCoding, codings};
use crate::run::error::RunError;
use crate::run::formed;
use crate::run::gather::Gather;
use crate::run::golden::{self, Golden};
use crate::run::hardware::offsets;
use crate::run::parts::Parts;
use crate::run::products::products;
use crate::run::tap::{Contraction, Tap};
use crate::workload::Engine;
use crate::workload::score::{Graded, grade};

impl Evaluator<'_> {
    /// What one layer, by its index, makes the unit of a setup do.
    ///
    /// # Errors
    /// [`RunError`]; [`RunError::NoUnit`] where nothing computes with gates, [`RunError::NoGates`] where the multiplier is a
    /// product table, [`RunError::Late`] where results come too late, [`RunError::Unformed`] where it multiplies nothing.
    ///
    /// # Panics
    /// When the network has no such layer.
    pub fn activity(&self, setup: &Setup, layer: usize) -> Result<Activity, RunError> {
        let parts = self.build(setup)?;
        let array = of_gates(&parts, layer)?;
        let (contraction, _) = self.contraction(&parts, layer, self.first_batch(setup.workload.samples))?;
        Ok(Activity::of(array, &contraction, self.seed))
    }

    /// One layer, by its index, as golden vectors of a setup, with the products of one output channel.
    ///
    /// # Errors
    /// [`RunError`]; [`RunError::NoUnit`] where nothing computes with gates, [`RunError::Late`] where results come too late,
    /// [`RunError::Channel`] where the layer has no such channel, [`RunError::Unformed`] where it multiplies nothing.
    ///
    /// # Panics
    /// When the network has no such layer.
    pub fn golden(&self, setup: &Setup, layer: usize, channel: usize) -> Result<Golden, RunError> {
        let parts = self.build(setup)?;
        let array = parts.timely(layer)?;
        let (contraction, products) = self.contraction(&parts, layer, golden::SAMPLES)?;
        if contraction.swapped {
            return Err(RunError::Swapped(contraction.layer.name));
        }
        let offsets = offsets(array, &contraction.input, &contraction.weights);
        let unit = (array.mac(), array.order());
        let (time_step, positions, steps) = golden::steps((&contraction, channel), &products, unit, offsets)?;
        let array = parts.arrays.ok_or(RunError::NoUnit)?.into_array(layer);
        Ok(Golden { contraction, channel, time_step, positions, steps, array, offsets })
    }

    /// How the operands of every layer become codes and what multiplies them, for other emulators.
    ///
    /// # Errors
    /// [`RunError`]; [`RunError::NoUnit`] where nothing computes with gates, [`RunError::Late`] where results come too late,
    /// [`RunError::Recovers`] where sums are corrected, [`RunError::Changes`] where activations are not those of the model's file.
    pub fn codings(&self, setup: &Setup) -> Result<Vec<LayerCoding>, RunError> {
        let parts = self.build(setup)?;
        let (quantized, _) = self.prepared(&parts)?;
        codings(&parts, &quantized)
    }

    /// Runs the first samples on an engine that looks at them, and grades the answers; one that does not look serves as such in a
    /// loop over time.
    fn look(
        &self,
        (parts, workload): (&Parts<'_>, &Workload),
        quantized: &Quantized,
        captured: &Captured,
        (plain, engine, samples): (&dyn Engine, &dyn Engine, usize),
    ) -> Result<Graded, RunError> {
        let range = 0..samples.min(workload.samples);
        let batch = Task::preprocess(workload, &slice(&captured.pixels, range.clone()));
        let device = self.device(parts, quantized, 0);
        let gather = parts.network.repeats().then(|| Gather::new(plain));
        let first: &dyn Engine = gather.as_ref().map_or(engine, |gather| gather);
        let answers = device.run(first, &batch, 0)?;
        gather.into_iter().for_each(|gather| gather.show(engine));
        Ok(grade(workload, &self.task.test, range, &answers))
    }

    /// What a layer takes and gives on the first samples, and the products that it sums, where the hardware forms any.
    fn contraction(
        &self,
        parts: &Parts<'_>,
        layer: usize,
        samples: usize,
    ) -> Result<(Contraction, Products), RunError> {
        formed::on_device(parts, layer)?;
        let (quantized, captured) = self.prepared(parts)?;
        let products = products(parts, &quantized)?;
        let plan = self.plan(parts, quantized, &products)?;
        let tap = Tap::new(hardware(parts, &products, &plan.layers, 0), layer);
        let plain = hardware(parts, &products, &plan.layers, 0);
        let (workload, _) = self.settled(parts, &plan, &products)?;
        let graded = self.look((parts, &workload), &plan.network, &captured, (&plain, &tap, samples))?;
        formed::reached(parts, layer, (&workload, &graded))?;
        let found = tap.into_found().expect("the network runs through all of its layers");
        formed::multiplied(parts, &found)?;
        let products = hardware(parts, &products, &plan.layers, 0).products(&found.layer).clone();
        Ok((found, products))
    }
}

/// The array of a layer, where its results come in time and its units are those gates that the configuration names.
fn of_gates<'p>(parts: &'p Parts<'_>, layer: usize) -> Result<&'p MacArray, RunError> {
    let array = parts.timely(layer)?;
    match array.mac().multiplier().stand_in() {
        Some(_) => Err(RunError::NoGates),
        None => Ok(array),
    }
}
