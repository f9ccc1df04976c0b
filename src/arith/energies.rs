//! The energy of an operation by its operands, from the gates of a design.

use super::Design;
use crate::netlist::{Netlist, Timed, pack};
use crate::rng::Stream;
use crate::table::{Energies, Signature};
use crate::tech::CellLibrary;

/// Operand pairs before a pair, a lane each.
const BEFORE: usize = 64;
/// Operand pairs that are simulated side by side.
const WORDS: usize = 8;

/// A design whose energies are not tabulated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{id}` has operands of {a} and {b} bits; energies are tabulated for two operands of one width, at most 8 bits"
)]
pub struct NoEnergies {
    id: String,
    a: u32,
    b: u32,
}

/// Mean switching energy of an operation for each pair of operands, glitches included.
///
/// The mean is over the operands before: over all pairs where those are at most 64, else over 64 that are drawn anew for each
/// pair, so that single energies scatter by some percent and sums of many do not. Gates are mapped, delayed and priced
/// as [`super::characterize()`] does.
///
/// # Randomness
/// Stream `arith.energies`.
///
/// # Errors
/// [`NoEnergies`].
///
/// ```
/// use axsim::{arith, tech::CellLibrary};
/// let design = arith::design("mul4u_exact").unwrap();
/// let energies = arith::energies(&*design, &CellLibrary::nangate45()).unwrap();
/// assert!(energies.of(15, 15) > energies.of(0, 0));
/// ```
pub fn energies(design: &dyn Design, library: &CellLibrary) -> Result<Energies, NoEnergies> {
    let Signature { width_a, width_b, .. } = design.signature();
    if width_a != width_b || width_a > 8 {
        return Err(NoEnergies { id: design.id(), a: width_a, b: width_b });
    }
    let netlist = library.map(&design.netlist());
    let (delays, each) = (library.delays(&netlist), of_transitions(&netlist, library));
    let mut timed = Timed::<WORDS>::new(&netlist, &delays);
    let mut stream = Stream::new(1, "arith.energies", 0);
    let pairs: Vec<u64> = (0..1 << (2 * width_a)).collect();
    let mut found = vec![];
    for chunk in pairs.chunks(WORDS) {
        let before = |lane: usize| match pairs.len() {
            few @ ..=BEFORE => (lane % few) as u64,
            many => stream.below(many as u64),
        };
        timed.step(&lanes((0..BEFORE * WORDS).map(before), width_a));
        let then = timed.toggles().to_vec();
        timed.step(&lanes((0..BEFORE * WORDS).map(|lane| chunk[lane / BEFORE % chunk.len()]), width_a));
        let since = |word: usize| {
            let counts = timed.toggles().iter().zip(&then).map(move |(now, then)| now[word] - then[word]);
            counts.zip(&each).map(|(count, each)| count as f64 * each).sum::<f64>() / BEFORE as f64
        };
        found.extend((0..chunk.len()).map(since));
    }
    Ok(Energies::new(width_a, found))
}

/// Energy of a transition of each net, in femtojoules.
fn of_transitions(netlist: &Netlist, library: &CellLibrary) -> Vec<f64> {
    let count = netlist.cells().len();
    let one = |net: usize| {
        let toggles: Vec<u64> = (0..count).map(|at| u64::from(at == net)).collect();
        library.switching_energy(netlist, &toggles).0 * 1e15
    };
    (0..count).map(one).collect()
}

/// The input bits of operand pairs, a lane each.
fn lanes(pairs: impl Iterator<Item = u64>, width: u32) -> Vec<[u64; WORDS]> {
    let (a, b): (Vec<u64>, Vec<u64>) = pairs.map(|pair| (pair >> width, pair & ((1 << width) - 1))).unzip();
    [a, b].iter().flat_map(|codes| pack::<WORDS>(codes, width as usize)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::design;

    /// One pair after one other, on its own; then the mean over all others.
    #[test]
    fn an_energy_is_the_mean_over_all_operands_before() {
        let library = CellLibrary::nangate45().wired();
        for id in ["mul2u_exact", "mul3s_bw", "mul3u_trunc_t2"] {
            let design = design(id).unwrap();
            let width = design.signature().width_a;
            let found = energies(&*design, &library).unwrap();
            let netlist = library.map(&design.netlist());
            let delays = library.delays(&netlist);
            let pairs = 1u64 << (2 * width);
            let bits = |pair: u64| {
                let bits = (0..width).map(move |bit| pair >> (width + bit) & 1);
                bits.chain((0..width).map(move |bit| pair >> bit & 1)).map(|bit| [bit]).collect::<Vec<_>>()
            };
            for pair in 0..pairs {
                let energy = |before: u64| {
                    let mut timed = Timed::<1>::new(&netlist, &delays);
                    timed.step(&bits(before));
                    timed.step(&bits(pair));
                    library.switching_energy(&netlist, &timed.total_toggles()).0
                };
                let mean = (0..pairs).map(energy).sum::<f64>() / pairs as f64;
                let signature = design.signature();
                let (a, b) = (signature.value_a(pair >> width), signature.value_b(pair & ((1 << width) - 1)));
                assert!((found.of(a, b).0 - mean).abs() < 1e-6 * mean, "{id}: {a} {b}");
            }
        }
    }

    #[test]
    fn designs_that_no_table_holds_are_refused() {
        for (id, widths) in [("mul9u_exact", "9 and 9 bits"), ("mul8x4u_exact", "8 and 4 bits")] {
            let error = energies(&*design(id).unwrap(), &CellLibrary::nangate45()).unwrap_err().to_string();
            assert!(error.contains(widths) && error.contains("at most 8 bits"), "{error}");
        }
    }
}
