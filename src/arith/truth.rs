//! Gates of any small truth table.

use crate::netlist::{Builder, Net};

/// The function whose answer to the inputs is entry `Σ inputs[i]·2^i` of `table`.
///
/// Split by the last input: equal halves need no gate, complementary ones an exclusive-or, others a multiplexer,
/// which the builder reduces where a half is constant.
///
/// # Panics
/// When the table has not two to the inputs entries.
pub(super) fn from_truth_table(build: &mut Builder, table: &[bool], inputs: &[Net]) -> Net {
    assert_eq!(table.len(), 1 << inputs.len(), "an entry for every combination of inputs");
    let Some((&select, rest)) = inputs.split_last() else { return build.constant(table[0]) };
    let (zero, one) = table.split_at(table.len() / 2);
    if one == zero {
        return from_truth_table(build, zero, rest);
    }
    if one.iter().zip(zero).all(|(one, zero)| one != zero) {
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
        for table in 0..256u64 {
            let mut build = Builder::new("truth");
            let inputs = build.input("x", 3);
            let entries: Vec<bool> = (0..8).map(|x| table >> x & 1 == 1).collect();
            let y = from_truth_table(&mut build, &entries, &inputs);
            build.output("y", vec![y]);
            let netlist = build.finish();
            for x in 0..8 {
                assert_eq!(netlist.eval(&[x])[0], table >> x & 1, "{table:08b}, {x}");
            }
        }
    }
}
