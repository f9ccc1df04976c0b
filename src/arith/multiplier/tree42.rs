//! Multipliers with 4:2 compressors in the reduction tree, approximate in the low columns.
//!
//! The tree: rows a·b_j in order of j in groups of four; in each column of a group one bit passes, two go through a
//! half adder, three through a full adder, four through a compressor (x1 to x4 in the order of the rows). A group
//! leaves a row of sums and a row of carries, in this order; this is repeated until two rows are left, which are
//! added exactly. Columns from `columns` on have exact compressors. A second carry goes to the next column of the same
//! group as a further bit.

use super::Core;
use crate::arith::Widths;
use crate::arith::adder::{Carries, Scheme};
use crate::arith::truth::from_truth_table;
use crate::bits;
use crate::netlist::{Builder, Bus, Net};

/// A 4:2 compressor by its truth tables: bit x1 + 2·x2 + 4·x3 + 8·x4 + 16·carry in of a mask is the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compressor {
    /// Sum, of weight 1.
    pub sum: u32,
    /// Carry, of weight 2.
    pub carry: u32,
    /// A second carry, which the compressor of the next column takes in; none, and nothing is taken in.
    pub out: Option<u32>,
}

/// The mask of a function of four bits and a carry in.
fn mask(answer: impl Fn([bool; 5]) -> bool) -> u32 {
    let row = |row: u32| answer(std::array::from_fn(|bit| row >> bit & 1 == 1));
    (0..32).map(|at| u32::from(row(at)) << at).sum()
}

impl Compressor {
    /// Without a carry in: masks of 16 rows.
    pub fn of_masks(sum: u16, carry: u16) -> Self {
        let wide = |mask: u16| u32::from(mask) << 16 | u32::from(mask);
        Self { sum: wide(sum), carry: wide(carry), out: None }
    }

    /// The first design of A. Momeni, J. Han, P. Montuschi, F. Lombardi (IEEE Transactions on Computers 2015), with a
    /// carry in and a second carry.
    pub fn momeni1() -> Self {
        Self {
            sum: mask(|[a, b, c, d, carry]| !carry & ((a == b) | (c == d))),
            carry: mask(|x| x[4]),
            out: Some(mask(|[a, b, c, d, _]| (a | b) & (c | d))),
        }
    }

    /// The second design of the same paper.
    pub fn momeni2() -> Self {
        Self {
            sum: mask(|[a, b, c, d, _]| (a == b) | (c == d)),
            carry: mask(|[a, b, c, d, _]| (a | b) & (c | d)),
            out: None,
        }
    }

    /// The number of ones, at most 3: wrong by −1 for four ones only.
    pub fn saturating() -> Self {
        let ones = |x: [bool; 5]| x[..4].iter().filter(|&&bit| bit).count().min(3);
        Self { sum: mask(|x| ones(x) & 1 == 1), carry: mask(|x| ones(x) & 2 == 2), out: None }
    }

    /// The carry of Momeni's second design, the sum of one pair of inputs alone (P. Yin and others, 2018).
    pub fn yin() -> Self {
        Self { sum: mask(|[_, _, c, d, _]| c == d), ..Self::momeni2() }
    }

    /// Two pairs apart, all four ones taken as 3 (S. Venkatachalam, S.-B. Ko, IEEE TVLSI 2017).
    pub fn venkatachalam() -> Self {
        Self {
            sum: mask(|[a, b, c, d, _]| a ^ b | c ^ d | a & b & c & d),
            carry: mask(|[a, b, c, d, _]| a & b | c & d),
            out: None,
        }
    }

    /// Sum x1 and carry x4: the approximate part of the first dual-quality compressor (O. Akbari and others, IEEE TVLSI
    /// 2017), which is wrong in 62.5 % of all cases.
    pub fn akbari1() -> Self {
        Self { sum: mask(|x| x[0]), carry: mask(|x| x[3]), out: None }
    }

    /// Sum x2 and carry x3 | x4 (V. Zanandrea and others), or with `constant` a sum of 1 and the carry x4.
    pub fn zanandrea(constant: bool) -> Self {
        Self { sum: mask(|x| constant || x[1]), carry: mask(|x| x[3] || !constant && x[2]), out: None }
    }

