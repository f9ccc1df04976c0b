//! Multipliers whose rows are joined in pairs without carries, part of the error added back: CPER and LPSA.
//!
//! # Sources
//! C. Liu, J. Han, F. Lombardi, A low-power, high-performance approximate multiplier with configurable partial error
//! recovery, DATE 2014; H. Baba, T. Yang, M. Inoue, K. Tajima, T. Ukezono, T. Sato, A low-power and small-area multiplier
//! for accuracy-scalable approximate computing, ISVLSI 2018.

use super::Core;
use crate::arith::Widths;
use crate::arith::adder::{FAST, Scheme};
use crate::bits;
use crate::netlist::{Builder, Bus, Net};

/// How two rows become one.
#[derive(Debug, Clone, Copy)]
pub enum Joined {
    /// p ^ q, or a carry from the bit below; where both are, one is lost.
    Carried,
    /// p | q; where both are, one is lost.
    Or,
}

/// Rows a·b_j joined pair by pair until one is left; the losses of each column, or-ed, are added back from a column on.
#[derive(Debug)]
pub struct Paired {
    /// How two rows become one.
    pub joined: Joined,
    /// The columns whose losses are added back: from this one on, counted from below or from above.
    pub recovered: Recovered,
}

/// Which columns' losses are added back.
#[derive(Debug, Clone, Copy)]
pub enum Recovered {
    /// The top columns, this many.
    Top(u32),
    /// All from this column on.
    From(u32),
}

impl Paired {
    fn first_recovered(&self, widths: Widths) -> u32 {
        match self.recovered {
            Recovered::Top(columns) => widths.sum() - columns,
            Recovered::From(column) => column,
        }
    }
}

impl Core for Paired {
    fn apply(&self, widths: Widths, a: u64, b: u64) -> u64 {
        let mut rows: Vec<u64> = (0..widths.b).map(|j| ((b >> j & 1) * a) << j).collect();
        let mut lost = 0;
        while rows.len() > 1 {
            let join = |pair: &[u64]| {
                let [p, q] = *pair else { return pair[0] };
                let (row, other) = match self.joined {
                    Joined::Carried => (p ^ q, (p & q) << 1),
                    Joined::Or => (p, q),
                };
                lost |= row & other;
                row | other
            };
            rows = rows.chunks(2).map(join).collect();
        }
        let first = self.first_recovered(widths);
        let kept = if first >= 64 { 0 } else { lost >> first << first };
        rows[0].wrapping_add(kept) & bits::mask(widths.sum())
    }

    fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        let (zero, width) = (build.constant(false), a.len() + b.len());
        let row = |build: &mut Builder, (j, &b): (usize, &Net)| {
            let bit = |at: usize| at.checked_sub(j).and_then(|at| a.get(at)).copied();
            (0..width).map(|at| bit(at).map_or(zero, |a| build.and(a, b))).collect::<Bus>()
        };
        let mut rows: Vec<Bus> = b.iter().enumerate().map(|row_of| row(build, row_of)).collect();
        let mut lost = vec![zero; width];
        while rows.len() > 1 {
            rows = rows.chunks(2).map(|pair| self.join(build, pair, &mut lost)).collect();
        }
        let widths = Widths { a: a.len() as u32, b: b.len() as u32 };
        let first = (self.first_recovered(widths) as usize).min(width);
        lost[..first].fill(zero);
        let mut sum = Scheme::Exact(FAST).build(build, &rows[0], &lost);
        sum.truncate(width);
        sum
    }
}

impl Paired {
    fn join(&self, build: &mut Builder, pair: &[Bus], lost: &mut [Net]) -> Bus {
        let [p, q] = pair else { return pair[0].clone() };
        let mut below = build.constant(false);
        let bit = |(at, lost): (usize, &mut Net)| {
            let (one, other) = match self.joined {
                Joined::Or => (p[at], q[at]),
                Joined::Carried => {
                    let carry = std::mem::replace(&mut below, build.and(p[at], q[at]));
                    (build.xor(p[at], q[at]), carry)
                }
            };
            let both = build.and(one, other);
            *lost = build.or(*lost, both);
            build.or(one, other)
        };
        lost.iter_mut().enumerate().map(bit).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::arith::design;

    /// 3 · 3: rows 0011 and 0110 share bit 1. With or it is lost once; with carries it goes up and meets the 1 there.
    #[test]
    fn what_is_lost_is_given_back_where_it_is_asked_for() {
        for (id, product) in [
            ("mul2u_lpsa_t4", 7),
            ("mul2u_lpsa_t0", 9),
            ("mul2u_lpsa_t2", 7),
            ("mul2u_cper_r0", 5),
            ("mul2u_cper_r2", 9),
        ] {
            assert_eq!(design(id).unwrap().eval(3, 3), product, "{id}");
        }
    }
}
