//! The arrays that the layers of a network run on: one, and one more for every other multiplier that a layer has.

use super::error::RunError;
use crate::arith::mac::Mac;
use crate::config::platform::{self as config, Multiplier};
use crate::platform::compute::array::{MacArray, OpenTable, unit};
use crate::tech::CellLibrary;
use crate::workload::{Layer, layer};

/// The arrays of a setup.
pub(super) struct Arrays {
    /// Of distinct multipliers, each as configured; the first is that of layers without one of their own.
    each: Vec<(Multiplier, MacArray)>,
    /// Which of them each layer runs on.
    of: Vec<usize>,
}

impl Arrays {
    /// Builds what a configuration asks for; `bits` is the width of an `exact` multiplier.
    pub(super) fn build(
        config: &config::Array,
        bits: u32,
        layers: &[Layer],
        (library, open): (&CellLibrary, &OpenTable<'_>),
    ) -> Result<Self, RunError> {
        let main = unit(config, bits, open)?;
        let mut known = vec![identity(&config.multiplier, &main)];
        let mut each = vec![(config.multiplier.clone(), MacArray::new(config, main, library)?)];
        let mut of = vec![0; layers.len()];
        let mut named: Vec<Option<&str>> = vec![None; layers.len()];
        for (name, multiplier) in &config.layers {
            let index = layer(layers, name)
                .map_err(|fault| RunError::NoLayer { name: name.clone(), fault: Box::new(fault) })?;
            if let Some(other) = named[index].replace(name) {
                return Err(RunError::LayerTwice { name: name.clone(), other: other.into() });
            }
            let wrong = |fault| RunError::Layer { name: name.clone(), fault };
            let config = config::Array { multiplier: multiplier.clone(), ..config.clone() };
            let unit = unit(&config, bits, open).map_err(wrong)?;
            let identity = identity(multiplier, &unit);
            of[index] = match known.iter().position(|known| *known == identity) {
                Some(at) => at,
                None => {
                    let array = MacArray::new(&config, unit, library).map_err(wrong)?;
                    each.push((config.multiplier, array));
                    known.push(identity);
                    known.len() - 1
                }
            };
        }
        Ok(Self { each, of })
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

/// What tells units of one array from those of another; tables have no id of their own.
fn identity(multiplier: &Multiplier, unit: &Mac) -> String {
    match multiplier {
        Multiplier::Id(_) => unit.id().into(),
        Multiplier::Table { table, signed } => format!("{} {signed:?}", table.display()),
    }
}