    /// Majorities (M. H. Moaiyeri and others), with a carry in and a second carry.
    pub fn moaiyeri() -> Self {
        let majority = |a: bool, b: bool, c: bool| a & b | c & (a | b);
        Self {
            sum: mask(|[a, b, c, d, carry]| majority(a, b, !majority(c, d, !carry))),
            carry: mask(|x| x[3]),
            out: Some(mask(|x| x[2])),
        }
    }
}

/// A multiplier whose columns below `columns` are reduced by approximate compressors.
#[derive(Debug)]
pub struct Tree42 {
    /// The approximate compressor.
    pub compressor: Compressor,
    /// How many low columns use it.
    pub columns: u32,
    /// The final adder.
    pub adder: Carries,
}

/// A row of bits by column; absent bits are none, not 0.
type Row = Vec<Option<bool>>;

impl Core for Tree42 {
    /// Only the approximate columns are followed bit by bit; what leaves them is added up.
    fn apply(&self, widths: Widths, a: u64, b: u64) -> u64 {
        let columns = self.columns as usize;
        let bit = |j: u32, column: u32| {
            (j..j + widths.a).contains(&column).then(|| a >> (column - j) & b >> j & 1 == 1)
        };
        let row = |j: u32| (0..self.columns).map(|column| bit(j, column)).collect::<Row>();
        let mut rows: Vec<Row> = (0..widths.b).map(row).collect();
        let dots = (0..widths.a)
            .flat_map(|i| (0..widths.b).map(move |j| (i, j)))
            .filter(|(i, j)| i + j >= self.columns);
        let mut sum: u128 = dots.map(|(i, j)| u128::from(a >> i & b >> j & 1) << (i + j)).sum();
        while rows.len() > 2 {
            rows = rows.chunks(4).flat_map(|group| self.reduce(group, columns, &mut sum)).collect();
        }
        let value = |row: &Row| {
            row.iter().enumerate().map(|(at, bit)| u128::from(*bit == Some(true)) << at).sum::<u128>()
        };
        sum += rows.iter().map(value).sum::<u128>();
        sum as u64 & bits::mask(widths.sum())
    }

    fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        let width = a.len() + b.len();
        let mut rows: Vec<Vec<Option<Net>>> = vec![vec![None; width]; b.len()];
        for (j, &b) in b.iter().enumerate() {
            for (i, &a) in a.iter().enumerate() {
                rows[j][i + j] = Some(build.and(a, b));
            }
        }
        while rows.len() > 2 {
            rows = rows.chunks(4).flat_map(|group| self.reduce_gates(build, group)).collect();
        }
        let zero = build.constant(false);
        let row = |at: usize| rows[at].iter().map(|bit| bit.unwrap_or(zero)).collect::<Bus>();
        let mut product = Scheme::Exact(self.adder).build(build, &row(0), &row(1));
        product.truncate(width);
        product
    }
}

impl Tree42 {
    /// A group's sums and carries; a carry out of the columns goes to `sum`.
    fn reduce(&self, group: &[Row], columns: usize, sum: &mut u128) -> Vec<Row> {
        if group.len() == 1 {
            return group.to_vec();
        }
        let (mut sums, mut carries): (Row, Row) = (vec![None; columns], vec![None; columns + 1]);
        let mut extra = None;
        for column in 0..columns {
            let present: Vec<bool> = group.iter().filter_map(|row| row[column]).collect();
            (sums[column], carries[column + 1], extra) = if present.len() == 4 {
                let ones = present.iter().chain(&extra).enumerate();
                let at = ones.map(|(at, &bit)| u32::from(bit) << at).sum::<u32>();
                let answer = |mask: u32| mask >> at & 1 == 1;
                let Compressor { sum, carry, out } = self.compressor;
                (Some(answer(sum)), Some(answer(carry)), out.map(answer))
            } else {
                exact(present.into_iter().chain(extra).collect())
            };
        }
        *sum += u128::from(extra == Some(true)) << columns;
        if carries.pop().flatten() == Some(true) {
            *sum += 1 << columns;
        }
        vec![sums, carries]
    }

