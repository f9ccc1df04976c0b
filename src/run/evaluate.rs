//! Evaluating one setup: capture, calibrate, run every sample under every fault map, bill.

mod layer;
mod prepare;
mod samples;
mod screen;
mod tune;

use std::path::Path;
use std::sync::Arc;

use samples::Scored;

use super::account::{self, Observed};
use super::answers;
use super::arrays::{Arrays, settings};
use super::buildable::{buildable, exact_bits};
use super::capture::{Captured, capture};
use super::error::RunError;
use super::exits::Exits;
use super::experts::Experts;
use super::formats::{self, Takes};
use super::graded;
use super::hardware::{Hardware, Multiplied};
use super::memo::Memo;
use super::outcome::{Outcome, Reference};
use super::parts::Parts;
use super::prefix::{self, Prefixes};
use super::products::{products, swapped_products};
use super::recovery::{LayerPlan, Options, Plan};
use super::screen::Taken;
use super::signs;
use super::split;
use crate::config::platform::{Compute, Multiplier};
use crate::config::{Measure, Quantize, Setup, Workload};
use crate::platform::compute::array::{MacArray, Open};
use crate::platform::compute::signs::SignArray;
use crate::platform::{Platform, PlatformError};
use crate::table::{Energies, Table};
use crate::tech::CellLibrary;
use crate::tensor::Tensor;
use crate::workload::data::Set;
use crate::workload::score::Marks;
use crate::workload::{
    Network, Observations, Precision, Quantized, Scheme, Task, prune, with_outliers, without_blocks,
};

/// Evaluates setups on one task; captured frames are shared between setups with the same sensor.
pub struct Evaluator<'a> {
    task: &'a Task,
    seed: u64,
    fault_maps: u32,
    library: CellLibrary,
    open: Open<'a>,
    tables: Memo<Table>,
    energies: Memo<Energies>,
    captured: Memo<Captured>,
    networks: Memo<Network>,
    observations: Memo<Observations>,
    calibrated: Memo<Quantized>,
    pub(super) prefixes: Prefixes,
    plans: Memo<Plan>,
    /// Codes of layers in exact networks on calibration samples.
    taken: Memo<Vec<Option<Taken>>>,
}

/// Bytes of frames, of networks and of plans that are kept at most.
const ROOM: usize = 256 << 20;

/// Network, samples, and products per layer.
type Ready<'a> = (&'a Plan, &'a Captured, &'a [Multiplied]);

impl<'a> Evaluator<'a> {
    /// An evaluator for one task; `open` reads the files that a configuration names.
    pub fn new(task: &'a Task, seed: u64, fault_maps: u32, open: Open<'a>) -> Self {
        Self {
            task,
            seed,
            fault_maps,
            library: CellLibrary::nangate45().wired(),
            open,
            tables: Memo::default(),
            energies: Memo::default(),
            captured: Memo::within(ROOM, Captured::bytes),
            networks: Memo::default(),
            observations: Memo::default(),
            calibrated: Memo::within(ROOM, bytes),
            prefixes: Prefixes::default(),
            plans: Memo::within(ROOM, |plan: &Plan| bytes(&plan.network)),
            taken: Memo::default(),
        }
    }

    /// The float model on samples as they are in the file; those that calibrate are among them where all others are scored and
    /// both are of one set.
    ///
    /// # Errors
    /// When the samples do not fit the network.
    pub fn reference(&self, setup: &Setup) -> Result<Reference, RunError> {
        let run = |samples: &Tensor<f32>| Ok(self.task.network.run(samples)?);
        let (workload, _) = self.tuned(&setup.workload, run)?;
        let workload = &*workload;
        let float = |set: &Set, samples: usize| {
            self.grade(workload, (set, samples), |range| run(&Task::preprocess(workload, &set.reals(range))))
        };
        let (test, calibration) = (&self.task.test, &self.task.calibration);
        let with_calibration = self.task.is_split && workload.samples == test.len();
        let mut graded = float(test, workload.samples)?;
        let score =
            |marks: &Marks| graded::score(self.task.metric, std::slice::from_ref(marks), false, self.seed);
        let on_scored = with_calibration.then(|| score(&graded.marks));
        if with_calibration {
            graded = float(calibration, calibration.len())?.chain(graded);
        }
        let exits = Exits::count(workload, &self.task.network, &graded.exits).taken;
        let score = score(&graded.marks);
        Ok(Reference { score, with_calibration, on_scored, exits })
    }

