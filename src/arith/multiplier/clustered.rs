//! SDLC: the low columns of each pair of rows are or-ed, in fewer columns the more significant the pair.
//!
//! # Source
//! I. Qiqieh, R. Shafik, G. Tarawneh, D. Sokolov, A. Yakovlev, Energy-efficient approximate multiplier design using bit
//! significance-driven logic compression, DATE 2017.

use std::ops::Range;

use super::{Core, reduce};
use crate::arith::Widths;
use crate::arith::adder::FAST;
use crate::bits;
use crate::netlist::{Builder, Bus, Net};

/// Rows 2i and 2i + 1 or-ed in the columns that both have, but for the top i; all other dots are added exactly.
#[derive(Debug)]
pub struct Clustered;

/// The columns that pair `pair` is or-ed in.
fn cluster(width: u32, pair: u32) -> Range<u32> {
    2 * pair + 1..(width + pair).max(2 * pair + 1)
}

impl Core for Clustered {
    /// p | q is p + q less p & q.
    fn apply(&self, widths: Widths, a: u64, b: u64) -> u64 {
        let lost = |pair: u32| {
            let both = b >> (2 * pair) & 3 == 3;
            let Range { start, end } = cluster(widths.a, pair);
            let shared = (a << (2 * pair)) & (a << (2 * pair + 1)) & (bits::mask(end) & !bits::mask(start));
            if both { shared } else { 0 }
        };
        a * b - (0..widths.b / 2).map(lost).sum::<u64>()
    }

    fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        let mut columns = vec![Bus::new(); a.len() + b.len()];
        for (pair, rows) in b.chunks(2).enumerate() {
            let joined = cluster(a.len() as u32, pair as u32);
            let mut own = vec![Bus::new(); a.len() + b.len()];
            for (j, &b) in rows.iter().enumerate() {
                a.iter().enumerate().for_each(|(i, &a)| own[2 * pair + i + j].push(build.and(a, b)));
            }
            for (at, dots) in own.into_iter().enumerate() {
                match dots[..] {
                    [p, q] if joined.contains(&(at as u32)) => columns[at].push(build.or(p, q)),
                    _ => columns[at].extend(dots),
                }
            }
        }
        reduce::sum_columns(build, columns, FAST)
    }
}

#[cfg(test)]
mod tests {
    use crate::arith::design;

    /// 255 · 255 in the pairs' own terms: 255 and 510 or-ed in columns 1 to 7 are 255 + 256, and so on.
    #[test]
    fn clusters_shrink_with_significance() {
        let pairs = [765 - 254, (765 << 2) - 504, (765 << 4) - 992, (765 << 6) - 1920];
        assert_eq!(design("mul8u_sdlc").unwrap().eval(255, 255), pairs.iter().sum::<i64>());
    }
}
