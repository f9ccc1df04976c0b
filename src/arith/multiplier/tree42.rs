//! Multipliers with 4:2 compressors in the reduction tree, approximate in the low columns.
//!
//! The tree: rows a·b_j in order of j in groups of four; in each column of a group one bit passes, two go through a
//! half adder, three through a full adder, four through a compressor (x1 to x4 in the order of the rows). A group
//! leaves a row of sums and a row of carries, in this order; this is repeated until two rows are left, which are
//! added exactly. Columns from `columns` on have exact compressors, whose second carry goes to the next column of the
//! same group.

use super::Core;
use crate::arith::adder::{FAST, Scheme};
use crate::arith::truth::from_truth_table;
use crate::bits;
use crate::netlist::{Builder, Bus, Net};

/// A 4:2 compressor without carry in, by its two truth tables: bit x1 + 2·x2 + 4·x3 + 8·x4 of a mask is the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compressor {
    /// Sum, of weight 1.
    pub sum: u16,
    /// Carry, of weight 2.
    pub carry: u16,
}

impl Compressor {
    /// The masks of a function of four bits.
    pub fn of(answer: impl Fn([bool; 4]) -> (bool, bool)) -> Self {
        let row = |row: u16| answer(std::array::from_fn(|bit| row >> bit & 1 == 1));
        let mask =
            |pick: &dyn Fn((bool, bool)) -> bool| (0..16).map(|at| u16::from(pick(row(at))) << at).sum();
        Self { sum: mask(&|answer| answer.0), carry: mask(&|answer| answer.1) }
    }

    /// The second design of A. Momeni, J. Han, P. Montuschi, F. Lombardi (IEEE Transactions on Computers 2015).
    pub fn momeni2() -> Self {
        Self::of(|[a, b, c, d]| ((a == b) | (c == d), (a | b) & (c | d)))
    }

    /// The number of ones, at most 3: wrong by −1 for four ones only.
    pub fn saturating() -> Self {
        Self::of(|x| {
            let ones = x.iter().filter(|&&bit| bit).count().min(3);
            (ones & 1 == 1, ones & 2 == 2)
        })
    }
}

/// A multiplier whose columns below `columns` are reduced by approximate compressors.
#[derive(Debug)]
pub struct Tree42 {
    /// The approximate compressor.
    pub compressor: Compressor,
    /// How many low columns use it.
    pub columns: u32,
}

/// A row of bits by column; absent bits are none, not 0.
type Row = Vec<Option<bool>>;

impl Core for Tree42 {
    /// Only the approximate columns are followed bit by bit; what leaves them is added up.
    fn apply(&self, width: u32, a: u64, b: u64) -> u64 {
        let columns = self.columns as usize;
        let bit = |j: u32, column: u32| {
            (j..j + width).contains(&column).then(|| a >> (column - j) & b >> j & 1 == 1)
        };
        let row = |j: u32| (0..self.columns).map(|column| bit(j, column)).collect::<Row>();
        let mut rows: Vec<Row> = (0..width).map(row).collect();
        let dots =
            (0..width).flat_map(|i| (0..width).map(move |j| (i, j))).filter(|(i, j)| i + j >= self.columns);
        let mut sum: u128 = dots.map(|(i, j)| u128::from(a >> i & b >> j & 1) << (i + j)).sum();
        while rows.len() > 2 {
            rows = rows.chunks(4).flat_map(|group| self.reduce(group, columns, &mut sum)).collect();
        }
        let value = |row: &Row| {
            row.iter().enumerate().map(|(at, bit)| u128::from(*bit == Some(true)) << at).sum::<u128>()
        };
        sum += rows.iter().map(value).sum::<u128>();
        sum as u64 & bits::mask(2 * width)
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
        let mut product = Scheme::Exact(FAST).build(build, &row(0), &row(1));
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
        for column in 0..columns {
            let present: Vec<bool> = group.iter().filter_map(|row| row[column]).collect();
            let ones = present.iter().filter(|&&bit| bit).count();
            let at = present.iter().enumerate().map(|(at, &bit)| usize::from(bit) << at).sum::<usize>();
            sums[column] = match present.len() {
                0 => None,
                4 => Some(self.compressor.sum >> at & 1 == 1),
                _ => Some(ones % 2 == 1),
            };
            carries[column + 1] = match present.len() {
                0 | 1 => None,
                4 => Some(self.compressor.carry >> at & 1 == 1),
                _ => Some(ones >= 2),
            };
        }
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
                let (sum, carry) = self.cell(build, &dots);
                (sum, carry, None)
            } else {
                exact_cell(build, dots.into_iter().chain(extra).collect())
            };
        }
        carries.truncate(width);
        vec![sums, carries]
    }

    fn cell(&self, build: &mut Builder, dots: &[Net]) -> (Option<Net>, Option<Net>) {
        let table = |mask: u16| -> [bool; 16] { std::array::from_fn(|row| mask >> row & 1 == 1) };
        if dots.len() < 4 {
            let (sum, carry, _) = exact_cell(build, dots.to_vec());
            return (sum, carry);
        }
        let sum = from_truth_table(build, &table(self.compressor.sum), dots);
        (Some(sum), Some(from_truth_table(build, &table(self.compressor.carry), dots)))
    }
}

/// Sum, carry and second carry of up to five bits.
fn exact_cell(build: &mut Builder, mut dots: Bus) -> (Option<Net>, Option<Net>, Option<Net>) {
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
