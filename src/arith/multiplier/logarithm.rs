//! Gates between numbers and their binary logarithms with linear mantissas: log2(2^k (1 + x)) is taken as k + x.

use crate::arith::zero_extended;
use crate::netlist::{Builder, Bus, Net};

/// The position of the leading one, one-hot, and whether there is one.
pub(super) fn leading_one(build: &mut Builder, x: &[Net]) -> (Bus, Net) {
    let mut above = build.constant(false);
    let mut hot = Bus::new();
    for &bit in x.iter().rev() {
        let none = build.not(above);
        hot.push(build.and(bit, none));
        above = build.or(above, bit);
    }
    hot.reverse();
    (hot, above)
}

/// Logarithms of both operands, with as many mantissa bits as the wider one asks for.
pub(super) fn logarithms(build: &mut Builder, operands: [&[Net]; 2]) -> [(Bus, Net); 2] {
    let width = operands.map(<[Net]>::len).into_iter().max().unwrap_or(0) as u32;
    operands.map(|x| {
        let x = zero_extended(build, x, width);
        logarithm(build, &x)
    })
}

/// Mantissa (one bit less than the operand) below the characteristic, and whether the operand is not 0.
fn logarithm(build: &mut Builder, x: &[Net]) -> (Bus, Net) {
    let (hot, some) = leading_one(build, x);
    let fraction = x.len() - 1;
    let mut log = Bus::new();
    for bit in 0..fraction {
        // A leading one at `at` moves bit b of the rest to b + fraction − at.
        let terms =
            (0..x.len()).filter_map(|at| (bit + at).checked_sub(fraction).map(|from| (hot[at], x[from])));
        log.push(any(build, terms.collect()));
    }
    let digits = usize::BITS - fraction.leading_zeros();
    for digit in 0..digits.max(1) {
        let one = build.constant(true);
        let terms = (0..x.len()).filter(|at| at >> digit & 1 == 1).map(|at| (hot[at], one));
        log.push(any(build, terms.collect()));
    }
    (log, some)
}

/// `digits` of which `fraction` stand behind the point, shifted up by the characteristic; `width` bits, floor, and 0
/// where there is no logarithm.
pub(super) fn antilogarithm(
    build: &mut Builder,
    (digits, fraction): (&[Net], usize),
    characteristic: &[Net],
    some: Net,
    width: usize,
) -> Bus {
    let values = width.min(1 << characteristic.len());
    let hot: Bus = (0..values).map(|value| equals(build, characteristic, value, some)).collect();
    let term = |bit: usize, value: usize| {
        let from = (bit + fraction).checked_sub(value)?;
        digits.get(from).map(|&digit| (hot[value], digit))
    };
    (0..width).map(|bit| any(build, (0..values).filter_map(|value| term(bit, value)).collect())).collect()
}

/// Whether both nets of any pair are 1.
pub(super) fn any(build: &mut Builder, terms: Vec<(Net, Net)>) -> Net {
    let zero = build.constant(false);
    terms.into_iter().fold(zero, |any, (a, b)| {
        let both = build.and(a, b);
        build.or(any, both)
    })
}

fn equals(build: &mut Builder, bus: &[Net], value: usize, some: Net) -> Net {
    bus.iter().enumerate().fold(some, |all, (bit, &net)| {
        let wanted = if value >> bit & 1 == 1 { net } else { build.not(net) };
        build.and(all, wanted)
    })
}
