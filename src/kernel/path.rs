//! Which way to sum the products of a contraction.

use std::ops::Range;

use super::looked_up::LookedUp;
use super::{Geometry, Operands, Products};

/// A way to sum the products of a contraction, prepared for its weights.
pub(super) trait Path {
    /// Adds the sums of some neighbouring samples to what is there; products of the padding are among them.
    ///
    /// Samples come as [`super::field::chunks`] divides a batch.
    fn add(&mut self, samples: Range<usize>, output: &mut [i32]);
}

/// Two ways whose sums belong together.
pub(super) struct Both<A, B>(pub(super) A, pub(super) B);

impl<A: Path, B: Path> Path for Both<A, B> {
    fn add(&mut self, samples: Range<usize>, output: &mut [i32]) {
        self.0.add(samples.clone(), output);
        self.1.add(samples, output);
    }
}

/// The fastest one for the table and the operands at hand.
pub(super) fn fastest<'a>(
    geometry: &'a Geometry,
    operands: &'a Operands<'a>,
    products: &'a Products,
) -> Box<dyn Path + 'a> {
    #[cfg(target_arch = "x86_64")]
    if let Some(path) = in_registers(geometry, operands, products) {
        return path;
    }
    Box::new(LookedUp::new(geometry, operands, products.filters(geometry, operands)))
}

#[cfg(target_arch = "x86_64")]
fn in_registers<'a>(
    geometry: &'a Geometry,
    operands: &'a Operands<'a>,
    products: &'a Products,
) -> Option<Box<dyn Path + 'a>> {
    use super::factored::{self, Factored};
    use super::nibbles::FourBits;
    if let Some(nibbles) = products.nibbles.as_ref().filter(|nibbles| nibbles.pays(geometry, operands)) {
        return Some(Box::new(FourBits::new(geometry, operands, nibbles)));
    }
    let covered = |factors: &&super::factors::Factors| {
        factored::pays(geometry, factors)
            && factors.cover(operands.weights, operands.input)
            && factors.cover(&[], &[operands.pad])
    };
    if let Some(factors) = products.factors.as_ref().filter(covered) {
        return Some(Box::new(Factored::new(geometry, operands, factors)));
    }
    if let Some(residual) = products.residual.as_ref().filter(|residual| residual.pays(geometry, operands)) {
        return Some(residual.path(geometry, operands));
    }
    let filters = products.planes.as_ref()?.filters(geometry, operands)?;
    Some(Box::new(LookedUp::new(geometry, operands, filters)))
}
