//! What is done for setups that are evaluated at the same time: once what they share, and no more of them than memory holds.

use rayon::prelude::*;

use super::Evaluator;
use crate::config::Setup;
use crate::kernel::Histograms;
use crate::run::error::RunError;
use crate::run::parts::Parts;
use crate::run::prefix;
use crate::run::products::products;
use crate::workload::Layer;

/// Bytes that setups under way at the same time keep at most, beside what each thread computes.
const UNDER_WAY: usize = 256 << 20;

impl Evaluator<'_> {
    /// Calibrates, captures and lets layers choose what evaluating these setups needs, each once.
    ///
    /// Evaluating prepares by itself; but setups that are evaluated in parallel may then do the same work twice. Setups
    /// that were prepared also share what their networks' first layers compute, as far as those are the same.
    ///
    /// # Errors
    /// [`RunError`] of the first setup that cannot be built, else calibrated, else evaluated.
    pub fn prepare(&self, setups: &[&Setup]) -> Result<(), RunError> {
        let built: Vec<_> = setups.par_iter().map(|setup| self.build(setup)).collect();
        let built: Vec<Parts<'_>> = built.into_iter().collect::<Result<_, _>>()?;
        self.calibrate_all(&built)?;
        let prepare = |parts: &Parts<'_>| {
            let (quantized, _) = self.prepared(parts)?;
            let products = products(parts, &quantized)?;
            self.plan(parts, quantized, &products)?;
            self.prefixes.plan(&prefix::keys(parts, parts.network.layers().len()));
            Ok(())
        };
        built.iter().try_for_each(prepare)
    }

    /// Calibrates what setups need, each once, at the same time; of several faults the first setup's is told.
    fn calibrate_all(&self, built: &[Parts<'_>]) -> Result<(), RunError> {
        let mut distinct: Vec<&Parts<'_>> = vec![];
        for parts in built {
            let alike = |known: &&Parts<'_>| {
                known.setup.workload == parts.setup.workload && known.scheme() == parts.scheme()
            };
            if !distinct.iter().any(alike) {
                distinct.push(parts);
            }
        }
        // Most share what they observe.
        distinct.iter().try_for_each(|parts| self.observed(parts).map(drop))?;
        let all: Vec<_> = distinct.par_iter().map(|parts| self.quantized(parts)).collect();
        all.into_iter().try_for_each(|one| one.map(drop))
    }

    /// Of so many setups how many in a row one thread should evaluate, so that those under way at the same time fit in memory.
    ///
    /// A setup keeps weights and counts of codes by itself; one of a large network has batches enough for all threads.
    pub fn in_a_row(&self, setups: usize) -> usize {
        let bytes = |layer: &Layer| layer.geometry.weights() + Histograms::bytes(&layer.geometry);
        let own = self.task.network.layers().iter().map(bytes).sum();
        in_a_row(own, setups, rayon::current_num_threads())
    }
}

/// The same where each setup keeps so many bytes and there are so many threads.
fn in_a_row(own: usize, setups: usize, threads: usize) -> usize {
    let abreast = (UNDER_WAY / own.max(1)).max(1);
    if abreast < threads { setups.div_ceil(abreast).max(1) } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_setups_are_under_way_than_memory_holds() {
        for (own, abreast) in [(60 << 20, 4), (100 << 20, 2), (300 << 20, 1)] {
            for setups in [1usize, 2, 3, 7, 12, 1000] {
                let parts = setups.div_ceil(in_a_row(own, setups, 64));
                assert!(parts <= abreast, "{setups} of {own} bytes: {parts}");
                assert!(parts >= abreast.min(setups).div_ceil(2), "{setups} of {own} bytes: {parts}");
            }
        }
        assert_eq!(in_a_row(60 << 20, 12, 2), 1, "memory holds what two threads evaluate");
        assert_eq!(in_a_row(1, 1000, 64), 1, "and small ones on any number of threads");
    }
}
