//! Parallel prefix networks: carries as prefixes of an associative operation on (generate, propagate).

use crate::netlist::{Builder, Bus, Net};

/// Which prefixes are joined when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Fan-out two, least depth, most cells (Kogge and Stone 1973).
    KoggeStone,
    /// Least depth, fan-out that doubles (Sklansky 1960).
    Sklansky,
    /// Fewest cells, about twice the depth (Brent and Kung 1982).
    BrentKung,
    /// Kogge-Stone on every other bit (Han and Carlson 1987).
    HanCarlson,
    /// Sklansky on every other bit (Ladner and Fischer 1980).
    LadnerFischer,
    /// Least depth; in this many of the last levels 2, 4, … neighbours join the same lower prefix (Knowles 1999).
    Knowles(u32),
}

/// Bits whose prefix is joined with that of a lower bit, all at a time.
type Level = Vec<(usize, usize)>;

impl Network {
    fn levels(self, width: usize) -> Vec<Level> {
        let strides = || (0..).map(|level| 1usize << level).take_while(move |stride| *stride < width);
        match self {
            Network::KoggeStone => Network::Knowles(0).levels(width),
            Network::Knowles(shared) => {
                let levels = strides().count();
                // A joined prefix may overlap the bit's own: what both of them cover counts once.
                let shared =
                    |level: usize| 1 << (level + 1 + shared as usize).saturating_sub(levels).min(level);
                let lower = |bit: usize, stride: usize, shared: usize| (bit | (shared - 1)) - stride;
                let level = |(level, stride): (usize, usize)| {
                    (stride..width).map(|bit| (bit, lower(bit, stride, shared(level)))).collect()
                };
                strides().enumerate().map(level).collect()
            }
            Network::Sklansky => strides()
                .map(|stride| {
                    let joined = (0..width).filter(|bit| bit & stride != 0);
                    joined.map(|bit| (bit, (bit & !(stride - 1)) - 1)).collect()
                })
                .collect(),
            Network::BrentKung => {
                let up = strides().map(|stride| {
                    (2 * stride - 1..width).step_by(2 * stride).map(|bit| (bit, bit - stride)).collect()
                });
                let mut down: Vec<Level> = strides()
                    .map(|stride| {
                        (3 * stride - 1..width).step_by(2 * stride).map(|bit| (bit, bit - stride)).collect()
                    })
                    .collect();
                down.reverse();
                up.chain(down).collect()
            }
            Network::HanCarlson => every_other(Network::KoggeStone, width),
            Network::LadnerFischer => every_other(Network::Sklansky, width),
        }
    }
}

/// Pairs of bits first, a network on the upper ones, the lower ones from their neighbours at the end.
fn every_other(network: Network, width: usize) -> Vec<Level> {
    let first: Level = (1..width).step_by(2).map(|bit| (bit, bit - 1)).collect();
    let upper = |level: Level| level.into_iter().map(|(bit, lower)| (2 * bit + 1, 2 * lower + 1)).collect();
    let last: Level = (2..width).step_by(2).map(|bit| (bit, bit - 1)).collect();
    let inner = network.levels(width / 2).into_iter().map(upper);
    [first].into_iter().chain(inner).chain([last]).collect()
}

/// Sum bits and the carry out.
pub(super) fn build(build: &mut Builder, network: Network, [a, b]: [&[Net]; 2], carry: Option<Net>) -> Bus {
    let halves: Vec<(Net, Net)> = a.iter().zip(b).map(|(&a, &b)| build.half_adder(a, b)).collect();
    let (propagate, mut generate): (Bus, Bus) = halves.iter().copied().unzip();
    if let (Some(carry), Some(&first)) = (carry, propagate.first()) {
        let through = build.and(first, carry);
        generate[0] = build.or(generate[0], through);
    }
    carries(build, network, &propagate, &mut generate);
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
fn carries(build: &mut Builder, network: Network, propagate: &[Net], generate: &mut Bus) {
    let mut group = propagate.to_vec();
    for level in network.levels(propagate.len()) {
        let (last_generate, last_group) = (generate.clone(), group.clone());
        for (bit, lower) in level {
            let through = build.and(last_group[bit], last_generate[lower]);
            generate[bit] = build.or(last_generate[bit], through);
            group[bit] = build.and(last_group[bit], last_group[lower]);
        }
    }
}