    fn reduce_gates(&self, build: &mut Builder, group: &[Vec<Option<Net>>]) -> Vec<Vec<Option<Net>>> {
        if group.len() == 1 {
            return group.to_vec();
        }
        let width = group[0].len();
        let (mut sums, mut carries) = (vec![None; width], vec![None; width + 1]);
        let mut extra = None;
        for column in 0..width {
            let dots: Bus = group.iter().filter_map(|row| row[column]).collect();
            (sums[column], carries[column + 1], extra) = if column < self.columns as usize {
                self.cell(build, dots, extra)
            } else {
                exact_cell(build, dots.into_iter().chain(extra).collect())
            };
        }
        carries.truncate(width);
        vec![sums, carries]
    }

    fn cell(&self, build: &mut Builder, dots: Bus, extra: Option<Net>) -> Bits<Net> {
        if dots.len() < 4 {
            return exact_cell(build, dots.into_iter().chain(extra).collect());
        }
        let carry = extra.unwrap_or_else(|| build.constant(false));
        let inputs = [dots, vec![carry]].concat();
        let mut answer = |mask: u32| {
            let table: [bool; 32] = std::array::from_fn(|row| mask >> row & 1 == 1);
            from_truth_table(build, &table, &inputs)
        };
        let Compressor { sum, carry, out } = self.compressor;
        (Some(answer(sum)), Some(answer(carry)), out.map(answer))
    }
}

/// Sum, carry and second carry, where there are any.
type Bits<T> = (Option<T>, Option<T>, Option<T>);

/// Of up to four bits, as [`exact_cell`] has them.
fn exact(bits: Vec<bool>) -> Bits<bool> {
    let ones = |bits: &[bool]| bits.iter().filter(|&&bit| bit).count();
    let odd = ones(&bits) % 2 == 1;
    match bits.len() {
        0 => (None, None, None),
        1 => (Some(odd), None, None),
        2 | 3 => (Some(odd), Some(ones(&bits) >= 2), None),
        _ => (Some(odd), Some(ones(&bits[..3]) % 2 == 1 && bits[3]), Some(ones(&bits[..3]) >= 2)),
    }
}

/// Sum, carry and second carry of up to five bits.
fn exact_cell(build: &mut Builder, mut dots: Bus) -> Bits<Net> {
    let second = (dots.len() > 3).then(|| {
        let (sum, carry) = build.full_adder(dots[0], dots[1], dots[2]);
        dots.splice(..3, [sum]);
        carry
    });
    let (sum, carry) = match dots[..] {
        [] => (None, None),
        [a] => (Some(a), None),
        [a, b] => {
            let (sum, carry) = build.half_adder(a, b);
            (Some(sum), Some(carry))
        }
        [a, b, c, ..] => {
            let (sum, carry) = build.full_adder(a, b, c);
            (Some(sum), Some(carry))
        }
    };
    (sum, carry, second)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often a compressor is wrong, as the papers count: over all inputs that it looks at.
    #[test]
    fn compressors_are_wrong_as_often_as_their_papers_say() {
        let wrong = |compressor: Compressor, rows: u32| {
            let answer = |mask: u32, at: u32| mask >> at & 1;
            let value = |at: u32| {
                answer(compressor.sum, at)
                    + 2 * (answer(compressor.carry, at) + compressor.out.map_or(0, |out| answer(out, at)))
            };
            (0..rows).filter(|&at| value(at) != at.count_ones()).count()
        };
        for (name, compressor, rows, count) in [
            ("momeni1", Compressor::momeni1(), 32, 12),
            ("momeni2", Compressor::momeni2(), 16, 4),
            ("saturating", Compressor::saturating(), 16, 1),
            ("yin", Compressor::yin(), 16, 8),
            ("akbari1", Compressor::akbari1(), 16, 10),
            ("venkatachalam", Compressor::venkatachalam(), 16, 5),
        ] {
            assert_eq!(wrong(compressor, rows), count, "{name}");
        }
    }
}
