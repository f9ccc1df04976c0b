//! The arrays that the layers of a network run on: one, and one more for every other multiplier that a layer has.

use super::error::RunError;
use super::formats::Takes;
use super::split;
use crate::arith::mac::Mac;
use crate::config::platform::{self as config, Compute, Multiplier, Spikes};
use crate::config::{LayerSettings, Setup, Workload};
use crate::platform::compute::array::{MacArray, Open, unit};
use crate::platform::compute::neurons::Neurons;
use crate::platform::compute::signs::SignArray;
use crate::tech::CellLibrary;
use crate::workload::{Layer, by_layer};

/// The arrays of a setup.
pub(super) struct Arrays {
    /// Of distinct multipliers, each as configured; the first is that of layers without one of their own.
    each: Vec<(Multiplier, MacArray)>,
    /// Which of them each layer runs on.
    of: Vec<usize>,
    /// What layers of spikes run on, where those are added.
    neurons: Option<Neurons>,
    /// What binary layers run on, where there are any.
    signs: Option<SignArray>,
}

impl Arrays {
    /// Builds what a configuration asks for; `bits` is the width of an `exact` multiplier for stored weights.
    pub(super) fn build(
        config: &config::Array,
        bits: u32,
        (layers, takes): (&[Layer], &[Takes]),
        (library, open): (&CellLibrary, Open<'_>),
    ) -> Result<Self, RunError> {
        let array = |config: &config::Array, unit: Mac| {
            MacArray::new(config, unit, library)?.priced_as(&config.multiplier, open.energies)
        };
        let unit = |config: &config::Array, takes: Takes| match takes {
            Takes::Groups(group) => group.unit(config),
            Takes::Bits(bits) => unit(config, bits, open.products),
        };
        let named = named(config, layers)?;
        // What most layers share is that of the first one without a multiplier of its own.
        let first = named.iter().position(Option::is_none).map_or(Takes::Bits(bits), |layer| takes[layer]);
        let main = unit(config, first)?;
        let mut known = vec![identity(&config.multiplier, &main)];
        let mut each = vec![(config.multiplier.clone(), array(config, main)?)];
        let mut of = vec![0; layers.len()];
        for (index, own) in named.into_iter().enumerate() {
            if own.is_none() && takes[index] == first {
                continue;
            }
            let (name, multiplier) = own.unwrap_or((&layers[index].name, &config.multiplier));
            let wrong = |fault| RunError::Layer { name: name.into(), fault };
            let config = config::Array { multiplier: multiplier.clone(), ..config.clone() };
            let unit = unit(&config, takes[index]).map_err(wrong)?;
            let identity = identity(multiplier, &unit);
            of[index] = match known.iter().position(|known| *known == identity) {
                Some(at) => at,
                None => {
                    let array = array(&config, unit).map_err(wrong)?;
                    each.push((config.multiplier, array));
                    known.push(identity);
                    known.len() - 1
                }
            };
        }
        for ((layer, takes), of) in layers.iter().zip(takes).zip(&of) {
            let wrong = |fault| RunError::Layer { name: layer.name.clone(), fault };
            // Neurons add in membranes of their own.
            if let Takes::Bits(_) = takes
                && config.spikes == Spikes::Multiply
            {
                each[*of].1.keeps(layer.geometry.depth()).map_err(wrong)?;
            }
        }
        let neurons = (config.spikes == Spikes::Accumulate).then(|| Neurons::new(config, bits, library));
        Ok(Self { each, of, neurons: neurons.transpose()?, signs: None })
    }

    /// One array for one layer.
    pub(super) fn of_one(array: MacArray) -> Self {
        let multiplier = Multiplier::Id(array.mac().multiplier().id());
        Self { each: vec![(multiplier, array)], of: vec![0], neurons: None, signs: None }
    }

    /// The same with units for binary layers.
    pub(super) fn with_signs(self, signs: SignArray) -> Self {
        Self { signs: Some(signs), ..self }
    }

    /// What binary layers run on; none where there are none.
    pub(super) fn signs(&self) -> Option<&SignArray> {
        self.signs.as_ref()
    }

    /// What layers of spikes run on; none where their activations are multiplied.
    pub(super) fn neurons(&self) -> Option<&Neurons> {
        self.neurons.as_ref()
    }

    /// The array that a layer runs on.
    pub(super) fn of(&self, layer: usize) -> &MacArray {
        &self.each[self.of[layer]].1
    }

    /// A layer's multiplier as configured.
    pub(super) fn multiplier(&self, layer: usize) -> &Multiplier {
        &self.each[self.of[layer]].0
    }

    /// The number of the array that a layer runs on.
    pub(super) fn place(&self, layer: usize) -> usize {
        self.of[layer]
    }

    /// The array of layers without a multiplier of their own.
    pub(super) fn main(&self) -> &MacArray {
        &self.each[0].1
    }

    /// The arrays that some layer runs on.
    pub(super) fn used(&self) -> impl Iterator<Item = &MacArray> {
        let each = self.each.iter().enumerate();
        each.filter(|(at, _)| self.of.contains(at)).map(|(_, (_, array))| array)
    }

    /// The array that a layer runs on, for keeps.
    pub(super) fn into_array(mut self, layer: usize) -> MacArray {
        self.each.swap_remove(self.of[layer]).1
    }

    /// Whether some layer takes two's complement codes: those are symmetric, and then all are.
    pub(super) fn signed(&self) -> bool {
        self.used().any(|array| array.mac().multiplier().signature().signed)
    }
}

/// For each layer the multiplier of its own, if it has one, and its name as configured.
fn named<'c>(
    config: &'c config::Array,
    layers: &[Layer],
) -> Result<Vec<Option<(&'c str, &'c Multiplier)>>, RunError> {
    let field = "compute.array.layers";
    by_layer(layers, &config.layers).map_err(|fault| RunError::Misnamed { field, fault: Box::new(fault) })
}

/// Checks that a setup names layers which the network has, each once.
///
/// # Errors
/// [`RunError::Misnamed`].
pub fn names_layers(setup: &Setup, layers: &[Layer]) -> Result<(), RunError> {
    settings(&setup.workload, layers)?;
    if let Some(name) = split::configured(setup) {
        split::index(name, layers)?;
    }
    match &setup.platform.compute {
        Compute::Array(config) => named(config, layers).map(drop),
        Compute::Ideal => Ok(()),
    }
}

/// The settings of each layer, in the order of the network.
pub(super) fn settings(workload: &Workload, layers: &[Layer]) -> Result<Vec<LayerSettings>, RunError> {
    let wrong = |fault| RunError::Misnamed { field: "layers", fault: Box::new(fault) };
    let own = by_layer(layers, &workload.layers).map_err(wrong)?;
    Ok(own.into_iter().map(|own| own.map_or_else(LayerSettings::default, |(_, own)| own.clone())).collect())
}

/// What tells units of one array from those of another; tables have no id of their own.
fn identity(multiplier: &Multiplier, unit: &Mac) -> String {
    let energies = multiplier.energy_table();
    match multiplier {
        Multiplier::Id(_) | Multiplier::Design { .. } => format!("{} {energies:?}", unit.id()),
        Multiplier::Table { table, signed, .. } => format!("{} {signed:?} {energies:?}", table.display()),
    }
}
