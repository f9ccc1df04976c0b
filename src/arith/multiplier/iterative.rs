//! Multipliers that round operands to powers of two: what is left over is multiplied again, or dropped.
//!
//! # Sources
//! Z. Babić, A. Avramović, P. Bulić, An iterative logarithmic multiplier, Microprocessors and Microsystems 2011;
//! R. Zendegani, M. Kamal, M. Bahadori, A. Afzali-Kusha, M. Pedram, RoBA multiplier, IEEE TVLSI 2017;
//! M. S. Ansari, B. F. Cockburn, J. Han, An improved logarithmic multiplier for energy-efficient neural computing,
//! IEEE Transactions on Computers 2021.

use super::logarithm::{any, leading_one};
use super::{Core, reduce};
use crate::arith::Widths;
use crate::arith::adder::FAST;
use crate::bits;
use crate::netlist::{Builder, Bus, Net};

/// ILM: a·b less the product of what is below the leading ones, that product approximated so as often as asked.
#[derive(Debug)]
pub struct Iterative {
    /// Corrections after the first approximation.
    pub corrections: u32,
}

/// A·b + B·a − A·B, where A and B are the operands rounded to the nearest power of two, ties up.
#[derive(Debug)]
pub struct Nearest {
    /// Whether 3 goes down to 2, as in RoBA.
    pub three_down: bool,
}

impl Core for Iterative {
    fn apply(&self, _: Widths, a: u64, b: u64) -> u64 {
        let residue = |x: u64| bits::leading_one(x).map_or(0, |lead| x & !(1 << lead));
        let mut rest = (a, b);
        for _ in 0..=self.corrections {
            rest = (residue(rest.0), residue(rest.1));
            if rest.0 == 0 || rest.1 == 0 {
                return a * b;
            }
        }
        a * b - rest.0 * rest.1
    }

    /// Each round adds b·2^ka and (a − 2^ka)·2^kb.
    fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        let mut columns = vec![Bus::new(); a.len() + b.len()];
        let (mut a, mut b) = (a.to_vec(), b.to_vec());
        for _ in 0..=self.corrections {
            let (hot_a, _) = leading_one(build, &a);
            let (hot_b, _) = leading_one(build, &b);
            let rest_a = without(build, &a, &hot_a);
            add_shifted(build, &mut columns, &b, &hot_a);
            add_shifted(build, &mut columns, &rest_a, &hot_b);
            (b, a) = (without(build, &b, &hot_b), rest_a);
        }
        reduce::sum_columns(build, columns, FAST)
    }
}

fn without(build: &mut Builder, x: &[Net], hot: &[Net]) -> Bus {
    x.iter().zip(hot).map(|(&bit, &hot)| build.xor(bit, hot)).collect()
}

/// Adds x·2^k to the columns, k one-hot.
fn add_shifted(build: &mut Builder, columns: &mut [Bus], x: &[Net], hot: &[Net]) {
    for (place, column) in columns.iter_mut().enumerate() {
        let term = |(shift, &hot): (usize, &Net)| Some((hot, *x.get(place.checked_sub(shift)?)?));
        column.push(any(build, hot.iter().enumerate().filter_map(term).collect()));
    }
}

impl Nearest {
    fn rounded(&self, x: u64) -> u64 {
        match bits::leading_one(x) {
            None => 0,
            Some(1) if self.three_down => 2,
            Some(lead) => 1 << if lead > 0 && x >> (lead - 1) & 1 == 1 { lead + 1 } else { lead },
        }
    }

    /// The rounded operand, one-hot, one bit wider.
    fn rounded_gates(&self, build: &mut Builder, x: &[Net]) -> Bus {
        let (hot, _) = leading_one(build, x);
        let zero = build.constant(false);
        let mut from_below = zero;
        let mut rounded = Bus::new();
        for (lead, &hot) in hot.iter().enumerate() {
            let fixed = lead == 0 || (lead == 1 && self.three_down);
            let up = if fixed { zero } else { build.and(hot, x[lead - 1]) };
            let down = build.not(up);
            let stays = build.and(hot, down);
            rounded.push(build.or(stays, from_below));
            from_below = up;
        }
        rounded.push(from_below);
        rounded
    }
}

impl Core for Nearest {
    fn apply(&self, _: Widths, a: u64, b: u64) -> u64 {
        let [power_a, power_b] = [a, b].map(|x| u128::from(self.rounded(x)));
        (power_a * u128::from(b) + power_b * u128::from(a) - power_a * power_b) as u64
    }

    fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        let mut columns = vec![Bus::new(); a.len() + b.len()];
        let (power_a, power_b) = (self.rounded_gates(build, a), self.rounded_gates(build, b));
        add_shifted(build, &mut columns, b, &power_a);
        add_shifted(build, &mut columns, a, &power_b);
        let mut powers = vec![Bus::new(); columns.len()];
        add_shifted(build, &mut powers, &power_b, &power_a);
        // Subtracted as complement and one.
        for (column, power) in columns.iter_mut().zip(powers) {
            column.push(build.not(power[0]));
        }
        columns[0].push(build.constant(true));
        reduce::sum_columns(build, columns, FAST)
    }
}
