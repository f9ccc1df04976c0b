//! Fixed faulty cells: every cell has a threshold in [0, 1) and fails while the failing share exceeds it.
//!
//! Thresholds belong to the place, so that fault sets are persistent and nested: whatever fails at a mild
//! setting fails at a harsher one. Visiting every cell would cost as much at a share of 10⁻⁹ as at 10⁻¹.
//! Instead the thresholds of a block of cells are drawn in ascending order (the order statistics of
//! independent uniform numbers) and drawing stops at the share: the cost is one draw a block plus one a fault.

use std::ops::Range;

use bitvec::prelude::*;

use crate::rng::{Stream, uniform_at};

/// Cells of a block whose thresholds are drawn together.
const BLOCK: u64 = 1024;

/// Calls `fault` with every failing cell of `cells` in a fixed order.
///
/// `share` is the probability that a cell fails; `device` seeds the thresholds. The set of cells depends on
/// `device` and `share` alone, never on the range asked for, and grows with `share`.
///
/// ```
/// use axsim::platform::memory::fault::failing;
/// let count = |share| { let mut n = 0; failing(1, share, 0..100_000, |_| n += 1); n };
/// assert_eq!(count(0.0), 0);
/// assert!(count(0.01) < count(0.02));
/// assert_eq!(count(1.0), 100_000);
/// ```
pub fn failing(device: u64, share: f64, cells: Range<u64>, mut fault: impl FnMut(u64)) {
    if share <= 0.0 || cells.is_empty() {
        return;
    }
    for block in cells.start / BLOCK..=(cells.end - 1) / BLOCK {
        in_block(device, share, block, |cell| {
            if cells.contains(&cell) {
                fault(cell);
            }
        });
    }
}

/// Visits the failing cells of a block in ascending order of their thresholds.
fn in_block(device: u64, share: f64, block: u64, mut fault: impl FnMut(u64)) {
    let mut taken = bitarr![0; BLOCK as usize];
    // Two draws a cell, and at least as many again for places already taken: blocks never share a counter.
    let mut counter = block << 32;
    let mut draw = || {
        counter += 1;
        uniform_at(device, counter)
    };
    let mut survival = 1.0;
    for left in (1..=BLOCK).rev() {
        // The least of `left` uniform numbers above the last threshold (inverse of its distribution).
        survival *= (1.0 - draw()).powf(1.0 / left as f64);
        if 1.0 - survival >= share {
            return;
        }
        let cell = loop {
            let cell = (draw() * BLOCK as f64) as usize;
            if !taken[cell] {
                break cell;
            }
        };
        taken.set(cell, true);
        fault(block * BLOCK + cell as u64);
    }
}

/// Inverts every failing bit of packed `codes` for which `flips` says so; returns how many changed.
///
/// `memory` names the stream of the device, so that two memories of one platform fail independently;
/// `flips(cell, stored bit)` decides what a failing cell does to what it stores.
pub(super) fn invert(
    memory: &str,
    place: super::Place,
    share: f64,
    codes: &mut [u8],
    flips: impl Fn(u64, bool) -> bool,
) -> u64 {
    let (first, bits) = (place.address * 8, u64::from(place.bits));
    if share <= 0.0 {
        return 0;
    }
    let device = Stream::new(place.map, memory, 0).word();
    let mut changed = 0;
    let cells = first..first + codes.len() as u64 * bits;
    // In memory a code takes its own bits only, here a byte.
    let stored = codes.view_bits_mut::<Lsb0>();
    failing(device, share, cells, |cell| {
        let at = ((cell - first) / bits * 8 + (cell - first) % bits) as usize;
        if flips(cell, stored[at]) {
            let inverted = !stored[at];
            stored.set(at, inverted);
            changed += 1;
        }
    });
    changed
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn cells(map: u64, share: f64, range: Range<u64>) -> BTreeSet<u64> {
        let mut set = BTreeSet::new();
        failing(map, share, range, |cell| assert!(set.insert(cell), "{cell} fails twice"));
        set
    }

    #[test]
    fn the_share_of_failing_cells_follows_the_law() {
        let n = 1u64 << 24;
        for share in [1e-5, 1e-3, 0.02, 0.3] {
            let count = cells(5, share, 0..n).len() as f64;
            let (mean, deviation) = (n as f64 * share, (n as f64 * share * (1.0 - share)).sqrt());
            assert!((count - mean).abs() < 4.0 * deviation, "{share}: {count} instead of {mean}");
        }
    }

    #[test]
    fn every_bit_position_fails_equally_often() {
        let mut positions = [0u64; 8];
        failing(9, 0.05, 0..1 << 22, |cell| positions[(cell % 8) as usize] += 1);
        let mean = (1 << 19) as f64 * 0.05;
        assert!(positions.iter().all(|&n| (n as f64 - mean).abs() < 5.0 * mean.sqrt()), "{positions:?}");
    }

    proptest::proptest! {
        #[test]
        fn fault_sets_are_nested_and_independent_of_the_range_asked_for(
            map in 0u64..1000, low in 0.0f64..0.2, more in 0.0f64..0.2, cut in 1u64..20_000,
        ) {
            let mild = cells(map, low, 0..20_000);
            proptest::prop_assert!(mild.is_subset(&cells(map, low + more, 0..20_000)));
            let halves = &cells(map, low, 0..cut) | &cells(map, low, cut..20_000);
            proptest::prop_assert_eq!(halves, mild);
        }
    }
}