    /// Evaluates one setup; `settings` is kept in the outcome as what repeats it.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn evaluate(&self, setup: &Setup, settings: serde_json::Value) -> Result<Outcome, RunError> {
        self.evaluate_telling(setup, settings, &|_| ())
    }

    /// The same; after every batch of samples `told` hears what share of all samples, on all devices, it was.
    pub(crate) fn evaluate_telling(
        &self,
        setup: &Setup,
        settings: serde_json::Value,
        told: &(dyn Fn(f64) + Sync),
    ) -> Result<Outcome, RunError> {
        let parts = self.build(setup)?;
        let keys = prefix::keys(&parts, parts.network.layers().len());
        let outcome = self.outcome(&parts, &keys, settings, told);
        self.prefixes.finish(&keys);
        outcome
    }

    fn outcome(
        &self,
        parts: &Parts<'_>,
        keys: &[prefix::Key],
        settings: serde_json::Value,
        told: &(dyn Fn(f64) + Sync),
    ) -> Result<Outcome, RunError> {
        let (quantized, captured) = self.prepared(parts)?;
        let products = products(parts, &quantized)?;
        let plan = self.plan(parts, quantized, &products)?;
        let ready = (&*plan, &*captured, &products[..]);
        let (workload, tuned) = self.settled(parts, &plan, &products)?;
        let known = self.prefixes.seen(keys);
        let scored = self.run_maps(parts, (keys, known), ready, (&workload, told))?;
        let Scored { graded, counted, seen, used } = scored;
        let exits: Vec<usize> = graded.iter().flat_map(|map| map.exits.clone()).collect();
        let mut exits = Exits { tuned, ..Exits::count(&workload, &parts.network, &exits) };
        let routes: Vec<&[Vec<bool>]> = graded.iter().map(|map| &map.routes[..]).collect();
        let together = workload.experts.as_ref().map_or(1, |experts| experts.batch);
        let experts = Experts::count(&parts.network, &routes, together);
        experts.iter().for_each(|experts| experts.runs(&parts.network, &mut exits.layers));
        let maps = graded.into_iter().map(|map| map.marks).collect();
        let (quantized, plans) = (&*plan.network, &plan.layers[..]);
        let (metric, seed) = (self.task.metric, self.seed);
        let observed = Observed {
            quantized,
            captured: &captured,
            metric,
            maps,
            seed,
            exits,
            experts,
            seen,
            used,
            counted,
            plans,
            calibrated_on: parts.setup.workload.quantize.calibrates_on(self.task.calibration.len()),
            answers: answers::key(parts, &products, &plan),
        };
        Ok(account::outcome(parts, observed, settings)?)
    }

    /// Refuses a setup that loses results, which no baseline may.
    ///
    /// # Errors
    /// [`RunError`], also of a setup that cannot be built.
    pub fn in_time(&self, setup: &Setup) -> Result<(), RunError> {
        Ok(self.build(setup)?.used().try_for_each(MacArray::in_time)?)
    }

    /// Hashes of the product and energy tables that a setup names; `None` where it names none, or none that can be read.
    pub fn table_hash(&self, setup: &Setup) -> Option<String> {
        let Compute::Array(array) = &setup.platform.compute else {
            return None;
        };
        let hashes = |multiplier: &Multiplier| {
            let products = match multiplier {
                Multiplier::Table { table, signed, .. } => self.table(table, *signed).ok(),
                Multiplier::Id(_) | Multiplier::Design { .. } => None,
            };
            let energies = multiplier.energy_table().and_then(|path| self.energies(path).ok());
            products.map(|table| table.hash()).into_iter().chain(energies.map(|energies| energies.hash()))
        };
        let hashes: Vec<String> = array.layers.values().chain([&array.multiplier]).flat_map(hashes).collect();
        (!hashes.is_empty()).then(|| hashes.join(" "))
    }

    fn table(&self, path: &Path, signed: Option<bool>) -> Result<Arc<Table>, PlatformError> {
        self.tables.get(&(path, signed), || (self.open.products)(path, signed))
    }

    fn energies(&self, path: &Path) -> Result<Arc<Energies>, PlatformError> {
        self.energies.get(&path, || (self.open.energies)(path))
    }

    fn prepared(&self, parts: &Parts<'_>) -> Result<(Arc<Quantized>, Arc<Captured>), RunError> {
        let platform = &parts.setup.platform;
        let sensing = (&platform.sensor, platform.frame_period, parts.setup.workload.samples);
        let capture = || Ok::<_, RunError>(capture(self.task, self.seed, parts));
        Ok((self.quantized(parts)?, self.captured.get(&sensing, capture)?))
    }

    fn quantized(&self, parts: &Parts<'_>) -> Result<Arc<Quantized>, RunError> {
        let scheme = parts.scheme();
        let calibrate = || self.calibrate(parts, scheme);
        self.calibrated.get(&(&parts.setup.workload, scheme == Scheme::Affine), calibrate)
    }

    /// Whether every multiplier of a setup takes its codes.
    pub(super) fn multiplies_codes(&self, setup: &Setup) -> Result<bool, RunError> {
        match buildable(setup, self.open) {
            Err(error) if error.is_of_widths() => Ok(false),
            other => other.map(|_| true),
        }
    }

    pub(super) fn build<'s>(&self, setup: &'s Setup) -> Result<Parts<'s>, RunError> {
        let products = |path: &Path, signed| self.table(path, signed).map(|table| (*table).clone());
        let energies = |path: &Path| self.energies(path).map(|energies| (*energies).clone());
        let open = Open { products: &products, energies: &energies };
        let network = self.network(&setup.workload)?;
        signs::check(
            &network.layers(),
            &settings(&setup.workload, &network.layers())?,
            setup.workload.prune,
        )?;
        let arrays = match &setup.platform.compute {
            Compute::Ideal => None,
            Compute::Array(config) => {
                let layers = network.layers();
                let own = settings(&setup.workload, &layers)?;
                let takes = layers.iter().zip(&own).map(|(layer, own)| formats::takes(setup, layer, own));
                let takes: Vec<Takes> = takes.collect();
                let built = (&layers[..], &takes[..]);
                let arrays = Arrays::build(config, exact_bits(setup), built, (&self.library, open))?;
                let any = setup.workload.layers.values().any(|own| own.binary);
                let signs = any.then(|| SignArray::new(config, &self.library)).transpose()?;
                Some(match signs {
                    Some(signs) => arrays.with_signs(signs),
                    None => arrays,
                })
            }
        };
        let sample = network.sample_shape().to_vec();
        let whole = self.whole(&setup.workload)?;
        let filters = whole.layers().iter().map(|layer| layer.geometry.out_channels).collect();
        let platform = Platform::build(&setup.platform)?;
        formats::check(setup, &platform)?;
        if formats::any(setup) && network.repeats() {
            return Err(RunError::GroupsInTime);
        }
        let last_layer = split::last_layer(setup, &network)?;
        let parts = Parts { setup, platform, arrays, sample, network, filters, last_layer };
        in_steps(&parts)?;
        signs::check_sums(&parts)?;
        Ok(parts)
    }

    /// Builds a setup for the network and chooses the widths of its codes, all that evaluating does before its first sample.
    ///
    /// # Errors
    /// [`RunError`] of what the network does not allow.
    pub fn evaluable(&self, setup: &Setup) -> Result<(), RunError> {
        let parts = self.build(setup)?;
        let quantize = (&setup.workload.quantize, &precision(&parts)?);
        Ok(Quantized::check(&parts.network, quantize)?)
    }

    /// The network without what a workload leaves out of it.
    fn network(&self, workload: &Workload) -> Result<Arc<Network>, RunError> {
        let Workload { skip_blocks, outliers, prune: rule, layers, tokens, experts, .. } = workload;
        self.networks.get(&(skip_blocks, outliers, rule, layers, tokens, experts), || {
            let whole = self.whole(workload)?;
            Ok(prune(&whole, *rule, &settings(workload, &whole.layers())?, self.seed)?)
        })
    }

    /// The network without tokens and blocks that a workload leaves out, with all its weights and the outliers asked for.
    fn whole(&self, workload: &Workload) -> Result<Network, RunError> {
        let experts = self.task.network.expert_count();
        let top = workload.experts.as_ref().and_then(|experts| experts.top);
        if let Some(top) = top.filter(|&top| top > experts) {
            return Err(RunError::Experts { top, experts });
        }
        let network = self.task.with_less(workload, self.seed).map_err(RunError::Less)?;
        let network = without_blocks(&network, &workload.skip_blocks)?;
        Ok(with_outliers(&network, workload.outliers, self.seed)?)
    }

    fn calibrate(&self, parts: &Parts<'_>, scheme: Scheme) -> Result<Quantized, RunError> {
        let quantize = (&parts.setup.workload.quantize, &precision(parts)?);
        Ok(Quantized::calibrate_on(&parts.network, quantize, scheme, &*self.observed(parts)?)?)
    }

    /// What the tensors of the float model hold on calibration samples, the same whatever bits codes have.
    fn observed(&self, parts: &Parts<'_>) -> Result<Arc<Observations>, RunError> {
        let mut workload = parts.setup.workload.clone();
        let Quantize { weight_bits, activation_bits, .. } = &mut workload.quantize;
        (*weight_bits, *activation_bits) = (8, 8);
        for own in workload.layers.values_mut() {
            (own.weight_bits, own.activation_bits) = (None, None);
        }
        self.observations.get(&workload, || {
            let quantize = (&parts.setup.workload.quantize, &precision(parts)?);
            let samples = self.calibration(parts.setup, usize::MAX);
            Ok(Observations::of(&parts.network, quantize, &samples)?)
        })
    }

    /// The samples that a setup calibrates on, at most so many.
    fn calibration(&self, setup: &Setup, most: usize) -> Tensor<f32> {
        let samples = &self.task.calibration;
        let count = setup.workload.quantize.calibrates_on(samples.len()).min(most);
        Task::preprocess(&setup.workload, &samples.reals(0..count))
    }

    /// What the layers do about the errors of their products, chosen with memories that never err.
    fn plan(
        &self,
        parts: &Parts<'_>,
        network: Arc<Quantized>,
        products: &[Multiplied],
    ) -> Result<Arc<Plan>, RunError> {
        let measures = measures(parts);
        if measures.is_empty() {
            return Ok(Arc::new(Plan::none(network)));
        }
        let hardware = Hardware { buffer: None, ..hardware(parts, products, &[], 0) };
        let choose = || {
            let swap = measures.contains(&Measure::Swap);
            let swapped = if swap { swapped_products(parts, &network, products)? } else { vec![] };
            let options = Options { hardware: &hardware, measures, swapped: &swapped };
            let samples = self.calibration(parts.setup, Plan::most_samples(&parts.network));
            Ok::<_, RunError>(Plan::choose(&network, options, &samples)?)
        };
        self.plans.get(&(&parts.setup.workload, &parts.setup.platform.compute), choose)
    }
}

