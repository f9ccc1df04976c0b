//! Judging a setup by its multipliers alone.

use std::sync::Arc;

use super::{Evaluator, hardware};
use crate::config::Setup;
use crate::run::error::RunError;
use crate::run::parts::Parts;
use crate::run::products::products;
use crate::run::screen::{Taken, Taker, Worst, worst};
use crate::workload::{Origin, Quantized, Scheme, Task};

impl Evaluator<'_> {
    /// The layer that the multipliers of a setup, recovered where that is asked for, put furthest off on average; none where
    /// they are exact.
    ///
    /// Codes are those of the setup's network with exact products on calibration samples, counted once for all setups with
    /// this network; what recovers layers was chosen on the codes that recovered layers before them make. Layers whose
    /// products no table holds (results come late, codes are raw, padding is multiplied, numbers have groups, weights are
    /// signs) are not seen, nor what an approximate accumulator adds.
    ///
    /// # Errors
    /// [`RunError`] of a setup that cannot be built.
    pub fn worst(&self, setup: &Setup) -> Result<Option<Worst>, RunError> {
        let parts = self.build(setup)?;
        let quantized = self.quantized(&parts)?;
        let taken = self.taken(&parts, &quantized)?;
        let products = products(&parts, &quantized)?;
        let plan = self.plan(&parts, quantized, &products)?;
        Ok(worst(&hardware(&parts, &products, &plan.layers, 0), &plan.network, &taken))
    }

    /// What calibration samples make layers take; of layers whose weights are computed the first samples, as those have
    /// weights of their own.
    fn taken(&self, parts: &Parts<'_>, quantized: &Quantized) -> Result<Arc<Vec<Option<Taken>>>, RunError> {
        let key = (&parts.setup.workload, parts.scheme() == Scheme::Affine);
        self.taken.get(&key, || {
            let layers = quantized.layers().len();
            let [stored, computed] =
                [Origin::Stored, Origin::Computed].map(|origin| Taker::new(origin, layers));
            let set = &self.task.calibration;
            let samples = parts.setup.workload.quantize.calibrates_on(set.len());
            let run = |taker: &Taker, range: std::ops::Range<usize>| {
                let batch = Task::preprocess(&parts.setup.workload, &set.reals(range.clone()));
                Ok(quantized.run(taker, &batch, range.start).map(drop)?)
            };
            self.batches(samples, |range| run(&stored, range))?;
            if quantized.layers().iter().any(|layer| layer.weights == Origin::Computed) {
                run(&computed, 0..self.first_batch(samples))?;
            }
            let both = stored.into_taken().into_iter().zip(computed.into_taken());
            Ok(both.map(|(stored, computed)| stored.or(computed)).collect())
        })
    }
}
