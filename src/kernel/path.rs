//! Which way to sum the products of a contraction.

use std::ops::Range;

use super::half::Half;
use super::looked_up::LookedUp;
use super::{Geometry, Operands, Products};

/// A way to sum the products of a contraction, prepared for its weights.
pub(super) trait Path {
    /// Adds the sums of some neighbouring samples to what is there; products of the padding are among them.
    ///
    /// Where outputs have not `begun`, what they hold has no meaning, and all are written.
    ///
    /// Samples come as [`super::field::chunks`] divides a batch.
    fn add(&mut self, samples: Range<usize>, output: &mut [i32], begun: bool);
}

/// Two ways whose sums belong together.
pub(super) struct Both<A, B>(pub(super) A, pub(super) B);

impl<A: Path, B: Path> Path for Both<A, B> {
    fn add(&mut self, samples: Range<usize>, output: &mut [i32], begun: bool) {
        self.0.add(samples.clone(), output, begun);
        self.1.add(samples, output, true);
    }
}

/// The cheapest one for the table and the operands at hand.
pub(super) fn fastest<'a>(
    geometry: &'a Geometry,
    operands: &'a Operands<'a>,
    products: &'a Products,
) -> Box<dyn Path + 'a> {
    #[cfg(target_arch = "x86_64")]
    if let Some(path) = in_registers(geometry, operands, products) {
        return path;
    }
    let level = products.level;
    match &products.plan.straight {
        Some(straight) => Box::new(LookedUp::new(geometry, operands, Half::Both, straight.filter(), level)),
        None => Box::new(LookedUp::new(geometry, operands, Half::Both, products.filter(), level)),
    }
}

#[cfg(target_arch = "x86_64")]
fn in_registers<'a>(
    geometry: &'a Geometry,
    operands: &'a Operands<'a>,
    products: &'a Products,
) -> Option<Box<dyn Path + 'a>> {
    use super::avx512::Together;
    use super::cost::{Use, Way};
    use super::factored::Factored;
    use super::nibbles::FourBits;
    let (plan, level) = (&*products.plan, products.level);
    let asked = Use::of(geometry, operands, level);
    Some(match plan.cheapest(&asked) {
        Way::FourBits => Box::new(FourBits::new(geometry, operands, plan.nibbles.as_ref()?, level)),
        Way::Terms => Box::new(Factored::new(geometry, operands, plan.factors.as_ref()?, level)),
        Way::Line => plan.residual.as_ref()?.path(geometry, operands, &asked),
        Way::Bytes => {
            let filter = plan.planes.as_ref()?.filter(Together::Sum);
            Box::new(LookedUp::new(geometry, operands, asked.half(), filter, level))
        }
        Way::Memory => return None,
    })
}