/// Bytes of a network's codes.
fn bytes(network: &Quantized) -> usize {
    network.weights().iter().map(|weights| weights.codes.len()).sum()
}

/// What layers may do about the errors of their products.
fn measures<'a>(parts: &Parts<'a>) -> &'a [Measure] {
    match &parts.setup.platform.compute {
        Compute::Array(array) => array.recovery.measures(),
        Compute::Ideal => &[],
    }
}

/// The widths of the codes of each layer.
fn precision(parts: &Parts<'_>) -> Result<Precision, RunError> {
    let (network, workload) = (&*parts.network, &parts.setup.workload);
    Ok(Precision::of(network, &workload.quantize, &settings(workload, &network.layers())?)?)
}

/// Refuses what is not done in a network in time, or without time.
fn in_steps(parts: &Parts<'_>) -> Result<(), RunError> {
    if parts.network.repeats() && !measures(parts).is_empty() {
        return Err(RunError::RecoveryInTime);
    }
    if parts.arrays.as_ref().and_then(Arrays::neurons).is_none() {
        return Ok(());
    }
    if parts.network.steps_in_time() == 1 {
        return Err(RunError::NoSteps);
    }
    if parts.platform.memory.values().any(|memory| memory.errs()) {
        return Err(RunError::SpikesErr);
    }
    Ok(())
}

fn hardware<'a>(
    parts: &'a Parts<'_>,
    multiplied: &'a [Multiplied],
    plans: &'a [LayerPlan],
    map: u64,
) -> Hardware<'a> {
    let buffer = parts.platform.memory.get("buffer").map(|memory| &**memory);
    Hardware { multiplied, arrays: parts.arrays.as_ref(), buffer, map, plans }
}

#[cfg(test)]
mod tests;
