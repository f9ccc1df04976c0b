//! Exact adders: a chain of full adders, and Kogge and Stone's prefix tree.

use crate::netlist::{Builder, Bus, Net};

/// Sum bits and the carry out, from a chain of full adders.
pub(super) fn ripple(build: &mut Builder, a: &[Net], b: &[Net], carry: Option<Net>) -> Bus {
    let mut carry = carry.unwrap_or_else(|| build.constant(false));
    let mut sums = Bus::new();
    for (&a, &b) in a.iter().zip(b) {
        let (sum, next) = build.full_adder(a, b, carry);
        sums.push(sum);
        carry = next;
    }
    sums.push(carry);
    sums
}

/// Sum bits and the carry out, the carries from a prefix tree of fan-out two.
pub(super) fn kogge_stone(build: &mut Builder, a: &[Net], b: &[Net], carry: Option<Net>) -> Bus {
    let halves: Vec<(Net, Net)> = a.iter().zip(b).map(|(&a, &b)| build.half_adder(a, b)).collect();
    let (propagate, mut generate): (Bus, Bus) = halves.iter().copied().unzip();
    if let (Some(carry), Some(&first)) = (carry, propagate.first()) {
        let through = build.and(first, carry);
        generate[0] = build.or(generate[0], through);
    }
    carries(build, &propagate, &mut generate);
    let mut carry = carry.unwrap_or_else(|| build.constant(false));
    let mut sums = Bus::new();
    for (&propagate, &generate) in propagate.iter().zip(&generate) {
        sums.push(build.xor(propagate, carry));
        carry = generate;
    }
    sums.push(carry);
    sums
}

/// Turns what each position generates into what leaves it: the carries.
fn carries(build: &mut Builder, propagate: &[Net], generate: &mut Bus) {
    let mut group = propagate.to_vec();
    let mut step = 1;
    while step < group.len() {
        let (last_generate, last_group) = (generate.clone(), group.clone());
        for bit in step..last_group.len() {
            let through = build.and(last_group[bit], last_generate[bit - step]);
            generate[bit] = build.or(last_generate[bit], through);
            group[bit] = build.and(last_group[bit], last_group[bit - step]);
        }
        step *= 2;
    }
}
