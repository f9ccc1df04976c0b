//! Operand pairs and what a design's gates make of them, many at once.

use crate::arith::Design;
use crate::bits;
use crate::netlist::program::{LANES, Lane, Program, WORDS};
use crate::netlist::{pack, unpack};
use crate::rng::Stream;

/// Pairs drawn for a design too wide for all.
pub(in crate::arith) const SAMPLES: u64 = 1 << 20;

/// Hands every pair of operand codes, or 2^20 seeded uniform ones, to `each` together with the decoded result.
pub(in crate::arith) fn walk(design: &dyn Design, all: bool, mut each: impl FnMut((u64, u64), i64)) {
    let (signature, width) = (design.signature(), design.width_out());
    let program = Program::new(&design.netlist(), u64::MAX, false);
    let mut slots = program.start(|_| [0; WORDS]);
    let mut stream = Stream::new(1, "arith.characterize", 0);
    let count = if all { 1u64 << signature.operand_bits() } else { SAMPLES };
    for block in (0..count).step_by(LANES as usize) {
        let pair = |at: u64| match all {
            true => (at >> signature.width_b, at & bits::mask(signature.width_b)),
            false => (stream.below(1 << signature.width_a), stream.below(1 << signature.width_b)),
        };
        let (of_a, of_b): (Vec<u64>, Vec<u64>) = (block..count.min(block + LANES)).map(pair).unzip();
        let inputs =
            [pack(&of_a, signature.width_a as usize), pack(&of_b, signature.width_b as usize)].concat();
        program.evaluate(&mut slots, |bit| inputs[bit]);
        let outputs: Vec<Lane> = program.outputs().iter().map(|&slot| slots[slot].0).collect();
        for (pair, code) in of_a.into_iter().zip(of_b).zip(unpack(&outputs, LANES as usize)) {
            each(pair, bits::decode(code, width, signature.signed));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::design;

    #[test]
    fn gates_are_sampled_as_their_function_is() {
        for (id, all) in [("mul16s_drum_k4", false), ("add20u_loa_k8", false), ("mul6u_mitchell", true)] {
            let design = design(id).unwrap();
            let signature = design.signature();
            let mut count = 0;
            walk(&*design, all, |(a, b), result| {
                count += 1;
                if all || count % 251 == 0 {
                    assert_eq!(
                        result,
                        design.eval(signature.value_a(a), signature.value_b(b)),
                        "{id}: {a}, {b}"
                    );
                }
            });
            assert_eq!(count, if all { 1 << signature.operand_bits() } else { SAMPLES }, "{id}");
        }
    }
}
