//! Operand pairs and what a design's gates make of them, hundreds at once.

use crate::arith::Design;
use crate::bits;
use crate::rng::Stream;

/// Pairs that the gates see side by side.
const LANES: u64 = 512;
/// Pairs drawn for a design too wide for all.
pub(in crate::arith) const SAMPLES: u64 = 1 << 20;

/// Hands every pair of operand codes, or 2^20 seeded uniform ones, to `each` together with the decoded result.
pub(in crate::arith) fn walk(design: &dyn Design, all: bool, mut each: impl FnMut((u64, u64), i64)) {
    let (signature, netlist, width) = (design.signature(), design.netlist(), design.width_out());
    let mut stream = Stream::new(1, "arith.characterize", 0);
    let count = if all { 1u64 << signature.operand_bits() } else { SAMPLES };
    for block in (0..count).step_by(LANES as usize) {
        let pair = |at: u64| match all {
            true => (at >> signature.width_b, at & bits::mask(signature.width_b)),
            false => (stream.below(1 << signature.width_a), stream.below(1 << signature.width_b)),
        };
        let codes: Vec<(u64, u64)> = (block..count.min(block + LANES)).map(pair).collect();
        for (pair, code) in codes.iter().zip(netlist.eval_pairs(&codes)) {
            each(*pair, bits::decode(code, width, signature.signed));
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
