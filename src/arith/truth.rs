//! Gates of any small truth table.

use crate::bits;
use crate::netlist::{Builder, Net};

/// The function whose answer to the inputs is bit Σ inputs[i]·2^i of `table`; at most six inputs.
///
/// Split by the last input: equal halves need no gate, complementary ones an exclusive-or, others a multiplexer,
/// which the builder reduces where a half is constant.
pub(super) fn from_truth_table(build: &mut Builder, table: u64, inputs: &[Net]) -> Net {
    let Some((&select, rest)) = inputs.split_last() else { return build.constant(table & 1 == 1) };
    let half = 1 << rest.len();
    let (zero, one) = (table & bits::mask(half), table >> half & bits::mask(half));
    if one == zero {
        return from_truth_table(build, zero, rest);
    }
    if one == !zero & bits::mask(half) {
        let rest = from_truth_table(build, zero, rest);
        return build.xor(select, rest);
    }
    let (one, zero) = (from_truth_table(build, one, rest), from_truth_table(build, zero, rest));
    build.mux(select, one, zero)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_of_three_inputs_is_built() {
        for table in 0..256 {
            let mut build = Builder::new("truth");
            let inputs = build.input("x", 3);
            let y = from_truth_table(&mut build, table, &inputs);
            build.output("y", vec![y]);
            let netlist = build.finish();
            for x in 0..8 {
                assert_eq!(netlist.eval(&[x])[0], table >> x & 1, "{table:08b}, {x}");
            }
        }
    }
}
